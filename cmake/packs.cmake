# Embeds every detect/packs/*.yaml in the program: writes ${CMAKE_BINARY_DIR}/generated/packs_embedded.c, a byte
# array a pack and a table of their names (detect/packs_embedded.h). Byte arrays, since a string literal
# may be at most 4095 bytes long in portable C. Run as a script (-P) it writes the file; included, it says how.
if(CMAKE_SCRIPT_MODE_FILE)
  set(arrays "")
  set(table "")
  foreach(pack IN LISTS PACKS)
    get_filename_component(name ${pack} NAME_WE)
    file(READ ${pack} hex HEX)
    string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(APPEND arrays "static const unsigned char pack_${name}[] = {\n${bytes}\n};\n\n")
    string(APPEND table "    {\"${name}\", pack_${name}, sizeof pack_${name}},\n")
  endforeach()
  file(WRITE ${OUTPUT} "/* Generated from detect/packs by cmake/packs.cmake. */\n#include \"detect/packs_embedded.h\"\n\n"
    "${arrays}const struct pack_embedded PACKS_EMBEDDED[] = {\n${table}    {NULL, NULL, 0},\n};\n")
  return()
endif()

file(GLOB SLUICE_PACKS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/detect/packs/*.yaml)
set(SLUICE_PACKS_SOURCE ${CMAKE_BINARY_DIR}/generated/packs_embedded.c)
add_custom_command(
  OUTPUT ${SLUICE_PACKS_SOURCE}
  COMMAND ${CMAKE_COMMAND} "-DPACKS=${SLUICE_PACKS}" -DOUTPUT=${SLUICE_PACKS_SOURCE} -P ${CMAKE_CURRENT_LIST_FILE}
  DEPENDS ${SLUICE_PACKS} ${CMAKE_CURRENT_LIST_FILE}
  COMMENT "embedding the rule packs"
  VERBATIM)
