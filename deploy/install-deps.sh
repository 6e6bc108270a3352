#!/bin/sh
# Installs what sluice is built and tested with, with apt: deploy/install-deps.sh [build|test]
#
#   build   compiler, CMake and the libraries (default)
#   test    the same, and what `make test` and `make lint` need
#
# Does nothing, and asks for no rights, when all of it is there. Debian 12 is what it is tested on; later
# Debian and Ubuntu releases name some packages otherwise: `a|b` takes the first that the system knows.
set -eu

build_packages='build-essential cmake ninja-build pkg-config ca-certificates
    libuv1-dev libllhttp-dev|node-llhttp libmbedtls-dev liblmdb-dev
    libhyperscan-dev|libvectorscan-dev libjansson-dev libyaml-dev
    zlib1g-dev libbrotli-dev libzstd-dev'
test_packages='libcmocka-dev python3 python3-venv openssl
    clang clang-tidy clang-format libclang-rt-dev|libclang-rt-14-dev'

fail() {
    echo "install-deps: $1" >&2
    exit 1
}

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# The packages of $wanted of which no alternative is installed.
missing() {
    for package in $wanted; do
        found=no
        for name in $(echo "$package" | tr '|' ' '); do
            if installed "$name"; then found=yes; fi
        done
        if [ "$found" = no ]; then echo "$package"; fi
    done
}

# The first alternative that apt can install.
choose() {
    for name in $(echo "$1" | tr '|' ' '); do
        if apt-cache show --no-all-versions "$name" >/dev/null 2>&1; then
            echo "$name"
            return
        fi
    done
    fail "no package $1 in this system's sources; enable its main (Ubuntu: universe) component"
}

case "${1:-build}" in
build) wanted=$build_packages ;;
test) wanted="$build_packages $test_packages" ;;
*) fail "usage: deploy/install-deps.sh [build|test]" ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    fail "no apt here; install by other means what stands at the head of $0, then build with cmake"
fi
lacking=$(missing)
if [ -z "$lacking" ]; then exit 0; fi

if [ "$(id -u)" = 0 ]; then
    as_root=''
elif command -v sudo >/dev/null; then
    as_root=sudo
else
    fail "missing: $(echo $lacking); run as root, or install sudo"
fi

apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 "$@"
}
apt update || fail "apt-get update failed; is there a network, and are the package sources right?"
names=''
for package in $lacking; do
    name=$(choose "$package")
    names="$names $name"
done
echo "install-deps: installing$names"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086  # a list of words
if ! apt install -y --no-install-recommends $names </dev/null >"$log" 2>&1; then
    tail -n 8 "$log" >&2
    fail "apt-get could not install:$names"
fi
