"""A prover of proofs for small tables, from docs/FORMATS.md section 8, to test verifiers with.

`Prover.run` is the protocol. Its steps are methods, so that check_forgeries.py can take them in another
order. The coins come from a `random.Random`: the same seed, the same proof.
"""

import air
import merkle
import stark_layout as layout
import stark_transcript as labels
import stark_verify
from air import Point
from cubic import (
    K, OFFSET, P, add, divide, evaluate, interpolate, inverses, k, on_coset, root_of_unity, scale, shift,
)
from stark_sizes import sizes_of
from stark_transcript import Transcript, do_work

TRACE, AUX, QUOTIENT = 0, 1, -1  # trees; without an aux tree, -1 is 1


def prove(statement, witness, suite, rng):
    """witness: for each table its columns, ints below p."""
    return Prover(statement, suite, rng).run(witness)


class Prover:
    def __init__(self, statement, suite, rng, omitted=()):
        self.statement, self.systems, self.suite, self.rng = statement, statement.systems, suite, rng
        self.sizes = sizes_of(self.systems, suite)
        self.trees = layout.trees_of(self.systems, self.sizes)
        self.transcript = Transcript(omitted)
        self.polys = {}  # of each column, coefficients
        self.rows = {}  # of each column of a table, its values in the table
        self.commitments = {}  # by tree
        self.layers = []

    def some(self, column):
        """A random element of the field that a column is over."""
        coins = [self.rng.randrange(P) for _ in range(column.width)]
        return K(*coins) if column.width == 3 else coins[0]

    def run(self, witness):
        self.begin()
        self.commit_trace(witness)
        self.draw_challenges()
        self.commit_aux()
        self.draw_lambda()
        self.commit_quotient()
        self.draw_zeta()
        self.open()
        return self.finish()

    def finish(self):
        self.draw_eta()
        self.commit_layers(self.batched())
        self.do_work()
        self.draw_positions()
        return self.bytes()

    # One method a step

    def begin(self):
        self.salt = self.rng.randbytes(32)
        stark_verify.begin(self.transcript, self.statement, self.suite, self.salt)

    def commit_trace(self, witness):
        for column in self.trees[TRACE]:
            if column.kind == "trace":
                self.set_rows(column, witness[column.table][column.number])
            else:
                self.set_rows(column, [K(0)] * self.systems[column.table].n)  # mu: any constant
        self.commit(TRACE)
        self.transcript.absorb(labels.TRACE, self.root(TRACE))

    def draw_challenges(self):
        self.challenges = stark_verify.Challenges(self.transcript, self.systems)

    def commit_aux(self):
        if len(self.trees) < 3:
            return
        for t, s in enumerate(self.systems):
            for column, rows in zip(self.aux_columns(t), aux_rows(s, self.points(t, self.table_values(t)))):
                self.set_rows(column, rows)
        self.commit(AUX)
        self.transcript.absorb(labels.AUX, self.root(AUX))

    def draw_lambda(self):
        self.lambda_ = self.transcript.element(labels.LAMBDA)

    def commit_quotient(self, quotient=None):
        self.set_chunks(self.quotient() if quotient is None else quotient)
        self.commit(QUOTIENT)
        self.transcript.absorb(labels.QUOTIENT, self.root(QUOTIENT))

    def draw_zeta(self):
        self.zeta = self.transcript.element(labels.ZETA)
        self.next_zeta = [self.zeta * root_of_unity(s.n) for s in self.systems]

    def open(self):
        at_zeta = [k(evaluate(self.polys[c], self.zeta)) for c in layout.opened_at_zeta(self.trees)]
        at_next = [k(evaluate(self.polys[c], self.next_zeta[c.table])) for c in layout.opened_at_next(self.trees)]
        chunks = [k(evaluate(self.polys[c], self.zeta)) for c in layout.chunks_of(self.trees)]
        self.say_opened(at_zeta + at_next + chunks)

    def say_opened(self, values):
        self.opened = values
        self.transcript.absorb(labels.OPENED, layout.row_bytes(values))

    def draw_eta(self):
        self.eta = self.transcript.element(labels.ETA)

    def commit_layers(self, polynomial):
        for l in range(self.sizes.folds):
            self.commit_layer(leaves_of(layer_values(polynomial, self.sizes, l)))
            self.transcript.absorb(labels.LAYER, self.layers[-1].root)
            polynomial = folded(polynomial, self.transcript.element(labels.BETA))
        self.say_final(polynomial)

    def say_final(self, polynomial):
        self.final = [k(c) for c in polynomial] + [K(0)] * (self.sizes.final - len(polynomial))
        self.transcript.absorb(labels.FINAL, layout.row_bytes(self.final))

    def do_work(self):
        self.nonce = do_work(self.transcript.bytes(labels.WORK, 32), self.suite.grinding)
        self.transcript.absorb(labels.NONCE, self.nonce)

    def draw_positions(self):
        self.positions = self.transcript.positions(self.sizes.queries, self.sizes.log_domain)

    def bytes(self):
        parts = [value for _, value in layout.header(self.systems, self.sizes, self.trees)]
        parts += [self.salt] + [self.root(tree) for tree in range(len(self.trees))]
        parts += [layout.row_bytes(self.opened)] + [layer.root for layer in self.layers]
        parts += [layout.row_bytes(self.final), self.nonce]
        parts += [self.commitments[tree].opening(self.positions) for tree in range(len(self.trees))]
        for l, layer in enumerate(self.layers):
            n_leaves = self.sizes.layer(l) // 8
            parts.append(layer.opening(sorted({i % n_leaves for i in self.positions})))
        return b"".join(parts)

    # Columns

    def set_rows(self, column, rows):
        """Interpolated, with a mask that vanishes on the rows."""
        n = len(rows)
        mask = [self.some(column) for _ in range(column.n - n)]
        self.rows[column] = rows
        self.polys[column] = add(interpolate(rows), add(shift(mask, n), scale(mask, -1)))

    def set_chunks(self, quotient):
        """What is too long, because the statement is false, is cut off."""
        columns, m = layout.chunks_of(self.trees), self.sizes.chunk
        masks = [[self.some(c) for _ in range(self.sizes.chunk_mask)] for c in columns[1:]] + [[]]
        before = []
        for i, column in enumerate(columns):
            mine = add(quotient[i * m:(i + 1) * m], shift(masks[i], m))
            self.polys[column] = add(mine, scale(before, -1))
            before = masks[i]
        random_one = self.trees[QUOTIENT][-1]
        self.polys[random_one] = [self.some(random_one) for _ in range(self.sizes.d_max)]

    def tree_index(self, tree):
        return tree % len(self.trees)

    def commit(self, tree):
        columns = self.trees[tree]
        rows = list(zip(*(on_coset(self.polys[column], self.sizes.domain) for column in columns)))
        salts = [self.rng.randbytes(16 if layout.is_salted(columns, self.trees) else 0) for _ in rows]
        self.commitments[self.tree_index(tree)] = Commitment(rows, salts)

    def commit_layer(self, leaves):
        self.layers.append(Commitment(leaves, [b""] * len(leaves)))

    def root(self, tree):
        return self.commitments[self.tree_index(tree)].root

    def columns_of(self, t, *kinds):
        return [c for tree in self.trees for c in tree if c.table == t and c.kind in kinds]

    def aux_columns(self, t):
        return self.columns_of(t, "helper", "acc")

    # Constraints

    def table_values(self, t):
        """Every column of a table that is known by now, by its rows: {what: rows}."""
        s, own = self.systems[t], self.challenges.own[:self.systems[t].n_challenges]
        result = {c: self.rows[c] for c in self.columns_of(t, "trace", "mu", "helper", "acc") if c in self.rows}
        result.update({("fixed", c): [s.fixed_row(c, j) for j in range(s.n)] for c in range(len(s.fixed))})
        result.update({("public", c): rows for c, rows in enumerate(self.statement.public(t))})
        result.update({("weight", c): rows for c, rows in enumerate(self.statement.weights(t, own))})
        if s.table:
            result["table"] = stark_verify.inverse_table(s, self.challenges)
        return result

    def domain_values(self, t):
        """The same at the points of the domain."""
        result = {}
        for what, rows in self.table_values(t).items():
            result[what] = on_coset(self.polys[what] if what in self.polys else interpolate(rows), self.sizes.domain)
        return result

    def points(self, t, values):
        """What the constraints of a table speak of, row by row, or point by point of the domain."""
        s, own = self.systems[t], self.challenges.own[:self.systems[t].n_challenges]
        scalars = self.statement.scalars(t, own)
        trace, helpers = self.columns_of(t, "trace"), self.columns_of(t, "helper")
        single = {c.kind: c for c in self.columns_of(t, "acc", "mu")}
        n_points = len(next(iter(values.values())))

        def at(what, i):
            return values[what][i % n_points] if what in values else None

        for i in range(n_points):
            j = i + n_points // s.n  # the next row
            yield Point(
                constant=K,
                cells=[at(c, i) for c in trace], nexts={c.number: at(c, j) for c in trace},
                fixed=[at(("fixed", c), i) for c in range(len(s.fixed))],
                public=[at(("public", c), i) for c in range(s.n_public)],
                weights=[at(("weight", c), i) for c in range(s.n_weights)],
                challenges=own, scalars=scalars,
                alpha=self.challenges.alpha, theta=self.challenges.theta, delta=self.challenges.delta,
                helpers=[at(c, i) for c in helpers],
                acc=at(single.get("acc"), i), acc_next=at(single.get("acc"), j),
                mu=at(single.get("mu"), i), mu_next=at(single.get("mu"), j),
                inverse_table=at("table", i),
            )

    def quotient(self):
        """Computed at every point of the domain."""
        n = self.sizes.domain
        points = [stark_verify.domain_point(self.sizes, 0, i) for i in range(n)]
        values, weight = [K(0)] * n, K(1)
        for t, s in enumerate(self.systems):
            vanishing = [pow(pow(x, s.n, P) - 1, -1, P) for x in points]
            n_constraints = 0
            for i, point in enumerate(self.points(t, self.domain_values(t))):
                of_point = air.constraints(s, point)
                n_constraints, power = len(of_point), weight
                for value in of_point:
                    values[i] = values[i] + power * value * vanishing[i]
                    power = power * self.lambda_
            weight = weight * self.lambda_**n_constraints
        return interpolate(values, offset=OFFSET)

    # Low degree

    def batched(self):
        """B. The numerators over one denominator are added before they are divided."""
        opened = stark_verify.Opened(self.trees, self.opened)
        values = {**opened.at_zeta, **opened.chunks}
        sums, power = {}, K(1)
        for column in layout.batched(self.trees):
            power = power * self.eta
            table, line = None, [values[column]]
            if column.next:
                table = column.table
                slope = (opened.at_next[column] - values[column]) / (self.next_zeta[table] - self.zeta)
                line = [values[column] - slope * self.zeta, slope]
            numerator = scale(add(self.polys[column], scale(line, -1)), power)
            sums[table] = add(sums.get(table, []), numerator)
        result = self.polys[self.trees[QUOTIENT][-1]]
        for table, numerator in sums.items():
            quotient = divide(numerator, self.zeta)
            if table is not None:
                quotient = divide(quotient, self.next_zeta[table])
            result = add(result, quotient)
        assert len(result) <= self.sizes.d_max
        return result


class Commitment:
    """A tree over rows."""

    def __init__(self, rows, salts):
        self.rows, self.salts = rows, salts
        leaves = [merkle.leaf(layout.row_bytes(row), salt) for row, salt in zip(rows, salts)]
        self.digests = merkle.tree(leaves)
        self.root = self.digests[1]

    def opening(self, indices):
        path = merkle.missing(len(self.rows).bit_length() - 1, indices)
        parts = [len(indices).to_bytes(2, "big"), len(path).to_bytes(4, "big")]
        parts += [self.salts[i] + layout.row_bytes(self.rows[i]) for i in indices]
        return b"".join(parts + [self.digests[i] for i in path])


def aux_rows(s, points):
    """The rows of a table's helpers and acc."""
    helpers, acc, total = [[] for _ in range(s.n_helpers)], [], K(0)
    for v in points:
        nodes = air.node_values(s, v)
        a = air.lookup_denominators(s, v, nodes)
        inverted = inverses(a) if a else []
        v.helpers = [x + y for x, y in zip(inverted[0::2], inverted[1::2])]
        for column, value in zip(helpers, v.helpers):
            column.append(value)
        if s.has_acc:
            # The constraint is linear in acc(next), with coefficient 1, or A of the last lookup.
            v.acc = v.acc_next = K(0)
            rest = air.accumulator(s, v, nodes, a)
            acc.append(total)
            total = total - (rest * inverted[-1] if len(a) % 2 else rest)
    return helpers + [acc] * s.has_acc


def layer_values(polynomial, sizes, l):
    return on_coset(polynomial, sizes.layer(l), offset=pow(OFFSET, 8**l, P))


def leaves_of(values):
    n_leaves = len(values) // 8
    return [[k(v) for v in values[j::n_leaves]] for j in range(n_leaves)]


def folded(f, beta):
    """sum_k beta^k F_k, where f = sum_k X^k F_k(X^8)."""
    f = f + [0] * (-len(f) % 8)
    return [evaluate(f[i:i + 8], beta) for i in range(0, len(f), 8)]
