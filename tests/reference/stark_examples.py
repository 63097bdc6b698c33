"""Small systems with witnesses: together they have every part of docs/FORMATS.md 8.1 and 8.2.

Each function returns (a statement, its witness); `rng` chooses what is not fixed.
"""

import air
from cubic import K, P
from stark_statements import Table, statement_of


class Builder:
    """Writes the nodes of a system: b.cell(0) * b.cell(1) - 3 is an expression."""

    def __init__(self, log_n, n_columns, **counts):
        self.system = air.System(log_n, n_columns, **counts)

    def node(self, *parts):
        self.system.nodes.append(parts)
        return Expression(self, len(self.system.nodes) - 1)

    def constant(self, value):
        return self.node(air.CONSTANT, value % P)

    def cell(self, c):
        return self.node(air.CELL, c)

    def next(self, c):
        return self.node(air.NEXT, c)

    def public(self, c):
        return self.node(air.PUBLIC, c)

    def weight(self, c):
        return self.node(air.WEIGHT, c)

    def challenge(self, i):
        return self.node(air.CHALLENGE, i)

    def scalar(self, i):
        return self.node(air.SCALAR, i)

    def fixed(self, values):
        return self.node(air.FIXED, self.fixed_column(values))

    def fixed_column(self, values):
        self.system.fixed.append(values)
        return len(self.system.fixed) - 1

    def constrain(self, e):
        self.system.constraints.append(e.number)

    def look_up(self, e, tag):
        self.system.lookups.append((e.number, tag))

    def sum(self, e, scalar):
        self.system.sums.append((e.number, scalar))

    def table(self, rows, multiplicities):
        """rows: (value, tag); the last is repeated to the end."""
        rows = [(value % P, tag) for value, tag in rows]
        rows += [rows[-1]] * (self.system.n - len(rows))
        values, tags = (self.fixed_column([row[i] for row in rows]) for i in range(2))
        self.system.table = air.Table(values, tags, multiplicities)


class Expression:
    def __init__(self, builder, number):
        self.builder, self.number = builder, number

    def _with(self, kind, other):
        if isinstance(other, int):
            other = self.builder.constant(other)
        return self.builder.node(kind, self.number, other.number)

    def __add__(self, other):
        return self._with(air.ADD, other)

    def __sub__(self, other):
        return self._with(air.SUBTRACT, other)

    def __mul__(self, other):
        return self._with(air.MULTIPLY, other)


def multiplicities(system, looked_up):
    """How often each row of the table is wanted; of equal rows the first serves all."""
    rows, first = zip(system.fixed[system.table.values], system.fixed[system.table.tags]), {}
    for j, row in enumerate(rows):
        first.setdefault(row, j)
    counts = [0] * system.n
    for pair in looked_up:
        counts[first[pair]] += 1
    return counts


def public_copy(rng):
    """The witness is the public column: degree 1, the smallest proof there is."""
    b = Builder(3, 1, n_public=1)
    b.constrain(b.cell(0) - b.public(0))
    column = [rng.randrange(P) for _ in range(8)]
    return statement_of(Table(b.system, public=[column])), [[column]]


def bits(rng):
    """Every cell is 0 or 1: one chunk, a salted tree, nothing public."""
    b = Builder(3, 1)
    x = b.cell(0)
    b.constrain(x * x - x)
    return statement_of(Table(b.system)), [[[rng.randrange(2) for _ in range(8)]]]


def fibonacci(rng, log_n=3):
    """Row j + 1 from row j, with mu; a fixed column frees the last row, another starts the first."""
    n = 2**log_n
    b = Builder(log_n, 2)
    not_last, first = b.fixed([1] * (n - 1) + [0]), b.fixed([1] + [0] * (n - 1))
    x, y = b.cell(0), b.cell(1)
    b.constrain(not_last * (b.next(0) - y))
    b.constrain(not_last * (b.next(1) - x * y - x))
    b.constrain(first * (x - 1))
    rows = [(1, rng.randrange(P))]
    while len(rows) < n:
        u, v = rows[-1]
        rows.append((v, (u * v + u) % P))
    return statement_of(Table(b.system)), [[list(column) for column in zip(*rows)]]


def squares(rng):
    """One lookup, taken up by acc, in a table of two tags: every cell is a square of 0 .. 5."""
    b = Builder(4, 2)
    b.table([(i * i, 7) for i in range(6)] + [(i, 8) for i in range(9)], multiplicities=1)
    b.look_up(b.cell(0), 7)
    column = [rng.randrange(6) ** 2 for _ in range(16)]
    return statement_of(Table(b.system)), [[column, multiplicities(b.system, [(x, 7) for x in column])]]


def relation(rng):
    """Two lookups in a helper, and a linear relation with powers of a challenge: the sum of the witness'
    digits, weighted, is that of a public column."""
    b = Builder(3, 3, n_public=1, n_weights=1, n_challenges=1, n_scalars=1)
    b.table([(i, 0) for i in range(4)] + [(i, 1) for i in range(3)], multiplicities=2)
    low, high = b.cell(0), b.cell(1)
    b.look_up(low, 0)
    b.look_up(high, 1)
    b.sum((low + high * 4) * b.weight(0), 0)
    lows, highs = [rng.randrange(4) for _ in range(8)], [rng.randrange(3) for _ in range(8)]
    looked_up = [(x, 0) for x in lows] + [(x, 1) for x in highs]
    table = Table(
        b.system, public=[[x + 4 * y for x, y in zip(lows, highs)]],
        weights=[{"powers_of": 0}], scalars=[{"public": 0, "weight": 0}],
    )
    return statement_of(table), [[lows, highs, multiplicities(b.system, looked_up)]]


def everything(rng, log_n=4):
    """Three lookups, two sums, next rows read beside acc, a fixed column of a short period, challenge, weight
    and scalar in constraints, degree 4."""
    n = 2**log_n
    b = Builder(log_n, 4, n_public=1, n_weights=2, n_challenges=2, n_scalars=3)
    b.table([(i, 0) for i in range(8)] + [(3 * i, 2**32 - 1) for i in range(4)], multiplicities=3)
    x, y, z = b.cell(0), b.cell(1), b.cell(2)
    alternating = b.fixed([0, 1])
    b.look_up(x, 0)
    b.look_up(y + 1, 0)
    b.look_up(z * 3, 2**32 - 1)
    b.constrain((b.next(2) - z - 1) * (b.next(2) - z) * (b.next(2) + 3 - z) * alternating)
    b.constrain((x - b.public(0)) * b.weight(1) * b.challenge(1) + (b.scalar(1) - 5) * y)
    b.sum(x * b.weight(0), 0)
    b.sum(x * y - x * y + b.challenge(0) - b.challenge(0), 2)
    xs, ys = [rng.randrange(8) for _ in range(n)], [rng.randrange(7) for _ in range(n)]
    zs = [0] * n
    for j in range(1, n, 2):
        zs[j] = rng.randrange(4)
        zs[(j + 1) % n] = (zs[j] + rng.randrange(2)) % 4
    looked_up = [(x, 0) for x in xs] + [(y + 1, 0) for y in ys] + [(3 * z, 2**32 - 1) for z in zs]
    constant = [K(*(rng.randrange(P) for _ in range(3))) for _ in range(n)]
    table = Table(
        b.system, public=[xs], weights=[{"powers_of": 0}, constant],
        scalars=[{"public": 0, "weight": 0}, K(5), K(0)],
    )
    return statement_of(table), [[xs, ys, zs, multiplicities(b.system, looked_up)]]


def inner_product(rng):
    """A sum without lookups or table; its scalar is a constant."""
    b = Builder(3, 1, n_public=1, n_scalars=1)
    b.sum(b.cell(0) * b.public(0), 0)
    xs, ys = ([rng.randrange(P) for _ in range(8)] for _ in range(2))
    table = Table(b.system, public=[ys], scalars=[K(sum(x * y for x, y in zip(xs, ys)) % P)])
    return statement_of(table), [[xs]]


def several(rng):
    """Tables of three heights in one proof, one of them with mu."""
    parts = [fibonacci(rng, 5), bits(rng), squares(rng), relation(rng)]
    tables = [statement.tables[0] for statement, _ in parts]
    return statement_of(*tables), [witness[0] for _, witness in parts]


def long_bits(rng, log_n):
    """Enough rows for folds."""
    b = Builder(log_n, 1)
    x = b.cell(0)
    b.constrain(x * x - x)
    return statement_of(Table(b.system)), [[[rng.randrange(2) for _ in range(2**log_n)]]]


def wide(rng, log_n):
    """27 columns with those that a proof adds: the shape of the linear tier's statement."""
    n = 2**log_n
    b = Builder(log_n, 12, n_public=1, n_weights=1, n_challenges=1, n_scalars=1)
    b.table([(i, 0) for i in range(-40, 41)] + [(i, 1) for i in range(2 ** min(11, log_n - 1))], multiplicities=11)
    for c, tag in ((0, 0), (1, 0), (2, 1)):
        b.look_up(b.cell(c), tag)
    for c in range(3, 6):
        x = b.cell(c)
        b.constrain(x * x * x - x)
    for c in range(6, 9):
        b.constrain(b.cell(c + 2) - b.cell(c) * b.cell(c) * b.cell(c - 3))
    b.sum(b.cell(0) * b.weight(0), 0)
    columns = [[rng.randrange(-40, 41) % P for _ in range(n)] for _ in range(2)]
    columns.append([rng.randrange(2 ** min(11, log_n - 1)) for _ in range(n)])
    columns += [[rng.randrange(-1, 2) % P for _ in range(n)] for _ in range(3)]
    columns += [[rng.randrange(P) for _ in range(n)] for _ in range(2)]
    for c in range(6, 9):
        columns.append([x * x * y % P for x, y in zip(columns[c], columns[c - 3])])
    looked_up = [(x, tag) for c, tag in ((0, 0), (1, 0), (2, 1)) for x in columns[c]]
    table = Table(b.system, public=[columns[0]], weights=[{"powers_of": 0}], scalars=[{"public": 0, "weight": 0}])
    return statement_of(table), [columns + [multiplicities(b.system, looked_up)]]


# Systems by chance


def expression(b, rng, n_cells, degree):
    """Of cells below n_cells, in this row and the next, fixed and public columns."""
    if degree == 1:
        kind = rng.randrange(6)
        if kind == 0:
            return b.constant(rng.choice([0, 1, P - 1, rng.randrange(P)]))
        if kind == 1:
            return b.fixed([rng.randrange(P) for _ in range(2 ** rng.randrange(b.system.log_n + 1))])
        if kind == 2:
            return b.public(0)
        return (b.next if kind == 3 else b.cell)(rng.randrange(n_cells))
    left, right = expression(b, rng, n_cells, degree - 1), expression(b, rng, n_cells, 1)
    return rng.choice([left * right, left + right, left - right])


def random_table(rng):
    """Columns that are free, then some that expressions of those before them define, then lookups and sums."""
    log_n, n_free, n_lookups, n_sums = rng.randrange(3, 7), rng.randrange(1, 4), rng.randrange(4), rng.randrange(3)
    n, n_defined = 2**log_n, rng.randrange(1 if n_lookups + n_sums == 0 else 0, 4)  # something is claimed
    n_columns = n_free + n_defined + n_lookups + (n_lookups > 0)
    b = Builder(log_n, n_columns, n_public=1, n_weights=1, n_challenges=2, n_scalars=n_sums)
    public = [rng.randrange(P) for _ in range(n)]
    columns = [[rng.randrange(P) for _ in range(n)] for _ in range(n_free)]
    for c in range(n_free, n_free + n_defined):
        e = expression(b, rng, c, rng.randrange(1, 4))
        b.constrain(rng.choice([lambda x: x, lambda x: x * b.challenge(1), lambda x: b.weight(0) * x])(b.cell(c) - e))
        columns.append(rows_of(b.system, e, columns, public))
    if n_lookups:
        look_up_all(b, rng, columns, n_lookups)
    scalars = []
    for i in range(n_sums):
        e = expression(b, rng, len(columns), rng.randrange(1, 3))
        b.sum(e, i)
        scalars.append(K(sum(rows_of(b.system, e, columns, public)) % P))
    return Table(b.system, public=[public], weights=[{"powers_of": 0}], scalars=scalars), columns


def look_up_all(b, rng, columns, n_lookups):
    """Lookups of new columns, each its own, under three tags; then the multiplicities."""
    rows = [(rng.randrange(P), rng.randrange(3)) for _ in range(b.system.n - 1)]
    b.table(rows, multiplicities=len(columns) + n_lookups)
    looked_up = []
    for _ in range(n_lookups):
        tag = rng.choice(rows)[1]
        columns.append([rng.choice([value for value, other in rows if other == tag]) for _ in range(b.system.n)])
        b.look_up(b.cell(len(columns) - 1), tag)
        looked_up += [(value, tag) for value in columns[-1]]
    columns.append(multiplicities(b.system, looked_up))


def rows_of(system, e, columns, public):
    """An expression over F_p, row by row."""
    result = []
    for j in range(system.n):
        nodes = air.node_values(system, air.Point(
            constant=lambda a: a, cells=[column[j] for column in columns],
            nexts=[column[(j + 1) % system.n] for column in columns],
            fixed=[system.fixed_row(c, j) for c in range(len(system.fixed))], public=[public[j]],
            weights=[K(0)], challenges=[K(0), K(0)], scalars=[],
        ), upto=e.number)
        result.append((K(0) + nodes[e.number]).c[0])
    return result


def by_chance(rng):
    """One to three tables, the longest first."""
    parts = sorted((random_table(rng) for _ in range(rng.randrange(1, 4))), key=lambda part: -part[0].system.n)
    return statement_of(*(table for table, _ in parts)), [columns for _, columns in parts]


EXAMPLES = {
    "public copy": public_copy,
    "bits": bits,
    "fibonacci": fibonacci,
    "squares": squares,
    "relation": relation,
    "inner product": inner_product,
    "everything": everything,
    "several": several,
    "one fold": lambda rng: long_bits(rng, 7),
}
