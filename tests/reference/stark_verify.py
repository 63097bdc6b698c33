"""stark_verify.py SUITE STATEMENT PROOF: a verifier of proofs, from docs/FORMATS.md section 8 alone.

Reads from above: `verify` is the protocol, in the order of the transcript. To be read, not to be fast;
where this and the C differ, one of the two is wrong or the page leaves something open.

`omitted` labels are left out of the transcript. That makes a weaker verifier, and check_forgeries.py has a
forgery for each: it shows what each absorption is for.
"""

import sys

import air
import merkle
import stark_layout as layout
import stark_transcript as labels
from air import Point, Reader, Refused
from cubic import K, OFFSET, P, evaluate, interpolate, inverses, lagrange, root_of_unity
from stark_sizes import SUITES, sizes_of
from stark_transcript import Transcript, work_is_done


def verify(statement, suite, data, omitted=()):
    """Returns for a proof of the statement; raises Refused for all else."""
    systems = statement.systems
    sizes = sizes_of(systems, suite)
    trees = layout.trees_of(systems, sizes)
    reader = Reader(data)
    proof = Messages(reader, systems, sizes, trees)

    transcript = Transcript(omitted)
    begin(transcript, statement, suite, proof.salt)
    transcript.absorb(labels.TRACE, proof.roots[0])
    challenges = Challenges(transcript, systems)
    if len(trees) == 3:
        transcript.absorb(labels.AUX, proof.roots[1])
    lambda_ = transcript.element(labels.LAMBDA)
    transcript.absorb(labels.QUOTIENT, proof.roots[-1])
    zeta = transcript.element(labels.ZETA)
    if zeta.in_base_field():
        raise Refused("zeta is in F_p")
    transcript.absorb(labels.OPENED, proof.opened_bytes)
    opened = Opened(trees, proof.opened)
    check_at_zeta(statement, sizes, challenges, lambda_, zeta, opened)
    eta = transcript.element(labels.ETA)
    betas = []
    for root in proof.layer_roots:
        transcript.absorb(labels.LAYER, root)
        betas.append(transcript.element(labels.BETA))
    transcript.absorb(labels.FINAL, proof.final_bytes)
    if not work_is_done(transcript.bytes(labels.WORK, 32), proof.nonce, suite.grinding):
        raise Refused("the work is not done")
    transcript.absorb(labels.NONCE, proof.nonce)
    positions = transcript.positions(sizes.queries, sizes.log_domain)

    rows = [read_tree(reader, tree, trees, root, positions, sizes) for tree, root in zip(trees, proof.roots)]
    layers = [read_layer(reader, root, positions, sizes.layer(l)) for l, root in enumerate(proof.layer_roots)]
    reader.end()
    batch = Batch(systems, trees, opened, zeta, eta)
    layer_0 = {i: batch.at(domain_point(sizes, 0, i), [tree[i] for tree in rows]) for i in positions}
    check_low_degree(sizes, layer_0, layers, betas, proof.final)


def begin(transcript, statement, suite, salt):
    transcript.absorb(labels.SUITE, suite.id.to_bytes(2, "big"))
    transcript.absorb(labels.SYSTEMS, b"".join(s.digest() for s in statement.systems))
    transcript.absorb(labels.PUBLIC_INPUT, statement.public_input)
    transcript.absorb(labels.SALT, salt)


class Messages:
    """What the prover says before the positions are drawn."""

    def __init__(self, reader, systems, sizes, trees):
        for name, expected in layout.header(systems, sizes, trees):
            if reader.take(len(expected)) != expected:
                raise Refused(f"header: {name}")
        self.salt = reader.take(32)
        self.roots = [reader.take(32) for _ in trees]
        self.opened, self.opened_bytes = self.elements(reader, layout.n_opened(trees))
        self.layer_roots = [reader.take(32) for _ in range(sizes.folds)]
        self.final, self.final_bytes = self.elements(reader, sizes.final)
        self.nonce = reader.take(8)

    @staticmethod
    def elements(reader, n):
        start = reader.at
        return layout.read_elements(reader, n), reader.data[start:reader.at]


class Challenges:
    def __init__(self, transcript, systems):
        n = max(s.n_challenges for s in systems)
        self.alpha, self.theta, self.delta, *self.own = transcript.elements(labels.CHALLENGES, 3 + n)


class Opened:
    """The opened values, by column."""

    def __init__(self, trees, values):
        values = iter(values)
        self.at_zeta = {column: next(values) for column in layout.opened_at_zeta(trees)}
        self.at_next = {column: next(values) for column in layout.opened_at_next(trees)}
        self.chunks = {column: next(values) for column in layout.chunks_of(trees)}

    def of(self, kind, table, at_next=False):
        """{number: value} of the columns of one kind of a table."""
        values = self.at_next if at_next else self.at_zeta
        return {column.number: v for column, v in values.items() if (column.kind, column.table) == (kind, table)}


# The check at zeta


def check_at_zeta(statement, sizes, challenges, lambda_, zeta, opened):
    left, weight = K(0), K(1)
    for t, s in enumerate(statement.systems):
        vanishing = (zeta**s.n - 1).inverse()
        for value in air.constraints(s, point_at_zeta(statement, t, challenges, zeta, opened)):
            left = left + weight * value * vanishing
            weight = weight * lambda_
    right = sum(zeta ** (column.number * sizes.chunk) * value for column, value in opened.chunks.items())
    if left != right:
        raise Refused("the constraints do not hold at zeta")


def point_at_zeta(statement, t, challenges, zeta, opened):
    s = statement.systems[t]
    own = challenges.own[:s.n_challenges]
    at_row = lagrange(s.n, zeta)

    def at_zeta(rows):
        return sum((weight * value for weight, value in zip(at_row, rows)), K(0))

    def listed(by_number):
        return [by_number[number] for number in sorted(by_number)]

    return Point(
        constant=K,
        cells=listed(opened.of("trace", t)),
        nexts=opened.of("trace", t, at_next=True),
        fixed=[at_zeta(s.fixed_row(c, j) for j in range(s.n)) for c in range(len(s.fixed))],
        public=[at_zeta(column) for column in statement.public(t)],
        weights=[at_zeta(column) for column in statement.weights(t, own)],
        challenges=own,
        scalars=statement.scalars(t, own),
        alpha=challenges.alpha, theta=challenges.theta, delta=challenges.delta,
        helpers=listed(opened.of("helper", t)),
        acc=opened.of("acc", t).get(0), acc_next=opened.of("acc", t, at_next=True).get(0),
        mu=opened.of("mu", t).get(0), mu_next=opened.of("mu", t, at_next=True).get(0),
        inverse_table=at_zeta(inverse_table(s, challenges)) if s.table else None,
    )


def inverse_table(s, challenges):
    """1 / A(values, tags), row by row."""
    values, tags = s.fixed[s.table.values], s.fixed[s.table.tags]
    denominators = [challenges.alpha - value - challenges.theta * tag for value, tag in zip(values, tags)]
    if not all(denominators):
        raise Refused("alpha is a pole of the table")
    return inverses(denominators)


# Low degree


def domain_point(sizes, layer, i):
    """Point i of a layer."""
    return pow(OFFSET * pow(root_of_unity(sizes.domain), i, P), 8**layer, P)


class Batch:
    """B, from the values of the columns at a point of the domain."""

    def __init__(self, systems, trees, opened, zeta, eta):
        self.trees, self.zeta, self.eta = trees, zeta, eta
        self.next_zeta = [zeta * root_of_unity(s.n) for s in systems]
        self.at_zeta = {**opened.at_zeta, **opened.chunks}
        self.slopes = {}  # of the lines through two opened values
        for column, value in opened.at_next.items():
            rise = value - opened.at_zeta[column]
            self.slopes[column] = rise / (self.next_zeta[column.table] - zeta)

    def at(self, x, rows):
        over_zeta = (x - self.zeta).inverse()
        over_next = [(x - z).inverse() for z in self.next_zeta]
        result, power = K(0), K(1)
        for column, value in self.columns(rows):
            if column.kind == "mask":
                result = result + value
                continue
            power = power * self.eta
            quotient = (value - self.at_zeta[column]) * over_zeta
            if column.next:
                quotient = (quotient - self.slopes[column]) * over_next[column.table]
            result = result + power * quotient
        return result

    def columns(self, rows):
        for tree, row in zip(self.trees, rows):
            yield from zip(tree, row)


def fold(leaf, x, beta):
    """The value of the next layer from the eight at x, x g_8, ...: sum_k X^k F_k(X^8) at beta instead of X."""
    coefficients = interpolate(leaf)  # of X^k, with X in multiples of x: x^k F_k(x^8)
    return evaluate(coefficients, beta * pow(x, -1, P))


def check_low_degree(sizes, values, layers, betas, final):
    """`values`: {position: value} that layer l must have there."""
    for l, (leaves, beta) in enumerate(zip(layers, betas)):
        n_leaves = sizes.layer(l) // 8
        for i, value in values.items():
            if leaves[i % n_leaves][i // n_leaves] != value:
                raise Refused(f"layer {l} is not what it was made from")
        values = {j: fold(leaf, domain_point(sizes, l, j), beta) for j, leaf in leaves.items()}
    for i, value in values.items():
        if evaluate(final, domain_point(sizes, len(layers), i)) != value:
            raise Refused("the final polynomial is another")


# Openings


def read_path(reader, n_path, log_n, leaves, root):
    try:
        found = merkle.root_of(log_n, leaves, reader.take(32 * n_path))
    except merkle.Refused as error:
        raise Refused(f"path: {error}") from error
    if found != root:
        raise Refused("a path leads to another root")


def read_counts(reader, positions, log_n):
    n_path = len(merkle.missing(log_n, positions))
    if reader.number(2) != len(positions):
        raise Refused("number of leaves")
    if reader.number(4) != n_path:
        raise Refused("length of a path")
    return n_path


def read_tree(reader, tree, trees, root, positions, sizes):
    """{position: row}."""
    n_path = read_counts(reader, positions, sizes.log_domain)
    rows, leaves = {}, {}
    for i in positions:
        salt = reader.take(16) if layout.is_salted(tree, trees) else b""
        rows[i], data = layout.read_row(reader, tree)
        leaves[i] = merkle.leaf(data, salt)
    read_path(reader, n_path, sizes.log_domain, leaves, root)
    return rows


def read_layer(reader, root, positions, n):
    """{leaf: eight values}."""
    numbers = sorted({i % (n // 8) for i in positions})
    log_n = (n // 8).bit_length() - 1
    n_path = read_counts(reader, numbers, log_n)
    values = {j: layout.read_elements(reader, 8) for j in numbers}
    leaves = {j: merkle.leaf(layout.row_bytes(leaf)) for j, leaf in values.items()}
    read_path(reader, n_path, log_n, leaves, root)
    return values


def main():
    from stark_statements import read_statement

    suite, statement, proof = sys.argv[1:]
    with open(statement) as file:
        statement = read_statement(file.read())
    with open(proof, "rb") as file:
        data = file.read()
    try:
        verify(statement, SUITES[suite], data)
    except Refused as error:
        sys.exit(f"refused: {error}")
    print("accepted")


if __name__ == "__main__":
    main()
