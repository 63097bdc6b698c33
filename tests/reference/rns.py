"""Arithmetic modulo several primes, and the known answers of tests/ring/test_rns.c.

Written from the definitions in src/ring/rns.h with Python's own integers: values of polynomials are sums of
powers, products are schoolbook products, extension and rounding go through the integer. Run it to print the
primes of the tiers and the digests.
"""

import hashlib
from math import log2

TIERS = (("S8192", 8192, ((33, 1), (27, 3), (47, 1))), ("M16384", 16384, ((40, 1), (33, 6), (42, 2))))


def is_prime(n):
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        x = pow(base, odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def largest_primes(bits, n, count):
    """The largest primes below 2^bits that are 1 modulo 2 n."""
    q, found = 2**bits - 2 * n + 1, []
    while len(found) < count:
        if is_prime(q):
            found.append(q)
        q -= 2 * n
    return found


def root(q, n):
    x = 2
    while pow(x, (q - 1) // 2, q) != q - 1:
        x += 1
    return pow(x, (q - 1) // (2 * n), q)


def reverse_bits(i, n):
    return int(format(i, "0%db" % (n.bit_length() - 1))[::-1], 2)


def transform(a, q):
    n, psi = len(a), root(q, len(a))
    return [
        sum(c * pow(psi, (2 * reverse_bits(j, n) + 1) * i, q) for i, c in enumerate(a)) % q
        for j in range(n)
    ]


def centred(x, b):
    return (x + b // 2) % b - b // 2


def crt(residues, primes):
    product = 1
    for q in primes:
        product *= q
    return sum(r * (product // q) * pow(product // q, -1, q) for r, q in zip(residues, primes)) % product


def sequence(q, start, n):
    return [(i + start) * 0x9E3779B97F4A7C15 % 2**64 % q for i in range(n)]


def digest(rows):
    data = b"".join(x.to_bytes(8, "big") for row in rows for x in row)
    return hashlib.sha256(data).hexdigest()


def known_answers(n=64):
    primes = [133857281, 8589475841, 140737488273409]
    rows = [sequence(q, 7, n) for q in primes]
    print("transforms", digest([transform(r, q) for r, q in zip(rows, primes)]))
    for dropped in (1, 2):
        keep, away = primes[: 3 - dropped], primes[3 - dropped :]
        product = 1
        for q in away:
            product *= q
        extended, rounded = [], []
        for i in range(n):
            lift = centred(crt([r[i] for r in rows[3 - dropped :]], away), product)
            extended.append([lift % q for q in keep])
            whole = crt([r[i] for r in rows], primes)
            rounded.append([(2 * whole + product) // (2 * product) % q for q in keep])
        print("extend", dropped, digest(zip(*extended)))
        print("round", dropped, digest(zip(*rounded)))


if __name__ == "__main__":
    for name, n, sizes in TIERS:
        moduli = [q for bits, count in sizes for q in largest_primes(bits, n, count)]
        print(name, "%.3f bits:" % sum(map(log2, moduli)), *moduli)
    known_answers()
