"""Suites, and every size of a proof, from the systems alone (docs/FORMATS.md, 8.3)."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import air
import stark
from air import Point, Size


class Suite(NamedTuple):
    name: str
    id: int
    log_blowup: int
    grinding: int
    johnson: bool
    bits: int = 128
    queries: int | None = None  # fixed, and nothing promised


S128 = Suite("S128", 1, 3, 16, True)
S128_SMALL = Suite("S128-small", 2, 4, 16, True)
S128_SESSION = Suite("S128-session", 3, 5, 16, True)
UDR128 = Suite("UDR128", 4, 3, 16, False)
TEST = Suite("TEST", 255, 3, 4, True, bits=0, queries=6)
SUITES = {suite.name: suite for suite in (S128, S128_SMALL, S128_SESSION, UDR128, TEST)}


def up(value, multiple):
    return -(-value // multiple) * multiple


def ceil_div(a, b):
    return -(-a // b)


@dataclass
class Sizes:
    suite: Suite
    queries: int
    n: int  # rows of the largest table
    n_constraints: int
    degree: int
    chunks: int
    chunk: int  # M: coefficients of a chunk before its mask
    chunk_mask: int  # n_t
    log_domain: int
    folds: int
    d_max: int

    @property
    def domain(self):
        return 2**self.log_domain

    @property
    def final(self):
        return self.d_max // 8**self.folds

    def layer(self, fold):
        """Points of layer l."""
        return self.domain // 8**fold


class Masks(NamedTuple):
    this: int
    next: int
    wide: int


def masks(queries):
    return Masks(up(queries + 7, 8), up(queries + 10, 8), up(2 * queries + 10, 8))


def column_mask(s, column, h):
    return h.next if column in s.next_columns else h.this


def constraint_sizes(s, h):
    """Degree and coefficients of every constraint of a system."""

    def column(mask=0):
        return Size(1, s.n + mask)

    same = Size(0, 1)
    trace = [column(column_mask(s, c, h)) for c in range(s.n_columns)]
    v = Point(
        constant=lambda a: same, cells=trace, nexts={c: trace[c] for c in s.next_columns},
        fixed=[column()] * len(s.fixed), public=[column()] * s.n_public, weights=[column()] * s.n_weights,
        challenges=[same] * s.n_challenges, scalars=[same] * s.n_scalars, alpha=same, theta=same, delta=same,
        helpers=[column(h.this)] * s.n_helpers, acc=column(h.wide), acc_next=column(h.wide),
        mu=column(h.wide), mu_next=column(h.wide), inverse_table=column(),
    )
    return air.constraints(s, v)


def widest_mask(s, h):
    """The largest mask of any column of a system."""
    of_columns = [column_mask(s, c, h) for c in range(s.n_columns)]
    return max(of_columns + [h.this] * bool(s.n_helpers) + [h.wide] * (s.has_acc or s.has_mu))


def sizes_for(systems, suite, queries):
    h = masks(queries)
    n = max(s.n for s in systems)
    all_sizes = [(s, size) for s in systems for size in constraint_sizes(s, h)]
    degree = max([1] + [size.degree for _, size in all_sizes])
    quotient = max([1] + [size.count - s.n for s, size in all_sizes])
    chunks = max(1, degree - 1)
    chunk = up(ceil_div(quotient, chunks), 4)
    chunk_mask = up(queries + 5, 8) if chunks > 1 else 0
    length = max([chunk + chunk_mask] + [s.n + widest_mask(s, h) for s in systems])
    log_domain = n.bit_length() - 1 + suite.log_blowup
    while 2**log_domain < 4 * length or 2**log_domain < n * ceil_div(quotient, n):
        log_domain += 1
    folds = 0
    while folds < 4 and 2**log_domain >= 8 ** (folds + 2) and fold_pays(length, log_domain, folds, queries):
        folds += 1
    return Sizes(
        suite=suite, queries=queries, n=n, n_constraints=len(all_sizes), degree=degree, chunks=chunks,
        chunk=chunk, chunk_mask=chunk_mask, log_domain=log_domain, folds=folds,
        d_max=up(length, max(8, 8**folds)),
    )


def fold_pays(length, log_domain, folds, queries):
    """Are the coefficients that a fold saves longer than its openings?"""
    depth = max(0, log_domain - 3 * folds - 2 - (queries.bit_length() - 1))
    return 21 * ceil_div(length, 8**folds) > queries * (192 + 32 * depth)


# The number of queries

M_LEAST = 3
QUERIES_MOST = 1024
WANTED_BITS, ENOUGH_BITS = 133, 128  # of the algebraic rounds


def most_m(sizes):
    return min(1000, sizes.d_max)


def proven(sizes, systems, m, queries):
    """(the least bits of the algebraic rounds, bits of the queries)."""
    polys = sizes.chunks + 1
    for s in systems:
        polys += s.n_columns + s.n_helpers + s.has_acc + s.has_mu
    challenges, ali, deep, batching, of_queries, _, *folds = stark.proven_bits(
        rows=sizes.n, d_max=sizes.d_max, domain=sizes.domain, folds=sizes.folds, polys=polys,
        constraints=sizes.n_constraints, degree=sizes.degree, points=2,
        lookups=sum(len(s.lookups) for s in systems), linear=2**20 + sum(len(s.sums) for s in systems),
        jbr=sizes.suite.johnson, m=m, queries=queries, grinding=sizes.suite.grinding,
    )
    return min([challenges, ali, deep, batching] + folds), of_queries


def largest_m(sizes, systems):
    """The largest m with every algebraic round at 133 bits, or else 128: it asks for the fewest queries."""
    for bits in (WANTED_BITS, ENOUGH_BITS):
        low, high = M_LEAST, most_m(sizes)
        if proven(sizes, systems, low, 1)[0] < bits:
            continue
        while low < high:
            middle = (low + high + 1) // 2
            if proven(sizes, systems, middle, 1)[0] >= bits:
                low = middle
            else:
                high = middle - 1
        return low
    return None


def enough(sizes, systems):
    """Do as many queries as these sizes were made for prove the suite's bits?"""

    def queries_suffice(m):
        return proven(sizes, systems, m, sizes.queries)[1] >= sizes.suite.bits

    if not queries_suffice(most_m(sizes)):
        return False  # whatever m: most numbers end here, and the search below is slow
    m = largest_m(sizes, systems)
    return m is not None and queries_suffice(m)


KNOWN = {}  # what was found before: the search is slow


def sizes_of(systems, suite):
    """The least Q that suffices for its own sizes."""
    name = suite, *(s.digest() for s in systems)
    if name not in KNOWN:
        KNOWN[name] = search(systems, suite)
    return KNOWN[name]


def search(systems, suite):
    if suite.queries is not None:
        return sizes_for(systems, suite, suite.queries)
    for queries in range(1, QUERIES_MOST):
        sizes = sizes_for(systems, suite, queries)
        if enough(sizes, systems):
            return sizes
    raise air.Refused(f"no number of queries proves {suite.bits} bits")
