"""check_proofs.py DUMP_PROOFS: the library's prover and verifier against stark_verify.py and stark_prove.py.

Each side must accept what the other proves and refuse the same changed proofs for the same reason."""

import os
import random
import subprocess
import sys
import time

import air
import stark_layout as layout
from air import Refused
from check_forgeries import FORGERIES
from cubic import P
from stark_examples import (
    EXAMPLES, by_chance, everything, fibonacci, long_bits, public_copy, several, wide,
)
from stark_prove import prove
from stark_sizes import S128, S128_SESSION, S128_SMALL, TEST, UDR128, sizes_of
from stark_verify import verify
from tap import Tap


class Library:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def say(self, command, *arguments):
        self.process.stdin.write(" ".join([command, *(str(a) or "-" for a in arguments)]) + "\n")

    def ask(self, command, *arguments):
        self.say(command, *arguments)
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def describe(self, statement, witness):
        """True if the library's system has the same digest."""
        self.say("begin", statement.public_input.hex())
        answers = []
        for table, columns in zip(statement.tables, witness):
            answers.append(self.ask("table", air.encode(table.system).hex()))
            for column in table.public:
                self.say("public", layout.row_bytes(column).hex())
            for weight in table.weights:
                if isinstance(weight, dict):
                    self.say("powers", weight["powers_of"])
                else:
                    self.say("weight", layout.row_bytes(weight).hex())
            for scalar in table.scalars:
                if isinstance(scalar, dict):
                    self.say("product", scalar["public"], scalar["weight"])
                else:
                    self.say("scalar", scalar.to_bytes().hex())
            self.say("trace", layout.row_bytes([x for column in columns for x in column]).hex())
        return answers

    def setup(self, suite):
        return self.ask("setup", suite.id)

    def prove(self, coins):
        answer = self.ask("prove", coins.hex())
        return bytes.fromhex(answer.removeprefix("proof ")) if answer.startswith("proof ") else answer

    def verify(self, data):
        return self.ask("verify", data.hex())


# The library's names for what the model refuses
REASONS = [
    ("header: tag", "header"),
    ("header: suite", "suite"),
    ("header: number of tables", "tables"),
    ("header: rows of a table", "tables"),
    ("header: digest", "tables"),
    ("header", "shape"),
    ("ends at byte", "length"),
    ("bytes are left over", "length"),
    ("is not below", "canonical"),
    ("zeta is in F_p", "zeta"),
    ("alpha is a pole", "pole"),
    ("the constraints do not hold", "constraints"),
    ("the work is not done", "work"),
    ("number of leaves", "openings"),
    ("length of a path", "openings"),
    ("a path leads to another root", "tree"),
    ("is not what it was made from", "fold"),
    ("the final polynomial is another", "fold"),
]


def model(statement, suite, data):
    """The model's verdict in the library's words."""
    try:
        verify(statement, suite, data)
    except Refused as error:
        said = str(error)
        return "refused " + next((name for part, name in REASONS if part in said), said)
    return "accepted"


def check_statement(tap, rng, library, suite, name, statement, witness, both_ways=True, n_changed=40):
    digests = library.describe(statement, witness)
    tap.same(f"{name}: digests of the systems", digests, ["ok"] * len(statement.tables))
    z = sizes_of(statement.systems, suite)
    ours = f"ok {z.log_domain} {z.queries} {z.d_max} {z.folds} {z.chunks} {z.chunk}"
    tap.same(f"{name}: domain, queries, d_max, folds, chunks, M are {ours}", library.setup(suite), ours)
    theirs = library.prove(rng.randbytes(32))
    if isinstance(theirs, str):
        tap.check(f"{name}: the library proves", False, theirs)
        return
    started = time.process_time()
    said = model(statement, suite, theirs)
    taken = time.process_time() - started
    tap.same(f"{name}: the library's proof, {len(theirs)} bytes, for the model", said, "accepted")
    print(f"# verified in {taken:.1f} s")
    tap.same(f"{name}: and for the library", library.verify(theirs), "accepted")
    if both_ways:
        mine = prove(statement, witness, suite, rng)
        tap.same(f"{name}: the model's proof, {len(mine)} bytes, for the library", library.verify(mine), "accepted")
        check_changed(tap, rng, library, suite, name, statement, mine, n_changed // 2)
    check_changed(tap, rng, library, suite, name, statement, theirs, n_changed)


def check_changed(tap, rng, library, suite, name, statement, data, n_changed):
    for _ in range(n_changed):
        how, bad = changed(rng, data)
        theirs, ours = library.verify(bad), model(statement, suite, bad)
        # The library reads all lengths before it looks at what they are of.
        good = theirs == ours or theirs == "refused length" and ours.startswith("refused")
        tap.check(f"{name}: {how}: {ours}", good and ours != "accepted", theirs)


def check_forgeries(tap, rng, library):
    """What passes when one absorption is left out, and must not pass."""
    for name, forge in FORGERIES.values():
        statement, suite, data = forge(rng)
        if suite.id != TEST.id:
            continue  # a suite that only the model has
        library.describe(statement, [[[0] * s.n] * s.n_columns for s in statement.systems])
        library.setup(suite)
        said = library.verify(data)
        tap.check(f"a forgery for want of the {name}: {said}", said.startswith("refused"))


def changed(rng, data):
    """(what was done, a changed proof)"""
    how = rng.randrange(8)
    at = rng.randrange(len(data)) if how < 6 else rng.randrange(200)
    if how == 0:
        return f"cut to {at} bytes", data[:at]
    if how == 1:
        return "a byte more", data + rng.randbytes(1)
    if how == 2:
        at &= ~7
        return f"p written at byte {at}", data[:at] + P.to_bytes(8, "big") + data[at + 8:]
    bad = bytearray(data)
    bad[at] ^= 1 << rng.randrange(8)
    return f"a bit of byte {at}", bytes(bad)


def main():
    tap = Tap()
    seed = int(os.environ.get("HATS_TEST_SEED") or time.time_ns())
    print(f"# HATS_TEST_SEED={seed}")
    rng = random.Random(seed)
    library = Library(sys.argv[1])
    for name, make in EXAMPLES.items():
        check_statement(tap, rng, library, TEST, f"TEST, {name}", *make(rng))
    for i in range(20):
        check_statement(tap, rng, library, TEST, f"TEST, by chance {i}", *by_chance(rng), n_changed=4)
    check_forgeries(tap, rng, library)
    check_statement(tap, rng, library, TEST, "TEST, two folds", *long_bits(rng, 10))
    for suite in (S128, S128_SMALL, S128_SESSION, UDR128):
        check_statement(tap, rng, library, suite, f"{suite.name}, next rows", *fibonacci(rng, 6), n_changed=10)
        check_statement(tap, rng, library, suite, f"{suite.name}, the smallest", *public_copy(rng), n_changed=10)
    check_statement(tap, rng, library, S128, "S128, everything", *everything(rng), n_changed=30)
    check_statement(tap, rng, library, S128, "S128, several", *several(rng), n_changed=30)
    check_statement(tap, rng, library, S128, "S128, 27 columns", *wide(rng, 12), both_ways=False, n_changed=10)
    tap.finish()


if __name__ == "__main__":
    main()
