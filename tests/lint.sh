#!/usr/bin/env bash
# clang-format and clang-tidy over every C file of ours; prints what is wrong and fails.
#   tests/lint.sh             all
#   tests/lint.sh FILE.c ...  only these
set -euo pipefail
cd "$(dirname "$0")/.."

deploy/install-deps.sh test
# A build folder of clang's own: it does not know all of gcc's flags.
cmake --preset fuzz -B build-lint -DSLUICE_SANITIZE= --log-level=NOTICE

if [[ $# -gt 0 ]]; then
    files=("$@")
else
    mapfile -t files < <(find base detect vault route gateway bench tests -name '*.[ch]' | sort)
fi
failed=0
clang-format --dry-run -Werror "${files[@]}" || failed=1
# Headers are checked through the sources that include them (HeaderFilterRegex).
printf '%s\n' "${files[@]}" | grep '\.c$' |
    xargs -P "$(nproc)" -n 1 clang-tidy -p build-lint --quiet 2> >(grep -v 'warnings* generated' >&2) || failed=1
if [[ $failed = 0 ]]; then echo "lint: ${#files[@]} files are clean"; fi
exit $failed
