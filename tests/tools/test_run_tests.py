"""tools/run-tests: how it counts what programs print, and what it makes of those that break off."""

import importlib.machinery
import importlib.util
import pathlib
import sys

import tap

loader = importlib.machinery.SourceFileLoader("run_tests", str(pathlib.Path(sys.argv[1], "run-tests")))
sys.dont_write_bytecode = True
run_tests = importlib.util.module_from_spec(importlib.util.spec_from_loader("run_tests", loader))
loader.exec_module(run_tests)


def counts(result, stdout, passed, failed, skipped):
    def test():
        found = run_tests.count({"result": result, "stdout": stdout})
        assert found == (passed, failed, skipped), f"counted {found}"

    return test


tap.run({
    "each case of a TAP program counts": counts("OK", "1..3\nok 1 - a\nok 2 - b\nok 3 - c\n", 3, 0, 0),
    "a failed case counts as failed, the others as passed": counts(
        "FAIL", "1..2\nok 1 - a\nnot ok 2 - b\n# why\n", 1, 1, 0),
    "a skipped case counts as skipped": counts("OK", "ok 1 - a\nok 2 # SKIP no network\n", 1, 0, 1),
    "a program without TAP counts once": counts("OK", "all good\n", 1, 0, 0),
    "words that begin with ok are no cases": counts("OK", "okay\nokra 1\n", 1, 0, 0),
    "a program without TAP that fails counts once": counts("FAIL", "", 0, 1, 0),
    "a program that crashes counts as one failure beside what it reached": counts(
        "ERROR", "1..3\nok 1 - a\n", 1, 1, 0),
    "a program out of time counts as one failure": counts("TIMEOUT", "ok 1 - a\nok 2 - b\n", 2, 1, 0),
    "a program that is skipped whole counts as one skip": counts("SKIP", "", 0, 0, 1),
    "a plan of no cases with a reason is a skip": counts("SKIP", "1..0 # SKIP no npm\n", 0, 0, 1),
    "a program that should fail and does counts as passed": counts("EXPECTEDFAIL", "", 1, 0, 0),
    "a test that should have failed and passed is a failure": counts("UNEXPECTEDPASS", "", 0, 1, 0),
})
