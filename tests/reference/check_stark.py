"""check_stark.py DUMP_STARK: the cubic extension, RPO-256 and the soundness calculator against the model."""

import subprocess
import sys

import stark
from stark import P
from tap import Tap


def fields_of(line):
    kind, *fields = line.split()
    values = {}
    for field in fields:
        name, _, numbers = field.partition("=")
        values[name] = [int(x) for x in numbers.split(",")]
    return kind, values


def check_field(tap, at, v):
    a, b, e = v["a"], v["b"], v["e"][0]
    good = [
        v["product"] == stark.k_mul(a, b),
        v["square"] == stark.k_mul(a, a),
        v["frobenius"] == stark.k_pow(a, P),
        v["inverse"] == stark.k_pow(a, P**3 - 2),
        v["norm"] + [0, 0] == stark.k_pow(a, P**2 + P + 1),
        v["power"] == stark.k_pow(a, e),
    ]
    tap.check(f"line {at}: product, square, inverse, Frobenius, norm, power", all(good), repr(good), repr(v))


def check_bits(tap, at, v):
    """Never more than is proven, and less by what rounding up costs alone: theta < 1 in one term."""
    result = v.pop("result")
    model = [1000 * x for x in stark.proven_bits(**{name: value[0] for name, value in v.items()})]
    good = len(result) == len(model) and all(0 <= m - r < 3 for r, m in zip(result, model))
    tap.check(f"line {at}: proven bits", good, repr(result), repr([round(m, 3) for m in model]), repr(v))


def main():
    tap = Tap()
    lines = subprocess.run([sys.argv[1]], check=True, capture_output=True, text=True).stdout.splitlines()
    for at, line in enumerate(lines, start=1):
        kind, v = fields_of(line)
        if kind == "constants":
            tap.same("round constants", v["c"], stark.rpo_constants())
        elif kind == "fp3":
            check_field(tap, at, v)
        elif kind == "rpo":
            tap.same(f"line {at}: digest of {len(v['elements'])} elements", v["digest"],
                     stark.rpo_hash(v["domain"][0], v["elements"]))
        else:
            check_bits(tap, at, v)
    tap.check("every kind of line was there", len(lines) == 541, f"{len(lines)} lines")
    tap.finish()


if __name__ == "__main__":
    main()
