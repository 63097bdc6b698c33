"""Constraint systems (docs/FORMATS.md, 8.1 and 8.2): their bytes, and the one list of their constraints.

`constraints` says once what must vanish. Given elements of K it computes values, at a row or at any other
point; given `Size`s it counts degrees and coefficients.
"""

import hashlib
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from cubic import P


class Refused(ValueError):
    pass


CONSTANT, CELL, NEXT, FIXED, PUBLIC, WEIGHT, CHALLENGE, SCALAR, ADD, SUBTRACT, MULTIPLY = range(11)
OVER_K = {WEIGHT, CHALLENGE, SCALAR}
TAG = b"HATS-AIR-1".ljust(16, b"\0")


class Table(NamedTuple):
    values: int  # numbers of two fixed columns
    tags: int
    multiplicities: int  # number of a column


@dataclass
class System:
    log_n: int
    n_columns: int
    n_public: int = 0
    n_weights: int = 0
    n_challenges: int = 0
    n_scalars: int = 0
    fixed: list = field(default_factory=list)  # lists of 2^log_period ints
    nodes: list = field(default_factory=list)  # (kind, argument ...)
    constraints: list = field(default_factory=list)  # nodes
    lookups: list = field(default_factory=list)  # (node, tag)
    sums: list = field(default_factory=list)  # (node, scalar)
    table: Table | None = None

    @property
    def n(self):
        return 2**self.log_n

    @property
    def next_columns(self):
        return sorted({number for kind, number, *_ in self.nodes if kind == NEXT})

    @property
    def n_helpers(self):
        return len(self.lookups) // 2

    @property
    def has_acc(self):
        return bool(self.lookups or self.sums)

    @property
    def has_mu(self):
        return bool(self.next_columns) and not self.has_acc

    def fixed_row(self, column, j):
        values = self.fixed[column]
        return values[j % len(values)]

    def digest(self):
        return hashlib.sha256(encode(self)).digest()


# Bytes


def encode(s):
    def number(value, size=2):
        return value.to_bytes(size, "big")

    def listed(items):
        return number(len(items)) + b"".join(items)

    def node(kind, *arguments):
        return number(kind, 1) + b"".join(number(a, 8 if kind == CONSTANT else 2) for a in arguments)

    counts = (s.n_columns, s.n_public, s.n_weights, s.n_challenges, s.n_scalars)
    return b"".join([
        TAG, number(s.log_n, 1), *map(number, counts),
        listed([number(len(v).bit_length() - 1, 1) + b"".join(number(a, 8) for a in v) for v in s.fixed]),
        listed([node(*n) for n in s.nodes]),
        listed([number(n) for n in s.constraints]),
        listed([number(n) + number(tag, 4) for n, tag in s.lookups]),
        listed([number(n) + number(scalar) for n, scalar in s.sums]),
        number(s.table is not None, 1), *map(number, s.table or ()),
    ])


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        if self.at + size > len(self.data):
            raise Refused(f"ends at byte {len(self.data)}, {self.at + size} are needed")
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, size=2, below=None):
        value = int.from_bytes(self.take(size), "big")
        if below is not None and value >= below:
            raise Refused(f"{value} at byte {self.at - size} is not below {below}")
        return value

    def element(self):
        return self.number(8, below=P)

    def end(self):
        if self.at != len(self.data):
            raise Refused(f"{len(self.data) - self.at} bytes are left over")


def decode(data):
    r = Reader(data)
    if r.take(16) != TAG:
        raise Refused("not a system")
    s = System(r.number(1), *(r.number() for _ in range(5)))
    if not 3 <= s.log_n <= 16:
        raise Refused(f"2^{s.log_n} rows")
    for _ in range(r.number()):
        s.fixed.append([r.element() for _ in range(2 ** r.number(1, below=s.log_n + 1))])
    for at in range(r.number()):
        s.nodes.append(decode_node(r, s, at))
    n_nodes = len(s.nodes)
    s.constraints = [r.number(below=n_nodes) for _ in range(r.number())]
    s.lookups = [(r.number(below=n_nodes), r.number(4)) for _ in range(r.number())]
    s.sums = [(r.number(below=n_nodes), r.number(below=s.n_scalars)) for _ in range(r.number())]
    if r.number(1, below=2):
        s.table = Table(r.number(below=len(s.fixed)), r.number(below=len(s.fixed)), r.number(below=s.n_columns))
        if any(len(s.fixed[column]) != s.n for column in s.table[:2]):
            raise Refused("a table of another length than the rows")
    r.end()
    if s.lookups and s.table is None:
        raise Refused("lookups without a table")
    if not s.n_columns or not (s.constraints or s.lookups or s.sums):
        raise Refused("nothing is claimed of anything")
    of_k = over_k(s)
    if any(of_k[node] for node, _ in s.lookups):
        raise Refused("a lookup over K")
    if canonical(s) != s:
        raise Refused("nodes in another order")
    return s


def decode_node(r, s, at):
    kind = r.number(1, below=MULTIPLY + 1)
    if kind == CONSTANT:
        return kind, r.element()
    if kind >= ADD:
        return kind, r.number(below=at), r.number(below=at)
    limits = {
        CELL: s.n_columns, NEXT: s.n_columns, FIXED: len(s.fixed), PUBLIC: s.n_public, WEIGHT: s.n_weights,
        CHALLENGE: s.n_challenges, SCALAR: s.n_scalars,
    }
    return kind, r.number(below=limits[kind])


def over_k(s):
    """For each node: is it over K?"""
    result = []
    for kind, *arguments in s.nodes:
        result.append(kind in OVER_K or kind >= ADD and any(result[a] for a in arguments))
    return result


def canonical(s):
    """The same system with its nodes as 8.2 numbers them: those that claims need, each once."""
    new, numbers = {}, {}  # of a node of s; of a node written with new numbers

    def leave(node):
        stack = [node]  # ours: expressions may be deep
        while stack:
            kind, *arguments = s.nodes[stack[-1]]
            waiting = [a for a in arguments if a not in new] if kind >= ADD else []
            if waiting:
                stack.append(waiting[0])
                continue
            written = (kind, *(new[a] for a in arguments)) if kind >= ADD else (kind, *arguments)
            new[stack.pop()] = numbers.setdefault(written, len(numbers))
        return new[node]

    return replace(
        s,
        constraints=[leave(e) for e in s.constraints],
        lookups=[(leave(e), tag) for e, tag in s.lookups],
        sums=[(leave(e), scalar) for e, scalar in s.sums],
        nodes=list(numbers),
    )


# What must vanish


class Size(NamedTuple):
    """Degree in the columns, and number of coefficients, of a polynomial that is never computed."""

    degree: int
    count: int

    def __add__(self, other):
        return Size(max(self.degree, other.degree), max(self.count, other.count))

    __sub__ = __add__

    def __mul__(self, other):
        return Size(self.degree + other.degree, self.count + other.count - 1)


@dataclass
class Point:
    """Everything that constraints speak of, at one row or one point. `constant` makes a number of F_p."""

    constant: object
    cells: list
    nexts: dict  # by column
    fixed: list
    public: list
    weights: list
    challenges: list
    scalars: list
    alpha: object = None
    theta: object = None
    delta: object = None
    helpers: list = ()
    acc: object = None
    acc_next: object = None
    mu: object = None
    mu_next: object = None
    inverse_table: object = None  # 1 / A(values, tags)


def node_values(s, v, upto=None):
    """The values of all nodes, or of those up to one."""
    read = {
        CONSTANT: v.constant,
        CELL: v.cells.__getitem__,
        NEXT: v.nexts.__getitem__,
        FIXED: v.fixed.__getitem__,
        PUBLIC: v.public.__getitem__,
        WEIGHT: v.weights.__getitem__,
        CHALLENGE: v.challenges.__getitem__,
        SCALAR: v.scalars.__getitem__,
    }
    values = []
    for kind, *a in s.nodes[:None if upto is None else upto + 1]:
        if kind == ADD:
            values.append(values[a[0]] + values[a[1]])
        elif kind == SUBTRACT:
            values.append(values[a[0]] - values[a[1]])
        elif kind == MULTIPLY:
            values.append(values[a[0]] * values[a[1]])
        else:
            values.append(read[kind](a[0]))
    return values


def denominator(v, value, tag):
    """A(value, tag)."""
    return v.alpha - value - v.theta * tag


def lookup_denominators(s, v, nodes):
    return [denominator(v, nodes[node], v.constant(tag)) for node, tag in s.lookups]


def constraints(s, v):
    """The value of every constraint of a system, in order."""
    nodes = node_values(s, v)
    result = [nodes[e] for e in s.constraints]
    a = lookup_denominators(s, v, nodes)
    for helper, first, second in zip(v.helpers, a[0::2], a[1::2]):
        result.append(helper * first * second - first - second)
    if s.has_acc:
        result.append(accumulator(s, v, nodes, a))
    if s.has_mu:
        result.append(v.mu_next - v.mu)
    return result


def accumulator(s, v, nodes, a):
    d = v.acc_next - v.acc
    for helper in v.helpers:
        d = d - helper
    if s.table:
        d = d + v.cells[s.table.multiplicities] * v.inverse_table
    share, power = v.constant(pow(s.n, -1, P)), v.constant(1)
    for node, scalar in s.sums:
        power = power * v.delta
        d = d - power * (nodes[node] - v.scalars[scalar] * share)
    return a[-1] * d - v.constant(1) if len(a) % 2 else d
