"""check_forgeries.py: what each absorption of docs/FORMATS.md 8.4 is for.

For each label a verifier that leaves this one absorption out, and a proof that it accepts though the
statement is false, or though something that must not change was changed. The real verifier refuses it.
"""

import os
import random
import time

import air
import stark_layout as layout
import stark_transcript as labels
from air import Refused
from cubic import K, P, evaluate, k, on_coset, root_of_unity
from stark_examples import Builder, bits, long_bits, public_copy, squares
from stark_prove import Prover
from stark_sizes import TEST
from stark_statements import Table, statement_of
from stark_transcript import Transcript, do_work
from stark_verify import Batch, Opened, domain_point, fold, point_at_zeta, verify
from tap import Tap

N = 8


# False statements


def two_copies(rng, log_n=3):
    """A column that equals two different public columns."""
    b = Builder(log_n, 1, n_public=2)
    b.constrain(b.cell(0) - b.public(0))
    b.constrain(b.cell(0) - b.public(1))
    columns = [[rng.randrange(100) for _ in range(2**log_n)] for _ in range(2)]
    assert columns[0] != columns[1]
    return statement_of(Table(b.system, public=columns))


def wrong_sum(rng):
    """A column that equals a public one, with a sum that is not the public one's."""
    b = Builder(3, 1, n_public=1, n_scalars=1)
    b.constrain(b.cell(0) - b.public(0))
    b.sum(b.cell(0), 0)
    column = [rng.randrange(100) for _ in range(N)]
    return statement_of(Table(b.system, public=[column], scalars=[K(sum(column) + 1)]))


def square_of(first, second):
    """A column that equals `first`, its square `second`; either is ("public", rows) or ("fixed", rows)."""
    b = Builder(3, 1)
    public = []

    def column(kind, rows):
        if kind == "fixed":
            return b.fixed(rows)
        public.append(rows)
        b.system.n_public += 1
        return b.public(len(public) - 1)

    x = b.cell(0)
    b.constrain(x - column(*first))
    b.constrain(x * x - column(*second))
    return statement_of(Table(b.system, public=public))


# Algebra of forging


def through(points):
    """The polynomial through (x, y), ... over K."""
    result = [K(0)] * len(points)
    for i, (x, y) in enumerate(points):
        basis, denominator = [K(1)], K(1)
        for j, (other, _) in enumerate(points):
            if i != j:
                basis = [a - b * other for a, b in zip([K(0)] + basis, basis + [K(0)])]
                denominator = denominator * (x - other)
        factor = y / denominator
        result = [r + factor * c for r, c in zip(result, basis)]
    return result


def conjugates(x):
    return [x, x.frobenius(), x.frobenius().frobenius()]


def over_base_field(zeta, value):
    """A polynomial over F_p, of three coefficients, with this value of K at zeta."""
    coefficients = through(list(zip(conjugates(zeta), conjugates(value))))
    assert all(c.in_base_field() for c in coefficients)
    return [c.c[0] for c in coefficients]


def zero_at(zeta):
    """Rows, in F_p and not all 0, of a column that is 0 at zeta: zeta's minimal polynomial."""
    a, b, c = conjugates(zeta)
    f = [k(0) - a * b * c, a * b + a * c + b * c, k(0) - a - b - c, K(1)]
    return on_coset([coefficient.c[0] for coefficient in f], N, offset=1)


class Forger(Prover):
    def __init__(self, statement, rng, omitted, suite=TEST):
        super().__init__(statement, suite, rng, {omitted})

    def any_trace(self):
        self.commit_trace([[[self.rng.randrange(100) for _ in range(s.n)] for _ in range(s.n_columns)]
                           for s in self.systems])

    def any_quotient(self):
        return [K(*(self.rng.randrange(1000) for _ in range(3))) for _ in range(self.sizes.chunk)]

    def up_to_zeta(self):
        """Honest, about a false statement: the quotient is not what it should be."""
        self.begin()
        self.any_trace()
        self.draw_challenges()
        self.draw_lambda()
        self.commit_quotient(self.any_quotient())
        self.draw_zeta()

    # At zeta, of statements of one table

    def column(self, kind):
        return next(c for tree in self.trees for c in tree if c.kind == kind)

    def at_zeta(self, kind):
        return k(evaluate(self.polys[self.column(kind)], self.zeta))

    def vanishing(self):
        return self.zeta**self.systems[0].n - 1

    def constraints(self, *opened):
        """Their values at zeta for these opened values."""
        values = Opened(self.trees, list(opened) + [K(0)] * (layout.n_opened(self.trees) - len(opened)))
        return air.constraints(self.systems[0], point_at_zeta(self.statement, 0, self.challenges, self.zeta, values))

    def combined(self, *opened):
        return sum((self.lambda_**i * value for i, value in enumerate(self.constraints(*opened))), K(0))

    def solved(self, q):
        """The value of two_copies' cell at zeta that fits the quotient's value q: the sum is linear in it."""
        at_0, at_1 = self.combined(K(0)), self.combined(K(1))
        return (self.vanishing() * q - at_0) / (at_1 - at_0)

    def open_falsely(self):
        """Opened values that pass the check at zeta; the cell's is not its column's."""
        q = self.at_zeta("chunk")
        self.say_opened([self.solved(q), q])

    def batch_at(self, i):
        """B, which is not of low degree now, at a point of the domain."""
        batch = Batch(self.systems, self.trees, Opened(self.trees, self.opened), self.zeta, self.eta)
        rows = [self.commitments[tree].rows[i] for tree in range(len(self.trees))]
        return batch.at(domain_point(self.sizes, 0, i), rows)


# One forgery a label: (the statement, the suite it is shown under, the proof)


def forge_suite(rng):
    """A proof for one suite passes for one of another suite, which promises more."""
    statement, witness = bits(rng)
    more = TEST._replace(name="TEST-MORE", id=254)
    proof = Forger(statement, rng, labels.SUITE).run(witness)
    return statement, more, proof[:16] + more.id.to_bytes(2, "big") + proof[18:]


def forge_column(rng, label, kind):
    """The statement is chosen after zeta: a column that is another everywhere but at zeta."""
    rows = [rng.randrange(100) for _ in range(N)]
    right = [x * x for x in rows]
    true = square_of((kind, rows), (kind, right))
    prover = Forger(true, rng, label)
    prover.begin()
    prover.commit_trace([[rows]])
    prover.draw_challenges()
    prover.draw_lambda()
    prover.commit_quotient()
    prover.draw_zeta()
    prover.open()
    wrong = [(a + b) % P for a, b in zip(right, zero_at(prover.zeta))]
    false = square_of((kind, rows), (kind, wrong))
    prover.statement, prover.systems = false, false.systems  # for the header: the proof itself is as it was
    return false, TEST, prover.finish()


def forge_systems(rng):
    return forge_column(rng, labels.SYSTEMS, "fixed")


def forge_public_input(rng):
    return forge_column(rng, labels.PUBLIC_INPUT, "public")


def forge_salt(rng):
    """Another salt, so another proof, at no cost."""
    statement, witness = public_copy(rng)
    prover = Forger(statement, rng, labels.SALT)
    proof = prover.run(witness)
    assert proof.count(prover.salt) == 1
    return statement, TEST, proof.replace(prover.salt, rng.randbytes(32))


def forge_trace(rng):
    """The trace is chosen after zeta: three coefficients give its column any value there."""
    statement = two_copies(rng)
    prover = Forger(statement, rng, labels.TRACE)
    prover.begin()
    prover.draw_challenges()
    prover.draw_lambda()
    prover.commit_quotient(prover.any_quotient())
    prover.draw_zeta()
    prover.polys[prover.column("trace")] = over_base_field(prover.zeta, prover.solved(prover.at_zeta("chunk")))
    prover.commit(0)
    prover.open()
    return statement, TEST, prover.finish()


def forge_aux(rng):
    """acc is chosen after zeta: a line gives it any two values."""
    statement = wrong_sum(rng)
    prover = Forger(statement, rng, labels.AUX)
    prover.begin()
    prover.commit_trace([statement.public(0)])
    prover.draw_challenges()
    prover.draw_lambda()
    prover.commit_quotient(prover.any_quotient())
    prover.draw_zeta()
    copy, total = prover.constraints(prover.at_zeta("trace"))  # with acc 0 at both points
    wanted = (prover.vanishing() * prover.at_zeta("chunk") - copy) / prover.lambda_ - total
    points = [(prover.zeta, K(0)), (prover.zeta * root_of_unity(N), wanted)]
    prover.polys[prover.column("acc")] = through(points)
    prover.commit(1)
    prover.open()
    return statement, TEST, prover.finish()


def forge_quotient(rng):
    """The quotient is chosen after zeta: a constant will do."""
    statement = two_copies(rng)
    prover = Forger(statement, rng, labels.QUOTIENT)
    prover.begin()
    prover.any_trace()
    prover.draw_challenges()
    prover.draw_lambda()
    prover.draw_zeta()
    prover.commit_quotient([prover.combined(prover.at_zeta("trace")) / prover.vanishing()])
    prover.open()
    return statement, TEST, prover.finish()


def forge_opened(rng):
    """Both opened values are chosen after eta: wrong ones whose errors cancel in B."""
    statement = two_copies(rng)
    prover = Forger(statement, rng, labels.OPENED)
    prover.up_to_zeta()
    prover.draw_eta()
    # With the cell's value u the quotient's must be (total - u) / eta: then B is of low degree.
    total = prover.at_zeta("trace") + prover.eta * prover.at_zeta("chunk")
    at_0, at_1 = prover.combined(K(0)), prover.combined(K(1))
    factor = prover.vanishing() / prover.eta
    u = (factor * total - at_0) / (at_1 - at_0 + factor)
    prover.say_opened([u, (total - u) / prover.eta])
    prover.commit_layers(prover.batched())
    prover.do_work()
    prover.draw_positions()
    return statement, TEST, prover.bytes()


def forge_layer(rng):
    """The layer is chosen after the positions: B where it is looked at, and beside it whatever folds to 0."""
    statement = two_copies(rng, log_n=7)
    prover = Forger(statement, rng, labels.LAYER)
    assert prover.sizes.folds == 1
    prover.up_to_zeta()
    prover.open_falsely()
    prover.draw_eta()
    beta = prover.transcript.element(labels.BETA)
    prover.say_final([])
    prover.do_work()
    prover.draw_positions()
    n_leaves = prover.sizes.domain // 8
    leaves = [[K(0)] * 8 for _ in range(n_leaves)]
    for i in prover.positions:
        leaves[i % n_leaves][i // n_leaves] = prover.batch_at(i)
    for j in {i % n_leaves for i in prover.positions}:
        x = domain_point(prover.sizes, 0, j)
        free = next(slot for slot in range(8) if j + slot * n_leaves not in prover.positions)
        unit = [K(slot == free) for slot in range(8)]
        leaves[j][free] = K(0) - fold(leaves[j], x, beta) / fold(unit, x, beta)
    prover.commit_layer(leaves)
    return statement, TEST, prover.bytes()


def forge_final(rng):
    """The final polynomial is chosen after the positions: through the few points that are looked at."""
    statement = two_copies(rng)
    prover = Forger(statement, rng, labels.FINAL)
    assert prover.sizes.folds == 0 and prover.sizes.final >= TEST.queries
    prover.up_to_zeta()
    prover.open_falsely()
    prover.draw_eta()
    prover.do_work()
    prover.draw_positions()
    points = [(k(domain_point(prover.sizes, 0, i)), prover.batch_at(i)) for i in prover.positions]
    prover.say_final(through(points))
    return statement, TEST, prover.bytes()


def forge_nonce(rng):
    """The work is done once, for the try that is lucky with its positions, when it ought to be paid for each.
    Three queries instead of six, to be lucky soon; the suite is not what is wrong here."""
    suite = TEST._replace(name="TEST-3", id=253, queries=3)
    statement = two_copies(rng)
    prover = Forger(statement, rng, labels.NONCE, suite)
    prover.up_to_zeta()
    prover.open_falsely()
    prover.draw_eta()
    # Polynomials that are B on d_max - 1 points, one for each multiple of what is 0 on them.
    good = list(range(prover.sizes.d_max - 1))
    points = [(k(domain_point(prover.sizes, 0, i)), prover.batch_at(i)) for i in good]
    fits, zero = through(points) + [K(0)], through(points + [(K(0), K(1))])
    zero = [a - b for a, b in zip(zero, through(points + [(K(0), K(0))]))]
    before, tries = prover.transcript.x, 0
    while tries == 0 or not set(prover.positions) <= set(good):
        tries += 1
        prover.transcript.x = before
        prover.say_final([a + b * tries for a, b in zip(fits, zero)])
        seed = prover.transcript.bytes(labels.WORK, 32)
        prover.draw_positions()
    print(f"# {tries} tries, work done once")
    prover.nonce = do_work(seed, suite.grinding)
    return statement, suite, prover.bytes()


FORGERIES = {
    labels.SUITE: ("suite", forge_suite),
    labels.SYSTEMS: ("digests of the systems", forge_systems),
    labels.PUBLIC_INPUT: ("public input", forge_public_input),
    labels.SALT: ("salt", forge_salt),
    labels.TRACE: ("root of the trace tree", forge_trace),
    labels.AUX: ("root of the aux tree", forge_aux),
    labels.QUOTIENT: ("root of the quotient tree", forge_quotient),
    labels.OPENED: ("opened values", forge_opened),
    labels.LAYER: ("root of a layer", forge_layer),
    labels.FINAL: ("final polynomial", forge_final),
    labels.NONCE: ("nonce", forge_nonce),
}


def verdict(*arguments, **options):
    try:
        verify(*arguments, **options)
    except Refused as error:
        return f"refused: {error}"
    return "accepted"


def absorbed_labels(rng):
    """Of a proof that has every part."""
    seen = set()

    class Recorder(Transcript):
        def absorb(self, label, data):
            seen.add(label)

    statements = [squares(rng), long_bits(rng, 7)]
    statement = statement_of(*(statement.tables[0] for statement, _ in statements))
    prover = Prover(statement, TEST, rng)
    prover.transcript = Recorder()
    prover.run([witness[0] for _, witness in statements])
    return seen


def main():
    tap = Tap()
    seed = int(os.environ.get("HATS_TEST_SEED") or time.time_ns())
    print(f"# HATS_TEST_SEED={seed}")
    rng = random.Random(seed)
    tap.same("there is a forgery for every absorption", sorted(FORGERIES), sorted(absorbed_labels(rng)))
    for label, (name, forge) in FORGERIES.items():
        statement, suite, proof = forge(rng)
        weak = verdict(statement, suite, proof, omitted={label})
        tap.same(f"without the {name} a forgery is accepted", weak, "accepted")
        real = verdict(statement, suite, proof)
        tap.check(f"with the {name} it is refused", real.startswith("refused"), real)
        print(f"# {real}")
    tap.finish()


if __name__ == "__main__":
    main()
