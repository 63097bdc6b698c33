"""What stands where in the trees, the opened values and the header (docs/FORMATS.md, 8.5, 8.6, 8.8)."""

from typing import NamedTuple

from cubic import K
from stark_sizes import column_mask, masks

SALTED_BELOW = 6  # base elements


class Column(NamedTuple):
    kind: str  # trace, mu, helper, acc, chunk or mask
    table: int | None
    number: int
    width: int  # base elements: 1, or 3 for a column over K
    n: int  # coefficients
    next: bool = False  # opened in the next row too


def trace_tree(systems, h):
    result = []
    for t, s in enumerate(systems):
        for c in range(s.n_columns):
            result.append(Column("trace", t, c, 1, s.n + column_mask(s, c, h), c in s.next_columns))
        if s.has_mu:
            result.append(Column("mu", t, 0, 3, s.n + h.wide, True))
    return result


def aux_tree(systems, h):
    result = []
    for t, s in enumerate(systems):
        result += [Column("helper", t, k, 3, s.n + h.this) for k in range(s.n_helpers)]
        if s.has_acc:
            result.append(Column("acc", t, 0, 3, s.n + h.wide, True))
    return result


def quotient_tree(sizes):
    chunks = [Column("chunk", None, i, 3, sizes.chunk + sizes.chunk_mask) for i in range(sizes.chunks)]
    return chunks + [Column("mask", None, 0, 3, sizes.d_max)]


def trees_of(systems, sizes):
    """The columns of each tree, in the order of its rows."""
    h = masks(sizes.queries)
    all_trees = [trace_tree(systems, h), aux_tree(systems, h), quotient_tree(sizes)]
    return [tree for tree in all_trees if tree]


def width(tree):
    return sum(column.width for column in tree)


def is_salted(tree, trees):
    """Narrow rows are, and those of the quotient when all that they follow from is narrow."""
    return width(tree) < SALTED_BELOW or (tree is trees[-1] and sum(map(width, trees[:-1])) < SALTED_BELOW)


def opened_at_zeta(trees):
    """Columns in the order of their opened values at zeta: table by table."""
    columns = [column for tree in trees for column in tree]
    tables = sorted({column.table for column in columns if column.table is not None})
    return [column for t in tables for column in columns if column.table == t]


def opened_at_next(trees):
    return [column for column in opened_at_zeta(trees) if column.next]


def chunks_of(trees):
    return [column for column in trees[-1] if column.kind == "chunk"]


def n_opened(trees):
    return len(opened_at_zeta(trees)) + len(opened_at_next(trees)) + len(chunks_of(trees))


def batched(trees):
    """f_1, f_2, ...: every column but R."""
    return [column for tree in trees for column in tree if column.kind != "mask"]


def header(systems, sizes, trees):
    """(name, bytes) of every field."""

    def number(value, size):
        return value.to_bytes(size, "big")

    fields = [
        ("tag", b"HATS-STARK-1".ljust(16, b"\0")),
        ("suite", number(sizes.suite.id, 2)),
        ("number of tables", number(len(systems), 1)),
    ]
    for s in systems:
        fields += [("rows of a table", number(s.log_n, 1)), ("digest of a system", s.digest())]
    fields += [
        ("log_domain", number(sizes.log_domain, 1)),
        ("Q", number(sizes.queries, 2)),
        ("grinding", number(sizes.suite.grinding, 1)),
        ("d_max", number(sizes.d_max, 4)),
        ("number of trees", number(len(trees), 1)),
    ]
    for tree in trees:
        fields += [("width of a tree", number(width(tree), 2)), ("salted", number(is_salted(tree, trees), 1))]
    fields += [
        ("folds", number(sizes.folds, 1)),
        ("final", number(sizes.final, 4)),
        ("number of opened values", number(n_opened(trees), 4)),
    ]
    return fields


# Rows


def row_bytes(values):
    return b"".join(v.to_bytes() if isinstance(v, K) else v.to_bytes(8, "big") for v in values)


def read_row(reader, tree):
    """The values of a row, and its bytes; an element that is not below P is refused."""
    start, values = reader.at, []
    for column in tree:
        elements = [reader.element() for _ in range(column.width)]
        values.append(K(*elements) if column.width == 3 else elements[0])
    return values, reader.data[start:reader.at]


def read_elements(reader, n):
    return [K(*(reader.element() for _ in range(3))) for _ in range(n)]
