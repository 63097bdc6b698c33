"""check_device.py DUMP_DEVICE: tables, public inputs and proofs of random devices; and the system against the page's
list of constraints, row by row, on honest and on changed tables. The system's digest is the page's."""

import hashlib
import os
import random
import subprocess
import sys
import time

import air
import device
from device import COLUMNS, P, PUBLICS, ROWS, Policy, Witness
from stark_sizes import S128_SESSION, TEST
from stark_statements import Statement, Table
from stark_verify import verify
from tap import Tap

DIGEST = "7ce21d4d0613708d17cf6685c758276f67479e2f54662d89e644581b4ca3a750"


def by_chance(rng, n_values):
    def elements(n):
        return [rng.randrange(P) for _ in range(n)]

    sets = [sorted(rng.sample(range(1000), n)) for n in n_values]
    mask, bound = rng.getrandbits(32) & rng.getrandbits(32), rng.randrange(1, 257)
    now = rng.randrange(2**32)
    witness = Witness(
        sk=elements(4), u=elements(4), ak=elements(4), posture=mask | rng.getrandbits(32),
        facts=[rng.choice(values) for values in sets], not_after=now + rng.randrange(2**32), serial=rng.randrange(P),
        slot=rng.randrange(bound), index=rng.randrange(2**20), siblings=[elements(4) for _ in range(device.DEPTH)],
    )
    return Policy(mask, bound, sets), witness, rng.getrandbits(32), now


def line_of(suite, m, rp_id, epoch, now, policy, w):
    said = ["prove", suite.id, m.hex(), rp_id.hex(), epoch, now, policy.mask, policy.bound]
    for values in policy.sets:
        said += [len(values), *values]
    said += [*w.sk, *w.u, *w.ak, w.posture, *w.facts, w.not_after, w.serial, w.slot, w.index]
    return " ".join(map(str, said + [x for sibling in w.siblings for x in sibling]))


def system_holds(system, columns, public, row):
    point = air.Point(
        constant=lambda value: value, cells=[c[row] for c in columns],
        nexts={i: c[(row + 1) % ROWS] for i, c in enumerate(columns)},
        fixed=[values[row % len(values)] for values in system.fixed], public=[c[row] for c in public],
        weights=[], challenges=[], scalars=[],
    )
    nodes = air.node_values(system, point)
    return not any(nodes[e] % P for e in system.constraints)


def check_rows(tap, rng, name, system, columns, public):
    rows = range(ROWS)
    tap.check(f"{name}: every row satisfies the page", all(device.row_holds(columns, public, r) for r in rows))
    tap.check(f"{name}: and the system", all(system_holds(system, columns, public, r) for r in rows))
    for _ in range(150):
        table = rng.choice([columns, columns, columns, public])
        c, row = rng.randrange(len(table)), rng.randrange(ROWS)
        before = table[c][row]
        table[c][row] = rng.choice([(before + 1) % P, (before - 1) % P, rng.randrange(P), 0, 1])
        for r in (row, row - 1):
            ours, theirs = device.row_holds(columns, public, r % ROWS), system_holds(system, columns, public, r % ROWS)
            if ours != theirs:
                tap.check(f"{name}: column {c}, row {row} changed: row {r}", False, f"page {ours}, system {theirs}")
        if table is columns and table[c][row] != before:
            alive = not all(device.row_holds(columns, public, r % ROWS) for r in (row, row - 1))
            if not alive:
                tap.check(f"{name}: column {c}, row {row} is not alive", False)
        table[c][row] = before
    tap.check(f"{name}: page and system agree on changed tables", True)


def main():
    tap = Tap()
    seed = int(os.environ.get("HATS_TEST_SEED") or time.time_ns())
    print(f"# HATS_TEST_SEED={seed}")
    rng = random.Random(seed)
    process = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(line):
        process.stdin.write(line + "\n")
        process.stdin.flush()
        return process.stdout.readline().split()

    said = bytes.fromhex(ask("system")[0])
    tap.same("the digest of the system is the page's", hashlib.sha256(said).hexdigest(), DIGEST)
    system = air.decode(said)
    tap.same("columns and public columns", (system.n_columns, system.n_public), (COLUMNS, PUBLICS))
    for suite, n_values in ((TEST, (1, 200, 4)), (TEST, (7, 3, 1)), (S128_SESSION, (5, 40, 2))):
        name = f"{suite.name}, sets of {n_values}"
        policy, w, epoch, now = by_chance(rng, n_values)
        m, rp_id = rng.randbytes(32), rng.randbytes(32)
        root, nf, public_bytes, trace, proof = map(bytes.fromhex, ask(line_of(suite, m, rp_id, epoch, now, policy, w)))
        my_root, my_nf = device.path_inputs(w)[1], device.nullifier(w, epoch, rp_id)
        tap.same(f"{name}: root", root, device.elements(my_root))
        tap.same(f"{name}: nullifier", nf, device.elements(my_nf))
        my_public = device.public_input(m, my_root, my_nf, rp_id, epoch, now, policy)
        tap.same(f"{name}: public input", public_bytes, my_public)
        columns = device.table(w, epoch, now, rp_id, policy)
        tap.same(f"{name}: table", trace, b"".join(device.elements(column) for column in columns))
        public = device.public_columns(my_root, my_nf, rp_id, epoch, now, policy)
        check_rows(tap, rng, name, system, columns, public)
        statement = Statement(my_public, [Table(system, public)])
        verify(statement, suite, proof)
        tap.check(f"{name}: the proof, {len(proof)} bytes, holds", True)
        other = Statement(my_public[:20] + bytes([my_public[20] ^ 1]) + my_public[21:], [Table(system, public)])
        try:
            verify(other, suite, proof)
            tap.check(f"{name}: and is of another block, too", False)
        except air.Refused as error:
            tap.check(f"{name}: but not for another block: {error}", True)
    tap.finish()


main()
