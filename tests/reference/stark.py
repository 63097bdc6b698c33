"""The cubic extension K = F_p[x]/(x^3 - 7), RPO-256, and the proven bits of a set of proof parameters.

Written from the papers (docs/BIBLIOGRAPHY.md: RPO22, BCIKS20, BCHKS25, 2024/1553), to be read rather than
to be fast. An element of K is a list of three integers; bits are exact to 60 decimal places.
"""

import hashlib
from decimal import Decimal, getcontext

getcontext().prec = 60

P = 2**64 - 2**32 + 1


def k_mul(a, b):
    c = [0] * 5
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            c[i + j] += x * y
    return [(c[0] + 7 * c[3]) % P, (c[1] + 7 * c[4]) % P, c[2] % P]


def k_pow(a, e):
    r = [1, 0, 0]
    while e:
        if e & 1:
            r = k_mul(r, a)
        a = k_mul(a, a)
        e >>= 1
    return r


WIDTH, RATE, ROUNDS = 12, 8, 7
MDS_ROW = [7, 23, 8, 26, 13, 10, 9, 7, 6, 22, 21, 8]
ROOT = pow(7, -1, P - 1)


def rpo_constants():
    stream = hashlib.shake_256(b"RPO(%d,12,4,128)" % P).digest(9 * 2 * WIDTH * ROUNDS)
    return [int.from_bytes(stream[i:i + 9], "little") % P for i in range(0, len(stream), 9)]


def rpo_permute(s):
    constants = iter(rpo_constants())
    for half in range(2 * ROUNDS):
        s = [sum(MDS_ROW[(j - i) % WIDTH] * s[j] for j in range(WIDTH)) + next(constants) for i in range(WIDTH)]
        s = [pow(x, 7 if half % 2 == 0 else ROOT, P) for x in s]
    return s


def rpo_hash(domain, elements):
    state = [len(elements) % RATE, domain] + [0] * (WIDTH - 2)
    for at in range(0, len(elements), RATE):
        block = elements[at:at + RATE]
        state = rpo_permute(state[:4] + block + [0] * (RATE - len(block)))
    return state[4:8]


def log2(x):
    return Decimal(x).ln() / Decimal(2).ln()


def proven_bits(rows, d_max, domain, folds, polys, constraints, degree, points, lookups, linear, jbr, m, queries,
                grinding):
    """challenges, ALI, DEEP, batching, queries, the least of all with 128 for SHA-256, then the folds."""
    layers = [(d_max, domain)]
    for _ in range(folds):
        d, n = layers[-1]
        layers.append((-(-d // 8), n // 8))
    rates = [Decimal(d) / n for d, n in layers]
    rho, field = max(rates), P**3
    if jbr:
        theta = 1 - rho.sqrt() * (1 + Decimal(1) / m)
        listed = m / (2 * rates[0])
    else:
        theta, listed = (1 - rho) / 2, Decimal(1)

    def error(rate, n):
        if not jbr:
            return Decimal(n) / field
        big = m + Decimal("0.5")
        first = (2 * big**5 + 3 * big * theta * rate) * n / (3 * rate * rate.sqrt())
        return (first + big / rate.sqrt()) / field

    rounds = [
        listed * ((lookups + 2) * rows + linear + 4) / field,
        listed * constraints / field,
        listed * (degree * (d_max + points - 1) + d_max - 1) / (field - rows - domain),
        (polys - 1) * error(rates[0], domain),
    ]
    bits = [-log2(x) for x in rounds] + [-queries * log2(1 - theta) + grinding]
    fold_bits = [-log2(7 * error(rate, n)) for rate, (_, n) in list(zip(rates, layers))[1:]]
    return bits + [min(bits + fold_bits + [Decimal(128)])] + fold_bits
