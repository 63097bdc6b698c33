"""check_cbor.py DUMP_CBOR: the library and the model must take and refuse the same documents: every one
of one and two bytes, random values, and random values with a few bytes changed, cut or added."""

import os
import random
import subprocess
import sys
import time

import cbor
from tap import Tap

EDGES = [0, 1, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1]
TEXTS = ["", "a", "caf\u00e9", "\u20ac", "\U0001f600", "\x00", "x" * 23, "x" * 24, "x" * 256]


def some_int(rng):
    if rng.random() < 0.5:
        return rng.choice(EDGES + [-1 - n for n in EDGES if n < 2**63])
    return rng.randrange(-300, 300)


def some_value(rng, depth=0):
    kinds = ["int", "bytes", "text", "simple", "array", "map", "tag"]
    kind = rng.choice(kinds if depth < 5 else kinds[:4])
    if kind == "int":
        return some_int(rng)
    if kind == "bytes":
        return rng.randbytes(rng.choice([0, 1, 2, 23, 24, 32, 255, 256]))
    if kind == "text":
        return rng.choice(TEXTS)
    if kind == "simple":
        return rng.choice([False, True, None])
    if kind == "array":
        return [some_value(rng, depth + 1) for _ in range(rng.randrange(5))]
    if kind == "tag":
        return cbor.Tagged(18, some_value(rng, depth + 1))
    return {some_int(rng): some_value(rng, depth + 1) for _ in range(rng.randrange(5))}


def damaged(rng, document):
    data = bytearray(document)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        at = rng.randrange(len(data) + 1)
        how = rng.randrange(4)
        if how == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif how == 1 and at < len(data):
            data[at] = rng.choice([0x00, 0x18, 0x1F, 0x20, 0x40, 0x60, 0x80, 0xA0, 0xC0, 0xD2, 0xF4, 0xF9, 0xFF])
        elif how == 2:
            del data[at : at + rng.randrange(1, 4)]
        else:
            data[at:at] = rng.randbytes(rng.randrange(1, 4))
    return bytes(data)


def nested(head, depth, inner=b"\x00"):
    return head * depth + inner


def model_takes(document):
    try:
        value = cbor.decode(document)
    except cbor.Refused:
        return False
    assert cbor.encode(value) == document, document.hex()
    return True


def compare(tap, program, sentence, documents):
    lines = "".join(document.hex() + "\n" for document in documents)
    done = subprocess.run([program], input=lines, stdout=subprocess.PIPE, text=True, check=True)
    verdicts = done.stdout.splitlines()
    ours = [model_takes(document) for document in documents]
    differ = [
        f"{document.hex()}: program {verdict}, model {'ok' if taken else 'refuses'}"
        for document, verdict, taken in zip(documents, verdicts, ours)
        if (verdict == "ok") != taken
    ]
    tap.check(
        f"{sentence}: {len(documents)} documents, {sum(ours)} taken",
        len(verdicts) == len(documents) and not differ, f"{len(differ)} differ", *differ[:20],
    )


def main():
    tap = Tap()
    program = sys.argv[1]
    seed = int(os.environ.get("HATS_TEST_SEED") or time.time_ns())
    print(f"# HATS_TEST_SEED={seed}")
    rng = random.Random(seed)
    short = [bytes([a]) for a in range(256)] + [bytes([a, b]) for a in range(256) for b in range(256)]
    compare(tap, program, "all of one and two bytes", [b""] + short)
    depths = [nested(h, n) for h in (b"\x81", b"\xa1\x00", b"\xd2") for n in (15, 16, 17, 18, 200)]
    compare(tap, program, "nesting", depths + [nested(b"\x81", n, b"\x80") for n in (14, 15, 16, 17)])
    utf8 = [bytes([0x60 + n]) + bytes(t) for n in (2, 3, 4) for t in lead_and_tails(n)]
    compare(tap, program, "UTF-8 at its edges", utf8)
    good = [cbor.encode(some_value(rng)) for _ in range(3000)]
    good = [document for document in good if len(document) <= 4000]
    compare(tap, program, "random values", good)
    compare(tap, program, "damaged values", [damaged(rng, d) for d in good for _ in range(10)])
    tap.finish()


def lead_and_tails(n):
    tails = [0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0]
    for lead in (0x7F, 0x80, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF):
        for tail in tails:
            for last in (0x80, 0xBF, 0x41):
                yield ([lead, tail] + [0x80] * (n - 3) + [last])[:n] if n > 2 else [lead, tail]


main()
