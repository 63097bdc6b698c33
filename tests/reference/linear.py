"""Keys, encryption, evaluation and decryption of the linear tier: docs/FORMATS.md, 1.2 and 1.3.

Nothing here is constant time; it is a model to compare with, not something to use.
"""

import hashlib

from ring import (P, add, be4, cbd21, cbd21_few, flood, from_words, le16, le32, mul, neg, pad16, sha256,
                  ternary, uniform, words)

SETS = {1: 4096}  # id: N


def xof32(*parts):
    return hashlib.shake_256(b"".join(parts)).digest(32)


def a0_of(set_id):
    n = SETS[set_id]
    return uniform(b"HATS-a0" + le32(n) + le16(0), n)


class Shape:
    """d inputs in blocks of B, k outputs."""

    def __init__(self, set_id, d, k, block):
        self.set_id, self.n, self.d, self.k, self.block = set_id, SETS[set_id], d, k, block
        self.n_in = -(-d // block)
        self.outs_per_ct = min(k, self.n // block)
        self.n_out = -(-k // self.outs_per_ct)

    def outs_in(self, q):
        return min(self.outs_per_ct, self.k - q * self.outs_per_ct)


def delta_of(log_t):
    return (P - 1) >> log_t


class Key:
    def __init__(self, set_id, seed):
        n = SETS[set_id]
        self.set_id = set_id
        self.seed = seed
        self.s = ternary(b"HATS-S-1" + seed + le32(set_id), n)
        self.e0 = cbd21(b"HATS-E0-1" + seed + le32(set_id), n)
        self.k_s = xof32(b"HATS-KS-1", bytes(c + 1 for c in self.s))
        self.b0 = add(neg(mul(a0_of(set_id), self.s)), self.e0)

    def secret_file(self):
        body = pad16("HATS-SK-1") + be4(self.set_id) + self.seed
        return body + sha256(body)

    def public_object(self):
        return pad16("HATS-PK-1") + be4(self.set_id) + words(self.b0)

    def kid(self):
        return sha256(pad16("HATS-KID-1"), be4(self.set_id), words(self.b0))


def a_of(ctx, salt, j, n):
    """seed_j and a_j."""
    label = b"HATS-SEED-v1"
    seed = xof32(bytes([len(label)]), label, ctx, salt, le32(j), le32(n), le32(1))
    return seed, uniform(b"HATS-a" + seed + le16(0), n)


def message_digest(shape, log_t, x):
    head = [shape.set_id, log_t, shape.d, shape.block]
    return sha256(pad16("HATS-MSG-1"), *(be4(v) for v in head), *(be4(v) for v in x))


def encrypt(key, shape, log_t, ctx, x, os32):
    """The ciphertext object."""
    assert len(x) == shape.d and len(ctx) == 32 and len(os32) == 32
    h_m = message_digest(shape, log_t, x)
    salt = xof32(b"HATS-SALT", key.k_s, os32, ctx, h_m)
    out = pad16("HATS-CT-1") + be4(shape.set_id) + be4(shape.n_in) + salt
    for j in range(shape.n_in):
        seed, a = a_of(ctx, salt, j, shape.n)
        e = cbd21(b"HATS-E" + key.k_s + os32 + seed + h_m, shape.n)
        block = x[j * shape.block : (j + 1) * shape.block]
        m = [delta_of(log_t) * v for v in block] + [0] * (shape.n - len(block))
        out += words(add(neg(mul(a, key.s)), e, m))
    return out


def parse_ciphertext(shape, data):
    """salt and the list of c0."""
    head = pad16("HATS-CT-1") + be4(shape.set_id) + be4(shape.n_in)
    if data[:24] != head or len(data) != 24 + 32 + shape.n_in * shape.n * 8:
        raise ValueError("not a ciphertext of this shape")
    c0 = from_words(data[56:])
    return data[24:56], [c0[j * shape.n : (j + 1) * shape.n] for j in range(shape.n_in)]


def parse_public(data):
    set_id = int.from_bytes(data[16:20], "big")
    if data[:16] != pad16("HATS-PK-1") or len(data) != 20 + SETS[set_id] * 8:
        raise ValueError("not a public key")
    return from_words(data[20:])


def weight_polynomial(shape, w, q, block):
    """W_{q,block}; w is k rows of d."""
    out = [0] * shape.n
    for place in range(shape.outs_in(q)):
        row = w[q * shape.outs_per_ct + place]
        for i in range(shape.block):
            if block * shape.block + i < shape.d:
                out[place * shape.block + shape.block - 1 - i] = row[block * shape.block + i]
    return out


def flood_bound(shape, w, log_t):
    """F."""
    s = max(
        sum(abs(v) for o in range(shape.outs_in(q)) for v in w[q * shape.outs_per_ct + o])
        for q in range(shape.n_out)
    )
    noise = 40 * s + 61 * shape.n + 21
    return delta_of(log_t) // 2 - noise - 2


def evaluate(public, shape, log_t, w, bias, ctx, ciphertext, flood_seed):
    """The answer object."""
    n = shape.n
    b0 = parse_public(public)
    salt, c0 = parse_ciphertext(shape, ciphertext)
    a = [a_of(ctx, salt, j, n)[1] for j in range(shape.n_in)]
    a0 = a0_of(shape.set_id)
    g = flood_bound(shape, w, log_t) // 12
    out = pad16("HATS-OUT-1") + be4(shape.set_id) + be4(shape.n_out)
    for q in range(shape.n_out):
        outs = shape.outs_in(q)
        tail = flood_seed + le32(q)
        u = ternary(b"HATS-U" + tail, n)
        e2 = cbd21(b"HATS-E2" + tail, n)
        e1 = cbd21_few(b"HATS-E1" + tail, outs)
        drown = flood(b"HATS-FLD" + tail, outs, g)
        weights = [weight_polynomial(shape, w, q, j) for j in range(shape.n_in)]
        c1 = add(*(mul(a[j], weights[j]) for j in range(shape.n_in)), mul(a0, u), e2)
        r0 = add(*(mul(c0[j], weights[j]) for j in range(shape.n_in)), mul(b0, u))
        out += words(c1)
        out += words(
            r0[(i + 1) * shape.block - 1]
            + delta_of(log_t) * bias[q * shape.outs_per_ct + i]
            + e1[i]
            + drown[i]
            for i in range(outs)
        )
    return out


def decrypt(key, shape, log_t, answer):
    """k integers in [-t/2, t/2)."""
    t = 1 << log_t
    head = pad16("HATS-OUT-1") + be4(shape.set_id) + be4(shape.n_out)
    if answer[:24] != head or len(answer) != 24 + 8 * (shape.n_out * shape.n + shape.k):
        raise ValueError("not an answer of this shape")
    y = []
    at = 24
    for q in range(shape.n_out):
        c1 = from_words(answer[at : at + 8 * shape.n])
        at += 8 * shape.n
        kept = from_words(answer[at : at + 8 * shape.outs_in(q)])
        at += 8 * shape.outs_in(q)
        mask = mul(c1, key.s)
        for i, word in enumerate(kept):
            phase = (word + mask[(i + 1) * shape.block - 1]) % P
            rounded = (2 * t * phase + P) // (2 * P)
            y.append((rounded + t // 2) % t - t // 2)
    return y
