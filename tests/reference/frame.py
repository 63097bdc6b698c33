"""Frames and their keys: docs/FORMATS.md, section 10.1."""

import hashlib
import hmac

CHAINS, LAST, SUM = 11, 4095, 30500


def H(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def pad16(text):
    return text.encode().ljust(16, b"\0")


def address(p, i, kind, k=0, s=0):
    return p + bytes([kind, k]) + s.to_bytes(2, "big") + i.to_bytes(4, "big") + b"HATSfrm1"


def seed(k_ots, p, i, k):
    message = pad16("HATS-OTS-SEED-1") + p + i.to_bytes(4, "big") + bytes([k])
    return hmac.new(k_ots, message, "sha256").digest()[:16]


def walk(p, i, k, value, start, stop):
    for s in range(start, stop):
        value = H(address(p, i, 1, k, s), value)[:16]
    return value


def leaf_of(p, i, ends):
    return H(address(p, i, 2), *ends)[:16]


def leaf(k_ots, p, i):
    return leaf_of(p, i, [walk(p, i, k, seed(k_ots, p, i, k), 0, LAST) for k in range(CHAINS)])


def tree(digests):
    if len(digests) == 1:
        return digests[0]
    k = 1
    while 2 * k < len(digests):
        k *= 2
    return H(b"\1", tree(digests[:k]), tree(digests[k:]))


def root(p, table):
    return tree([H(b"\0HATSots1", p, i.to_bytes(4, "big"), leaf) for i, leaf in enumerate(table)])


def digits(p, i, r, c):
    bits = int.from_bytes(H(address(p, i, 3), r, c.to_bytes(4, "big")), "big")
    return [bits >> (256 - 12 * (k + 1)) & 0xFFF for k in range(CHAINS)]


def sign(k_ots, p, i, sid, r):
    c = 0
    while sum(digits(p, i, r, c)) != SUM:
        c += 1
    values = [walk(p, i, k, seed(k_ots, p, i, k), 0, d) for k, d in enumerate(digits(p, i, r, c))]
    return b"\x51" + i.to_bytes(3, "big") + sid[:8] + c.to_bytes(4, "big") + b"".join(values)


def verify(frame, p, sid, table, r):
    """"accepted", or the name of what is wrong."""
    if len(frame) != 192:
        return "length"
    if frame[0] != 0x51:
        return "header"
    i, c = int.from_bytes(frame[1:4], "big"), int.from_bytes(frame[12:16], "big")
    if i >= len(table):
        return "index"
    if frame[4:12] != sid[:8]:
        return "session"
    d = digits(p, i, r, c)
    if sum(d) != SUM:
        return "sum"
    values = [frame[16 + 16 * k:32 + 16 * k] for k in range(CHAINS)]
    ends = [walk(p, i, k, values[k], d[k], LAST) for k in range(CHAINS)]
    return "accepted" if leaf_of(p, i, ends) == table[i] else "leaf"
