"""TAP, one line a comparison, for programs that count as they go."""

import sys


class Tap:
    def __init__(self):
        self.count = self.failures = 0

    def check(self, sentence, good, *why):
        self.count += 1
        print(f"{'ok' if good else 'not ok'} {self.count} - {sentence}")
        if not good:
            self.failures += 1
            for line in why:
                print(f"# {line}")

    def same(self, sentence, theirs, ours):
        """theirs: from the program under test; ours: the model's. Bytes are compared as they are, and
        the first difference is said."""
        if isinstance(ours, bytes):
            where = next((i for i, (a, b) in enumerate(zip(theirs, ours)) if a != b), min(len(theirs), len(ours)))
            self.check(
                sentence, theirs == ours, f"{len(theirs)} and {len(ours)} bytes, first difference at {where}",
                f"program: {theirs[where:where + 32].hex()}", f"model:   {ours[where:where + 32].hex()}",
            )
        else:
            self.check(sentence, theirs == ours, f"program: {theirs!r:.200}", f"model:   {ours!r:.200}")

    def skip(self, sentence, why):
        self.count += 1
        print(f"ok {self.count} - {sentence} # SKIP {why}")

    def finish(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failures or self.count == 0 else 0)
