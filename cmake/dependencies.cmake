# Foreign libraries, each under one name: dep::NAME. None of their source is in this tree.
find_package(PkgConfig REQUIRED)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

function(dep_pkg name module)
  pkg_check_modules(DEP_${name} REQUIRED IMPORTED_TARGET GLOBAL ${module})
  add_library(dep::${name} ALIAS PkgConfig::DEP_${name})
endfunction()

# mbedTLS 2.28 and LMDB on Debian 12 come without pkg-config files that can be relied on.
function(dep_plain name header)
  add_library(dep_${name} INTERFACE)
  find_path(DEP_${name}_INCLUDE ${header} REQUIRED)
  target_include_directories(dep_${name} SYSTEM INTERFACE ${DEP_${name}_INCLUDE})
  foreach(library IN LISTS ARGN)
    find_library(DEP_${library}_LIBRARY ${library} REQUIRED)
    target_link_libraries(dep_${name} INTERFACE ${DEP_${library}_LIBRARY})
  endforeach()
  add_library(dep::${name} ALIAS dep_${name})
endfunction()

dep_pkg(uv libuv)
dep_pkg(hs libhs)
dep_pkg(jansson jansson)
dep_pkg(yaml yaml-0.1)
dep_plain(lmdb lmdb.h lmdb)
dep_plain(mbedcrypto mbedtls/gcm.h mbedcrypto)
dep_plain(mbedtls mbedtls/ssl.h mbedtls mbedx509 mbedcrypto)

# libllhttp where the distribution has it; else the C sources that Debian's node-llhttp installs.
pkg_check_modules(DEP_llhttp IMPORTED_TARGET GLOBAL libllhttp)
if(DEP_llhttp_FOUND)
  add_library(dep::llhttp ALIAS PkgConfig::DEP_llhttp)
else()
  find_path(LLHTTP_SOURCE llhttp.c PATHS /usr/share/llhttp NO_DEFAULT_PATH REQUIRED)
  find_path(LLHTTP_INCLUDE llhttp.h PATHS /usr/share/include/llhttp NO_DEFAULT_PATH REQUIRED)
  add_library(dep_llhttp STATIC ${LLHTTP_SOURCE}/llhttp.c ${LLHTTP_SOURCE}/api.c ${LLHTTP_SOURCE}/http.c)
  # Strict mode must be on for every file that sees the header.
  target_compile_definitions(dep_llhttp PUBLIC LLHTTP_STRICT_MODE=1)
  target_include_directories(dep_llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE})
  add_library(dep::llhttp ALIAS dep_llhttp)
endif()
