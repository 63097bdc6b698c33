"""check_frame.py DUMP_FRAME: keys, roots and frames of random sessions, byte for byte; each side accepts the
other's frames, and both give the same reason for what they refuse. The known answer of the page."""

import os
import random
import subprocess
import sys
import time

import frame
from tap import Tap

SESSIONS = 3


def known_answer(tap):
    k_ots, sid = bytes(range(32)), frame.H(b"kat")
    r = frame.H(frame.pad16("HATS-REQ-1"), b"\xa0")
    signed = frame.sign(k_ots, k_ots[:16], 7, sid, r)
    tap.same("known answer: counter", int.from_bytes(signed[12:16], "big"), 2760)
    tap.same("known answer: leaf", frame.leaf(k_ots, k_ots[:16], 7).hex(), "7b0e3be1218c1d2a6ceec68832039d3c")
    tap.same("known answer: frame", frame.H(signed).hex(),
             "17a5b256fb7bd0461337ac9a271efa551503e1ca91d54fffcf2f528b8e7a9f49")


def mutants(rng, signed, p, sid, r, table):
    """(what, frame, sid, r, table)"""
    yield "as signed", signed, sid, r, table
    for at in sorted(rng.sample(range(16), 8)) + sorted(rng.sample(range(16, 192), 8)):
        other = bytearray(signed)
        other[at] ^= 1 << rng.randrange(8)
        yield f"byte {at}", bytes(other), sid, r, table
    yield "too short", signed[:-1], sid, r, table
    yield "too long", signed + b"\0", sid, r, table
    yield "another session", signed, frame.H(sid), r, table
    yield "another request", signed, sid, frame.H(r), table
    yield "another table", signed, sid, r, table[1:] + table[:1]
    yield "a shorter session", signed, sid, r, table[:1]


def main():
    tap = Tap()
    seed = int(os.environ.get("HATS_TEST_SEED") or time.time_ns())
    print(f"# HATS_TEST_SEED={seed}")
    rng = random.Random(seed)
    known_answer(tap)
    lines, expected = [], []
    for n in range(SESSIONS):
        k_ots, p, sid, r = rng.randbytes(32), rng.randbytes(16), rng.randbytes(32), rng.randbytes(32)
        n_calls = rng.randrange(2, 6)
        i = rng.randrange(1, n_calls)
        table = [frame.leaf(k_ots, p, j) for j in range(n_calls)]
        signed = frame.sign(k_ots, p, i, sid, r)
        lines.append(f"sign {k_ots.hex()} {p.hex()} {sid.hex()} {r.hex()} {i} {n_calls}")
        expected.append((f"session {n}: table, root, frame",
                         f"{b''.join(table).hex()} {frame.root(p, table).hex()} {signed.hex()}"))
        for what, other, s, digest, leaves in mutants(rng, signed, p, sid, r, table):
            lines.append(f"verify {p.hex()} {s.hex()} {digest.hex()} {b''.join(leaves).hex()} {other.hex()}")
            expected.append((f"session {n}: {what}", frame.verify(other, p, s, leaves, digest)))
    done = subprocess.run([sys.argv[1]], input="\n".join(lines) + "\n", stdout=subprocess.PIPE, text=True, check=True)
    answers = done.stdout.splitlines()
    tap.same("every line is answered", len(answers), len(lines))
    for (what, ours), theirs in zip(expected, answers):
        tap.same(f"{what}{'' if ' ' in ours else ' (' + ours + ')'}", theirs, ours)
    tap.finish()


main()
