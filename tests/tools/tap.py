"""The few lines of TAP that the tests in Python need."""

import sys


def run(tests):
    """Runs each test of {sentence: function}; a test fails by raising AssertionError. Exits."""
    failures = 0
    print(f"1..{len(tests)}")
    for number, (sentence, test) in enumerate(tests.items(), start=1):
        try:
            test()
            print(f"ok {number} - {sentence}")
        except AssertionError as error:
            failures += 1
            print(f"not ok {number} - {sentence}")
            for line in str(error).splitlines():
                print(f"# {line}")
    sys.exit(1 if failures else 0)
