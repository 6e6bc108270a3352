#!/usr/bin/env bash
# Builds every fuzz target (clang, libFuzzer, ASan, UBSan) and runs each for FUZZ_SECONDS (20).
# Seeds: tests/fuzz/corpus/X/ where there is one. A finding stays in build-fuzz/found/ for replay:
#   build-fuzz/fuzz_X build-fuzz/found/FILE
set -euo pipefail
cd "$(dirname "$0")/.."

deploy/install-deps.sh test
cmake --preset fuzz --log-level=NOTICE
shopt -s nullglob
targets=()
for source in tests/fuzz/fuzz_*.c; do targets+=("$(basename "$source" .c)"); done
if [[ ${#targets[@]} = 0 ]]; then
    echo "fuzz: no targets in tests/fuzz" >&2
    exit 1
fi
cmake --build build-fuzz --target "${targets[@]}"

mkdir -p build-fuzz/found
failed=0
for target in "${targets[@]}"; do
    name=${target#fuzz_}
    corpus=(build-fuzz/corpus/"$name") # what it finds goes into the first folder
    mkdir -p "${corpus[0]}"
    if [[ -d tests/fuzz/corpus/$name ]]; then corpus+=("tests/fuzz/corpus/$name"); fi
    echo "== $target"
    build-fuzz/"$target" -max_total_time="${FUZZ_SECONDS:-20}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -verbosity=0 -artifact_prefix=build-fuzz/found/"$target"- "${corpus[@]}" || failed=$((failed + 1))
done
echo "fuzz: ${#targets[@]} targets, $failed with findings"
[[ $failed = 0 ]]
