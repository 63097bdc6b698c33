"""check_stark_verify.py: the verifier of stark_verify.py against the prover of stark_prove.py. Both are read
from one page, so this tests the page's protocol; check_proofs.py is the test against the library."""

import os
import random
import sys
import time

import air
import stark_layout as layout
from air import Point, Refused
from cubic import K, P
from stark_examples import EXAMPLES, fibonacci, long_bits, public_copy
from stark_prove import prove
from stark_sizes import S128, S128_SESSION, S128_SMALL, TEST, UDR128, sizes_of
from stark_statements import Statement, Table, read_statement, write_statement
from stark_verify import Messages, verify
from tap import Tap


def verdict(statement, suite, data):
    try:
        verify(statement, suite, data)
    except Refused as error:
        return f"refused: {error}"
    return "accepted"


def refused(tap, sentence, *arguments):
    said = verdict(*arguments)
    tap.check(f"{sentence}: {said}", said != "accepted")


# What 8.1 says, row by row and without any of the columns that a proof adds


def element(rng):
    return K(*(rng.randrange(P) for _ in range(3)))


def violations(statement, witness, rng):
    result = []
    own = [element(rng) for _ in range(max(s.n_challenges for s in statement.systems))]
    for t, (s, columns) in enumerate(zip(statement.systems, witness)):
        challenges = own[:s.n_challenges]
        public, weights = statement.public(t), statement.weights(t, challenges)
        scalars, rows = statement.scalars(t, challenges), []
        for j in range(s.n):
            rows.append(air.node_values(s, Point(
                constant=K, cells=[column[j] for column in columns],
                nexts={c: column[(j + 1) % s.n] for c, column in enumerate(columns)},
                fixed=[s.fixed_row(c, j) for c in range(len(s.fixed))], public=[column[j] for column in public],
                weights=[column[j] for column in weights], challenges=challenges, scalars=scalars,
            )))
        table = set(zip(s.fixed[s.table.values], s.fixed[s.table.tags])) if s.table else set()
        for j, nodes in enumerate(rows):
            result += [f"constraint {i} in row {j}" for i, e in enumerate(s.constraints) if K(0) + nodes[e]]
            result += [f"lookup {i} in row {j}" for i, (e, tag) in enumerate(s.lookups)
                       if ((K(0) + nodes[e]).c[0], tag) not in table]
        for i, (e, scalar) in enumerate(s.sums):
            if sum((nodes[e] for nodes in rows), K(0)) != scalars[scalar]:
                result.append(f"sum {i}")
    return result


# Tests


def check_examples(tap, rng):
    for name, make in EXAMPLES.items():
        statement, witness = make(rng)
        tap.same(f"{name}: the witness is one", violations(statement, witness, rng), [])
        data = prove(statement, witness, TEST, rng)
        tap.same(f"{name}: a proof of {len(data)} bytes", verdict(statement, TEST, data), "accepted")
        again = read_statement(write_statement(statement))
        tap.same(f"{name}: the statement from JSON", verdict(again, TEST, data), "accepted")
        check_statement(tap, rng, name, statement, data)
        check_words(tap, rng, name, statement, data)
        check_cells(tap, rng, name, statement, witness)


def check_statement(tap, rng, name, statement, data):
    """A proof of one statement is none of another."""
    other = Statement(statement.public_input + b" ", statement.tables)
    refused(tap, f"{name}, another public input", other, TEST, data)
    for t, table in enumerate(statement.tables):
        for part in ("public", "weights", "scalars"):
            for i, value in enumerate(getattr(table, part)):
                other = read_statement(write_statement(statement))
                getattr(other.tables[t], part)[i] = changed(rng, value, table.system.n)
                refused(tap, f"{name}, another of its {part}", other, TEST, data)
    for suite in (S128, UDR128, TEST._replace(grinding=5), TEST._replace(id=254), TEST._replace(queries=7)):
        refused(tap, f"{name}, another suite", statement, suite, data)
    if len(statement.tables) > 1:
        other = Statement(statement.public_input, statement.tables[::-1])
        refused(tap, f"{name}, tables in another order", other, TEST, data)


def changed(rng, value, n):
    """Another column, or another scalar."""
    if isinstance(value, list):
        at = rng.randrange(n)
        return value[:at] + [(K(1) + value[at]) if isinstance(value[at], K) else (value[at] + 1) % P] + value[at + 1:]
    if isinstance(value, dict) and "powers_of" in value:
        return [element(rng) for _ in range(n)]
    return element(rng)


def check_words(tap, rng, name, statement, data):
    """One bit of some of the first 200 bytes, which say the most, and of some others."""
    accepted = []
    for at in rng.sample(range(200), 60) + rng.sample(range(200, len(data)), 60):
        bad = bytearray(data)
        bad[at] ^= 1 << rng.randrange(8)
        if verdict(statement, TEST, bytes(bad)) == "accepted":
            accepted.append(at)
    tap.same(f"{name}: one bit changed is refused", accepted, [])


def check_cells(tap, rng, name, statement, witness):
    """Every column of the witness matters: one cell of it, and the prover goes on as if nothing were wrong."""
    for t, columns in enumerate(witness):
        for c, column in enumerate(columns):
            wrong = [[list(rows) for rows in table] for table in witness]
            wrong[t][c][rng.randrange(len(column))] += 5
            data = prove(statement, wrong, TEST, rng)
            refused(tap, f"{name}, table {t}, a cell of column {c}", statement, TEST, data)


def check_every_byte(tap, rng):
    statement, witness = public_copy(rng)
    data = prove(statement, witness, TEST, rng)
    accepted = []
    for at in range(len(data)):
        bad = bytearray(data)
        bad[at] ^= rng.randrange(1, 256)
        if verdict(statement, TEST, bytes(bad)) == "accepted":
            accepted.append(at)
    tap.same("any byte changed is refused", accepted, [])
    for size in list(range(0, len(data), 97)) + [len(data) - 1]:
        if verdict(statement, TEST, data[:size]) == "accepted":
            accepted.append(size)
    tap.same("any part of a proof is refused", accepted, [])
    refused(tap, "a byte more", statement, TEST, data + b"\0")
    refused(tap, "nothing", statement, TEST, b"")
    refused(tap, "random bytes", statement, TEST, rng.randbytes(len(data)))


def check_canonical(tap, rng):
    """p + a is refused where a is right: in an opened value, the final polynomial and a row."""
    statement, witness = public_copy(rng)
    data = prove(statement, witness, TEST, rng)
    sizes = sizes_of(statement.systems, TEST)
    trees = layout.trees_of(statement.systems, sizes)
    reader = air.Reader(data)
    Messages(reader, statement.systems, sizes, trees)
    header = sum(len(value) for _, value in layout.header(statement.systems, sizes, trees))
    opened, final = header + 32 + 64, header + 32 + 64 + 24 * layout.n_opened(trees)
    row = reader.at + 2 + 4 + 16
    for what, at in (("opened value", opened), ("final polynomial", final), ("row", row)):
        bad = data[:at] + P.to_bytes(8, "big") + data[at + 8:]
        said = verdict(statement, TEST, bad)
        tap.check(f"an element p in the {what}: {said}", f"{P} at byte {at} is not below {P}" in said)


def check_systems(tap, rng):
    for name, make in EXAMPLES.items():
        for system in make(rng)[0].systems:
            data = air.encode(system)
            tap.check(f"{name}: a system survives its bytes", air.decode(data) == system)
            for bad in (data[:-1], data + b"\0", b"X" + data[1:], data[:16] + b"\x02" + data[17:]):
                try:
                    air.decode(bad)
                    tap.check(f"{name}: bad bytes of a system", False)
                except Refused as error:
                    tap.check(f"{name}: {error}", True)


def check_suites(tap, rng):
    for suite in (S128, S128_SMALL, S128_SESSION, UDR128):
        for name, make in (("public copy", public_copy), ("fibonacci", fibonacci)):
            statement, witness = make(rng)
            data = prove(statement, witness, suite, rng)
            sentence = f"{suite.name}, {name}: {len(data)} bytes, {sizes_of(statement.systems, suite).queries} queries"
            tap.same(sentence, verdict(statement, suite, data), "accepted")


def check_folds(tap, rng):
    statement, witness = long_bits(rng, 10)
    tap.same("1,024 rows are folded twice", sizes_of(statement.systems, TEST).folds, 2)
    data = prove(statement, witness, TEST, rng)
    tap.same("two folds", verdict(statement, TEST, data), "accepted")
    check_words(tap, rng, "two folds", statement, data)


def main():
    tap = Tap()
    seed = int(os.environ.get("HATS_TEST_SEED") or time.time_ns())
    print(f"# HATS_TEST_SEED={seed}")
    rng = random.Random(seed)
    check_examples(tap, rng)
    check_every_byte(tap, rng)
    check_canonical(tap, rng)
    check_systems(tap, rng)
    check_folds(tap, rng)
    check_suites(tap, rng)
    tap.finish()


if __name__ == "__main__":
    main()
