"""K = F_p[x]/(x^3 - 7), polynomials and columns over it (docs/FORMATS.md, 8).

An element of F_p is an int below P, one of K a K; the two mix. A polynomial is the list of its
coefficients, constant term first. Nothing here knows what a proof is.
"""

P = 2**64 - 2**32 + 1
OMEGA = pow(7, (P - 1) // 3, P)  # x^p = OMEGA x, because x^3 = 7
OFFSET = 7  # the domain of a proof is 7 times a subgroup


class K:
    __slots__ = ("c",)

    def __init__(self, a, b=0, c=0):
        self.c = (a, b, c)

    def __repr__(self):
        return "K(%d, %d, %d)" % self.c

    def __eq__(self, other):
        return self.c == k(other).c

    def __hash__(self):
        return hash(self.c)

    def __bool__(self):
        return self.c != (0, 0, 0)

    def in_base_field(self):
        return self.c[1] == self.c[2] == 0

    def __add__(self, other):
        (a, b, c), (d, e, f) = self.c, k(other).c
        return K((a + d) % P, (b + e) % P, (c + f) % P)

    def __sub__(self, other):
        (a, b, c), (d, e, f) = self.c, k(other).c
        return K((a - d) % P, (b - e) % P, (c - f) % P)

    def __mul__(self, other):
        a, b, c = self.c
        if isinstance(other, int):
            return K(a * other % P, b * other % P, c * other % P)
        d, e, f = other.c
        return K(
            (a * d + 7 * (b * f + c * e)) % P,
            (a * e + b * d + 7 * c * f) % P,
            (a * f + b * e + c * d) % P,
        )

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self):
        return K(0) - self

    def __rsub__(self, other):
        return k(other) - self

    def frobenius(self):
        a, b, c = self.c
        return K(a, b * OMEGA % P, c * OMEGA * OMEGA % P)

    def inverse(self):
        """The product of the two other conjugates, over the norm, which lies in F_p."""
        if not self:
            raise ZeroDivisionError("the inverse of 0 in K")
        once = self.frobenius()
        others = once * once.frobenius()
        return others * pow((self * others).c[0], -1, P)

    def __truediv__(self, other):
        return self * k(other).inverse()

    def __rtruediv__(self, other):
        return self.inverse() * other

    def __pow__(self, exponent):
        result, square = K(1), self
        while exponent:
            if exponent & 1:
                result = result * square
            square = square * square
            exponent >>= 1
        return result

    def to_bytes(self):
        return b"".join(a.to_bytes(8, "big") for a in self.c)


def k(value):
    return value if isinstance(value, K) else K(value % P)


def mod(value):
    """An int back below P; an element of K is always reduced."""
    return value if isinstance(value, K) else value % P


def inverses(values):
    """All inverses for the price of one (Montgomery): 0 is refused."""
    before, product = [], K(1)
    for value in values:
        before.append(product)
        product = product * value
    rest, result = product.inverse(), []
    for value, prefix in zip(reversed(values), reversed(before)):
        result.append(rest * prefix)
        rest = rest * value
    return result[::-1]


def root_of_unity(n):
    """g_n, which generates the subgroup of order n."""
    return pow(7, (P - 1) // n, P)


# Polynomials


def evaluate(f, x):
    result = 0
    for coefficient in reversed(f):
        result = mod(result * x + coefficient)
    return result


def add(f, g):
    length = max(len(f), len(g))
    f, g = f + [0] * (length - len(f)), g + [0] * (length - len(g))
    return [mod(a + b) for a, b in zip(f, g)]


def scale(f, a):
    return [mod(a * c) for c in f]


def shift(f, n):
    """X^n f."""
    return [0] * n + f


def divide(f, root):
    """(f - f(root)) / (X - root)."""
    quotient, carry = [], 0
    for coefficient in reversed(f):
        carry = mod(carry * root + coefficient)
        quotient.append(carry)
    return quotient[-2::-1]


def transform(f, w):
    """f at 1, w, w^2, ...: as many points as f has coefficients, a power of two."""
    if len(f) == 1:
        return f
    even, odd = transform(f[0::2], w * w % P), transform(f[1::2], w * w % P)
    first, second, power = [], [], 1
    for a, b in zip(even, odd):
        b = mod(b * power)
        first.append(mod(a + b))
        second.append(mod(a - b))
        power = power * w % P
    return first + second


def on_coset(f, n, offset=OFFSET):
    """f, of at most n coefficients, at offset g_n^i."""
    scaled, power = [], 1
    for coefficient in f:
        scaled.append(mod(coefficient * power))
        power = power * offset % P
    return transform(scaled + [0] * (n - len(f)), root_of_unity(n))


def interpolate(values, offset=1):
    """The polynomial with these values at offset g_n^i, n of them."""
    n = len(values)
    f = transform(values, pow(root_of_unity(n), -1, P))
    back, factor = pow(offset, -1, P), pow(n, -1, P)
    return [mod(c * (factor * pow(back, i, P) % P)) for i, c in enumerate(f)]


def lagrange(n, z):
    """L_j(z), j = 0 .. n-1: the polynomial that is 1 at g_n^j and 0 at the rest of H_n, at z outside H_n."""
    g = root_of_unity(n)
    powers = [1]
    for _ in range(n - 1):
        powers.append(powers[-1] * g % P)
    common = (z**n - 1) * pow(n, -1, P)
    return [common * g_j * inverse for g_j, inverse in zip(powers, inverses([z - g_j for g_j in powers]))]
