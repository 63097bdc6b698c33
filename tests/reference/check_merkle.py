"""check_merkle.py DUMP_MERKLE: roots and paths of random trees and openings, byte for byte; and the
model, which shares no code with the library, finds the library's root from the library's path."""

import os
import random
import subprocess
import sys
import time

import merkle
from tap import Tap


def main():
    tap = Tap()
    seed = int(os.environ.get("HATS_TEST_SEED") or time.time_ns())
    print(f"# HATS_TEST_SEED={seed}")
    rng = random.Random(seed)
    cases = []
    for k in list(range(9)) * 8:
        n, row_len, salted = 2**k, rng.randrange(1, 300), rng.randrange(2)
        rows = [rng.randbytes(row_len) for _ in range(n)]
        salts = [rng.randbytes(16 if salted else 0) for _ in range(n)]
        indices = sorted(rng.sample(range(n), rng.randint(1, min(n, 40))))
        cases.append((k, rows, salts, indices))
    lines = "".join(
        f"{k} {len(rows[0])} {len(salts[0])} {len(indices)} {' '.join(map(str, indices))} "
        f"{''.join(row.hex() for row in rows)} {''.join(salt.hex() for salt in salts) or '-'}\n"
        for k, rows, salts, indices in cases
    )
    done = subprocess.run([sys.argv[1]], input=lines, stdout=subprocess.PIPE, text=True, check=True)
    answers = done.stdout.splitlines()
    tap.same("every case is answered", len(answers), len(cases))
    for (k, rows, salts, indices), answer in zip(cases, answers):
        root, path = (bytes.fromhex(text.strip("-")) for text in answer.split())
        leaves = [merkle.leaf(row, salt) for row, salt in zip(rows, salts)]
        digests = merkle.tree(leaves)
        what = f"2^{k} rows of {len(rows[0])} bytes{', salted' if salts[0] else ''}, {len(indices)} opened"
        tap.same(f"{what}: root", root, digests[1])
        tap.same(f"{what}: path", path, b"".join(digests[i] for i in merkle.missing(k, indices)))
        tap.same(f"{what}: way up", root, merkle.root_of(k, {j: leaves[j] for j in indices}, path))
    tap.finish()


main()
