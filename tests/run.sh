#!/usr/bin/env bash
# Builds with sanitizers and runs tests: tests/run.sh STAGE...
#
#   unit   every unit test and the structure check, under ASan and UBSan
#   tsan   the unit tests of what has threads, under TSan
#   flow   the real programs, driven from outside by pytest and the official client packages
#
# Every stage runs even when an earlier one failed. The last line is the total, `N passed, N failed`;
# the exit status is 0 only when tests ran and none failed.
set -euo pipefail
cd "$(dirname "$0")/.."

results=$PWD/build-asan/results
python=/usr/bin/python3
if [[ ! -x $python ]]; then python=$(command -v python3); fi
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:${ASAN_OPTIONS:-}
export UBSAN_OPTIONS=print_stacktrace=1:${UBSAN_OPTIONS:-}
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:${TSAN_OPTIONS:-}
export PYTHONDONTWRITEBYTECODE=1

launcher=()

# run_ctest PRESET STAGE ARGUMENT...; the results go where the total is counted.
run_ctest() {
    local preset=$1 stage=$2
    shift 2
    "${launcher[@]}" ctest --test-dir "build-$preset" --output-on-failure --no-tests=error --timeout 120 \
        -j "$(nproc)" --test-output-size-passed 200000 --test-output-size-failed 1000000 \
        --output-junit "$results/$stage.xml" "$@"
}

stage_unit() {
    cmake --preset asan --log-level=NOTICE
    cmake --build build-asan
    run_ctest asan unit
}

# The ground, and what has threads; the rest is not worth a third build of everything.
stage_tsan() {
    local source part targets=() names=()
    for source in tests/unit/{base,vault,gateway/net}/test_*.c; do
        [[ -e $source ]] || continue
        part=${source#tests/}
        part=${part%.c}
        names+=("$part")
        targets+=("${part//\//_}")
    done
    cmake --preset tsan --log-level=NOTICE
    cmake --build build-tsan --target "${targets[@]}"
    # GCC 12's runtime does not know the address layouts of kernels with much randomisation.
    if setarch -R true 2>/dev/null; then launcher=(setarch -R); fi
    run_ctest tsan tsan --tests-regex "^($(IFS='|'; echo "${names[*]}"))\$"
}

stage_flow() {
    local venv=build-asan/venv wanted=tests/flow/requirements.txt
    cmake --preset asan --log-level=NOTICE
    cmake --build build-asan
    if ! cmp -s "$wanted" "$venv/installed.txt"; then
        "$python" -m venv --clear "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check --retries 3 -r "$wanted"
        cp "$wanted" "$venv/installed.txt"
    fi
    SLUICE_BUILD=$PWD/build-asan timeout --kill-after=20 600 \
        "$venv/bin/python" -m pytest -p no:cacheprovider -q --junitxml="$results/flow.xml" tests/flow
}

deploy/install-deps.sh test
mkdir -p "$results"
rm -f "$results"/*.xml
broken=()
for stage in "$@"; do
    echo "== $stage"
    # In a shell of its own, so that set -e also ends a stage that stands in a condition.
    set +e
    (set -e; "stage_$stage")
    status=$?
    set -e
    if [[ $status != 0 ]]; then broken+=("$stage"); fi
done
"$python" tests/total.py "$results" "$@" -- "${broken[@]}"
