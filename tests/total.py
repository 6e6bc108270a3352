"""Counts test results: total.py RESULTS STAGE... -- BROKEN_STAGE...

Reads RESULTS/STAGE.xml (JUnit, from ctest and pytest) and prints, as the last line, `N passed, N failed`.
A cmocka program counts by its cases. A stage that ended badly without a failed test to show for it (it did
not build, it timed out) counts as one failure, and so does a stage without any test.
"""
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

CASE_PASSED = re.compile(r"^\[       OK \] ", re.MULTILINE)
CASE_FAILED = re.compile(r"^\[  FAILED  \] (?!\d+ test)", re.MULTILINE)


def count_case(case):
    """(passed, failed) of one <testcase>; several for a cmocka program."""
    if case.find("skipped") is not None:
        return 0, 0
    bad = case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail"
    output = case.findtext("system-out") or ""
    passed = len(CASE_PASSED.findall(output))
    if not bad:
        return max(passed, 1), 0
    names = {line.split()[-1] for line in output.splitlines() if CASE_FAILED.match(line)}
    return passed, max(len(names), 1)


def count_stage(path):
    if not path.exists():
        return 0, 0
    counts = [count_case(case) for case in ElementTree.parse(path).getroot().iter("testcase")]
    return sum(passed for passed, _ in counts), sum(failed for _, failed in counts)


def main():
    split = sys.argv.index("--")
    results, stages, broken = Path(sys.argv[1]), sys.argv[2:split], sys.argv[split + 1:]
    all_passed = all_failed = 0
    for stage in stages:
        passed, failed = count_stage(results / f"{stage}.xml")
        if failed == 0 and (passed == 0 or stage in broken):
            failed = 1
        print(f"{stage}: {passed} passed, {failed} failed")
        all_passed, all_failed = all_passed + passed, all_failed + failed
    total = f"{all_passed} passed, {all_failed} failed"
    (results / "total.txt").write_text(total + "\n")
    print(total)
    return 0 if all_failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
