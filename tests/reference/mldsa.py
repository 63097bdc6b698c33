"""ML-DSA verification [FIPS 204], as the standard writes it: slow, readable, standard library only.

Polynomials are lists of 256 integers modulo q, vectors are lists of polynomials. Numbers in brackets are
the algorithms of the standard.
"""

import hashlib
from typing import NamedTuple

Q = 8380417
N = 256
D = 13
ZETA = 1753  # a primitive 512th root of unity


class Level(NamedTuple):
    """Table 1 of the standard."""

    k: int
    l: int
    tau: int
    strength: int  # lambda
    gamma1: int
    gamma2: int
    beta: int  # tau * eta
    omega: int

    @property
    def public_bytes(self):
        return 32 + 320 * self.k

    @property
    def z_bits(self):
        return self.gamma1.bit_length()  # 1 + bitlen(gamma1 - 1), gamma1 a power of two

    @property
    def signature_bytes(self):
        return self.strength // 4 + self.l * 32 * self.z_bits + self.omega + self.k


LEVELS = {
    44: Level(4, 4, 39, 128, 1 << 17, (Q - 1) // 88, 39 * 2, 80),
    65: Level(6, 5, 49, 192, 1 << 19, (Q - 1) // 32, 49 * 4, 55),
    87: Level(8, 7, 60, 256, 1 << 19, (Q - 1) // 32, 60 * 2, 75),
}


def shake256(data, length):
    return hashlib.shake_256(data).digest(length)


# --- the ring ---


def _bit_reversed(i):
    return int(f"{i:08b}"[::-1], 2)


ZETAS = [pow(ZETA, _bit_reversed(i), Q) for i in range(N)]


def ntt(w):  # [41]
    w, m, length = list(w), 0, 128
    while length >= 1:
        for start in range(0, N, 2 * length):
            m += 1
            for j in range(start, start + length):
                t = ZETAS[m] * w[j + length] % Q
                w[j + length] = (w[j] - t) % Q
                w[j] = (w[j] + t) % Q
        length //= 2
    return w


def inverse_ntt(w):  # [42]
    w, m, length = list(w), 256, 1
    while length < N:
        for start in range(0, N, 2 * length):
            m -= 1
            for j in range(start, start + length):
                t = w[j]
                w[j] = (t + w[j + length]) % Q
                w[j + length] = -ZETAS[m] * (t - w[j + length]) % Q
        length *= 2
    f = pow(N, -1, Q)
    return [x * f % Q for x in w]


def pointwise(a, b):
    return [x * y % Q for x, y in zip(a, b)]


def centred(r, modulus):
    """r mod+- modulus: the representative in (-modulus/2, modulus/2]."""
    r %= modulus
    return r - modulus if r > modulus // 2 else r


# --- sampling ---


def reject_ntt(seed):  # [30]
    stream = hashlib.shake_128(seed).digest(168 * 8)
    out = []
    for i in range(0, len(stream), 3):
        z = int.from_bytes(stream[i : i + 3], "little") & 0x7FFFFF  # [14]
        if z < Q:
            out.append(z)
        if len(out) == N:
            return out
    raise AssertionError("more stream than that is needed once in 2^100 times")


def expand_a(rho, level):  # [32]
    return [[reject_ntt(rho + bytes([s, r])) for s in range(level.l)] for r in range(level.k)]


def sample_in_ball(seed, level):  # [29]
    stream = iter(shake256(seed, 8 + 136 * 8))
    signs = int.from_bytes(bytes(next(stream) for _ in range(8)), "little")
    c = [0] * N
    for i in range(N - level.tau, N):
        j = next(stream)
        while j > i:
            j = next(stream)
        c[i] = c[j]
        c[j] = -1 if signs >> (i + level.tau - N) & 1 else 1
    return c


# --- encodings ---


def bits_to_integers(data, width):  # [16], [18]: little-endian, `width` bits each
    whole = int.from_bytes(data, "little")
    mask = (1 << width) - 1
    return [whole >> (width * i) & mask for i in range(8 * len(data) // width)]


def integers_to_bits(values, width):  # [16]
    whole = sum(v << (width * i) for i, v in enumerate(values))
    return whole.to_bytes(len(values) * width // 8, "little")


def decode_public(public, level):  # [23]
    body = public[32:]
    return public[:32], [bits_to_integers(body[320 * i : 320 * (i + 1)], 10) for i in range(level.k)]


def decode_hint(y, level):  # [21]: None when it is not the one encoding
    h, index = [[0] * N for _ in range(level.k)], 0
    for i in range(level.k):
        end = y[level.omega + i]
        if end < index or end > level.omega:
            return None
        first = index
        while index < end:
            if index > first and y[index - 1] >= y[index]:
                return None
            h[i][y[index]] = 1
            index += 1
    return h if not any(y[index : level.omega]) else None


def decode_signature(signature, level):  # [27]
    c_len, z_len = level.strength // 4, 32 * level.z_bits
    body = signature[c_len:]
    z = []
    for i in range(level.l):
        packed = bits_to_integers(body[z_len * i : z_len * (i + 1)], level.z_bits)
        z.append([level.gamma1 - v for v in packed])
    return signature[:c_len], z, decode_hint(body[z_len * level.l :], level)


# --- rounding ---


def decompose(r, level):  # [36]
    r %= Q
    r0 = centred(r, 2 * level.gamma2)
    if r - r0 == Q - 1:
        return 0, r0 - 1
    return (r - r0) // (2 * level.gamma2), r0


def use_hint(hint, r, level):  # [40]
    m = (Q - 1) // (2 * level.gamma2)
    r1, r0 = decompose(r, level)
    if hint == 0:
        return r1
    return (r1 + 1) % m if r0 > 0 else (r1 - 1) % m


def encode_w1(w1, level):  # [28]
    width = ((Q - 1) // (2 * level.gamma2) - 1).bit_length()
    return b"".join(integers_to_bits(p, width) for p in w1)


# --- verification ---


def verify(level_number, public, message, signature, context=b""):  # [3], [8]
    level = LEVELS[level_number]
    if len(public) != level.public_bytes or len(signature) != level.signature_bytes:
        return False
    rho, t1 = decode_public(public, level)
    c_seed, z, h = decode_signature(signature, level)
    if h is None or any(abs(x) >= level.gamma1 - level.beta for p in z for x in p):
        return False
    framed = bytes([0, len(context)]) + context + message
    mu = shake256(shake256(public, 64) + framed, 64)
    c = ntt(sample_in_ball(c_seed, level))
    z_hat = [ntt(p) for p in z]
    w1 = []
    for row, t, hints in zip(expand_a(rho, level), t1, h):
        total = [0] * N
        for a, p in zip(row, z_hat):
            total = [x + y for x, y in zip(total, pointwise(a, p))]
        shifted = pointwise(c, ntt([x << D for x in t]))
        approx = inverse_ntt([x - y for x, y in zip(total, shifted)])
        w1.append([use_hint(hint, r, level) for hint, r in zip(hints, approx)])
    return c_seed == shake256(mu + encode_w1(w1, level), level.strength // 4)
