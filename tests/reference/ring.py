"""The ring R_p = F_p[X]/(X^N + 1) and the samplers of docs/FORMATS.md, section 1.

Written from that page, to be read rather than to be fast. A ring element is a list of N integers in
[0, p), coefficient of X^0 first.
"""

import hashlib

P = 2**64 - 2**32 + 1
BLOCKS = 8


def le16(n):
    return n.to_bytes(2, "little")


def le32(n):
    return n.to_bytes(4, "little")


def be4(n):
    """Two's complement where n is negative."""
    return (n % 2**32).to_bytes(4, "big")


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def pad16(tag):
    assert len(tag) <= 16
    return tag.encode("ascii").ljust(16, b"\0")


# ---- multiplication ----


def mul(f, g):
    """f g mod (X^N + 1, p), by Kronecker substitution: both polynomials are evaluated at 2^bits, and one
    product of two integers holds every coefficient of the product of the polynomials, since those are
    below N p^2 < 2^bits."""
    n = len(f)
    size = (2 * 64 + n.bit_length() + 7) // 8  # bytes a coefficient of the product
    product = (_at_power_of_two(f, size) * _at_power_of_two(g, size)).to_bytes(2 * n * size, "little")
    wide = [int.from_bytes(product[i * size : (i + 1) * size], "little") for i in range(2 * n)]
    return [(wide[i] - wide[n + i]) % P for i in range(n)]


def _at_power_of_two(f, size):
    return int.from_bytes(b"".join((c % P).to_bytes(size, "little") for c in f), "little")


def mul_schoolbook(f, g):
    """The definition; for tests of mul on small N."""
    n = len(f)
    out = [0] * n
    for i in range(n):
        for j in range(n):
            if i + j < n:
                out[i + j] += f[i] * g[j]
            else:
                out[i + j - n] -= f[i] * g[j]
    return [c % P for c in out]


def add(*elements):
    return [sum(c) % P for c in zip(*elements)]


def neg(f):
    return [-c % P for c in f]


def words(f):
    """The bytes of a ring element, or of any list of field elements."""
    return b"".join((c % P).to_bytes(8, "big") for c in f)


def from_words(data):
    assert len(data) % 8 == 0
    f = [int.from_bytes(data[i : i + 8], "big") for i in range(0, len(data), 8)]
    if any(c >= P for c in f):
        raise ValueError("a word is not below p")
    return f


# ---- samplers ----


class Stream:
    """The output of an XOF, read from its beginning; asks for more as it is read."""

    def __init__(self, xof, data):
        self._xof = xof(data)
        self._bytes = b""
        self._at = 0

    def take(self, n):
        while self._at + n > len(self._bytes):
            self._bytes = self._xof.digest(2 * len(self._bytes) + 4096)
        self._at += n
        return self._bytes[self._at - n : self._at]

    def word(self):
        return int.from_bytes(self.take(8), "little")


def streams(xof, prefix):
    return [Stream(xof, prefix + le16(block)) for block in range(BLOCKS)]


def _in_blocks(xof, prefix, n, fill):
    """Block l gives coefficients l n/8 .. (l+1) n/8 - 1."""
    out = []
    for stream in streams(xof, prefix):
        out += fill(stream, n // BLOCKS)
    return out


def uniform(prefix, n):
    def fill(stream, count):
        out = []
        while len(out) < count:
            word = stream.word()
            if word < P:
                out.append(word)
        return out

    return _in_blocks(hashlib.shake_128, prefix, n, fill)


def ternary(prefix, n):
    """-1, 0, 1."""

    def fill(stream, count):
        out = []
        while len(out) < count:
            byte = stream.take(1)[0]
            if byte < 3**5:
                out += [byte // 3**i % 3 - 1 for i in range(5)]
        return out[:count]

    return _in_blocks(hashlib.shake_256, prefix, n, fill)


def _cbd21_values(stream, count):
    out = []
    while len(out) < count:
        v = int.from_bytes(stream.take(16), "little")
        for k in range(3):
            plus = v >> 42 * k & 2**21 - 1
            minus = v >> 42 * k + 21 & 2**21 - 1
            out.append(plus.bit_count() - minus.bit_count())
    return out[:count]


def cbd21(prefix, n):
    """-21 .. 21, variance 10.5."""
    return _in_blocks(hashlib.shake_256, prefix, n, _cbd21_values)


def _dealt(per_stream, count):
    """Value i is entry floor(i/8) of list i mod 8."""
    return [per_stream[i % BLOCKS][i // BLOCKS] for i in range(count)]


def _share(count):
    return -(-count // BLOCKS)


def cbd21_few(prefix, count):
    from_streams = streams(hashlib.shake_256, prefix)
    return _dealt([_cbd21_values(stream, _share(count)) for stream in from_streams], count)


def flood(prefix, count, g):
    """Sums of twelve uniforms on [-g, g]."""
    mask = 1
    while mask <= 2 * g:
        mask *= 2
    mask -= 1

    def one_uniform(stream):
        while True:
            v = stream.word() & mask
            if v <= 2 * g:
                return v - g

    from_streams = streams(hashlib.shake_256, prefix)
    return _dealt(
        [[sum(one_uniform(s) for _ in range(12)) for _ in range(_share(count))] for s in from_streams],
        count,
    )
