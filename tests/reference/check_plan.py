"""check_plan.py DUMP_INPUTS [PLAN CSV]...: decodes plans and applies their input programmes to whole CSV
files, and compares the digests and every x with what the library makes of the same files.

Without arguments of its own it makes a plan that uses every kind of column and rule, and a CSV file whose
cells stand at every edge; then plans that must be refused."""

import itertools
import os
import subprocess
import sys
import tempfile

import cbor
import plan as model
from tap import Tap


def dump(program, plan_path, csv_path):
    done = subprocess.run([program, plan_path, csv_path], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{program} {plan_path} {csv_path} ended with {done.returncode}")
    return done.stdout.splitlines()


def row_of(apply, row):
    try:
        return apply(row)
    except model.Refused:
        return None


def parse_row(line):
    words = line.split(" ")
    return None if words[1] == "refused" else [int(w) for w in words[1:]]


def check_files(tap, name, program, plan_path, csv_path):
    lines = dump(program, plan_path, csv_path)
    ours = model.Plan(open(plan_path, "rb").read())
    theirs = dict(line.split(" ", 1) for line in lines[:3])
    tap.same(f"{name}: the plan encoded again", bytes.fromhex(theirs["plan"]), ours.encode_again())
    tap.same(f"{name}: the plan as it was", bytes.fromhex(theirs["plan"]), ours.data)
    tap.same(f"{name}: plan digest", bytes.fromhex(theirs["digest"]), ours.digest())
    tap.same(f"{name}: box digest", bytes.fromhex(theirs["box"]), model.box_digest(ours.lo, ours.hi))
    tap.same(f"{name}: box digest in the plan", bytes.fromhex(theirs["box"]), ours.fields[10])

    rows = model.read_csv(open(csv_path, "rb").read())
    apply = ours.bind(rows[0])
    tap.same(f"{name}: the CSV ends well", lines[-1], "end")
    ours_x = [row_of(apply, row) for row in rows[1:]]
    theirs_x = [parse_row(line) for line in lines[3:-1]]
    taken = sum(x is not None for x in ours_x)
    differ = [n for n, (a, b) in enumerate(zip(theirs_x, ours_x)) if a != b]
    tap.check(
        f"{name}: every x of {len(ours_x)} rows, {taken} of them taken",
        len(theirs_x) == len(ours_x) and not differ,
        f"{len(theirs_x)} and {len(ours_x)} rows; they differ in rows {differ[:20]} after the header",
        *(f"{rows[n + 1]!r:.200}: program {theirs_x[n]!r:.200} model {ours_x[n]!r:.200}" for n in differ[:8]),
    )


# ---- plans made here ----


def plan_fields(programme, bounds, **other):
    lo, hi = [b[0] for b in bounds], [b[1] for b in bounds]
    d = len(bounds)
    fields = {
        1: 1, 2: "sample", 3: "1.0", 4: 2, 5: 2, 6: 1, 7: 20, 8: [d, 1, d],
        9: model.runs_of(lo, hi), 10: model.box_digest(lo, hi), 11: programme, 12: ["no", "yes"],
        13: [1, 10], 14: [-35000, -30000, 200, 182],
    }
    fields.update({int(k[1:]): v for k, v in other.items()})
    return fields


def every_rule():
    """Columns: a number with 2 decimals; one whose empty cells are missing; one with a sentinel; categories,
    strict, open, with missing cells; a number with 12 decimals."""
    columns = [
        [1, "plain", 2, 0, None], [1, "empty", 0, 1, None], [1, "sentinel", 1, 2, -9990],
        [2, "strict", 0, False], [2, "open", 0, True], [2, "gaps", 1, False], [1, "fine", 12, 0, None],
    ]
    half = 1 << 27
    rules_bounds = [
        ([1, 0, 1 << 28, 0, False, 0], (-1000, 1000)),
        ([1, 0, 3 * (1 << 20) + 1, half, True, 0], (-5, 5)),
        ([1, 0, -(1 << 27), half - 1, True, 0], (-100, 100)),
        ([1, 1, 1 << 28, -7, True, 3], (-2, 4)),
        ([2, 1, None, 0, 1, -1], (-1, 1)),
        ([2, 1, 0, 5, -2, 0], (-2, 0)),
        ([2, 1, 5, None, 3, 3], (0, 3)),
        ([1, 2, 1 << 25, 0, True, -100], (-100, 100)),
        ([2, 2, -10, 10, 1, 0], (0, 1)),
        ([3, 3, "a", 1, 0], (0, 1)),
        ([3, 3, "b c", 7, 0], (0, 7)),
        ([3, 4, "caf\u00e9", 1, 0], (0, 1)),
        ([3, 5, "x", 1, -4], (-4, 1)),
        ([3, 5, "y", 2, 2], (0, 2)),
        ([1, 6, 1, 0, True, 0], (-32768, 32767)),
    ]
    rules = [r for r, _ in rules_bounds]
    return cbor.encode(plan_fields([1, columns, rules], [b for _, b in rules_bounds]))


NUMBERS = """0 -0 0.0 -0.00 1 -1 01 007 1. .5 -.5 +1 1e0 1e2 1E2 1e+2 1e-2 100e-2 1.5e1 0.01 0.010 0.001 1e-3
10e-3 9.99 10.00 10.01 -10.00 -10.01 12.345e1 1e999999999999 1e-999999999999 0e999999999999 0e-5 0.000e-5 1e400
--1 1-1 1,5 1_000 0x10 nan inf NaN Infinity 1e 1e+ e5 - . 1.5.5 1e1.5 1e1e1 9223372036854775807 -9223372036854775808
92233720368547758.07 92233720368547758.08 -92233720368547758.07 -92233720368547758.08 85899345.92 85899345.91
85899345.93 -85899345.92 -85899345.93 85899345 99999999999999999999999999999999 0.00000000000000000000000000000000
100000000000000000000000000e-26 00000000000000000000000000000000000000000000000000000000001 5 4.99 5.01 4 6
-999 -999.0 -9.99e2 -999.05 -1 1 -1.1 1.0 1.1 0.000000000001 0.0000000000001 0.000000032767 0.000000032768
-0.000000032768 -0.000000032769 9223372.036854775807 9223372.036854775808 2305843.009213693951
2305843.009213693952""".split()
TEXTS = ["", " ", "a", "a ", "A", "b c", '"', "caf\u00e9", "cafe\u0301", "x", "y", "z", "0", "1 ", " 1", "1\t", "\u0661"]
PLAIN = ["1", "1", "1", "a", "caf\u00e9", "x", "0"]


def quoted(cell):
    return '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',"\r\n') else cell


def edges_csv():
    """One cell moves at a time; the file has a byte order mark, CRLF, and columns that no rule reads."""
    header = ["unread", "plain", "empty", "sentinel", "strict", "open", "gaps", "fine", "\u00fcbrig, \"too\""]
    rows = [header]
    for place, cell in itertools.product(range(7), NUMBERS + TEXTS):
        row = PLAIN[:place] + [cell] + PLAIN[place + 1 :]
        rows.append(["-", *row, "line\nend"])
    text = "\ufeff" + "".join(",".join(quoted(c) for c in row) + "\r\n" for row in rows)
    return text.encode("utf-8")


def text_plan():
    d = 257
    bounds = [(-127, 127)] * (d - 1) + [(0, 40)]
    return cbor.encode(plan_fields([2, "text", 1, 300, 40], bounds, k4=3, k8=[d, 3, 128], k5=3, k12=["a", "b", "c"]))


def text_csv():
    texts = [
        "", " ", "a", "A b", "I can't", "I can\u2019t", "don\u2018t", "caf\u00e9", "caf\u00c9 \u00c9", "...", "a a a a", "a b a b a b",
        "0123456789", "x" * 40, "Hello, \"World\"\n\r\n", "\u2019", "'", "' '", "\U0001f600 smile", "\u00e2\u0080\u0099",
        "a" * 5, "abcdefgh " * 12, " ".join(f"w{i}" for i in range(60)), " ".join(f"word{i}" for i in range(90)),
        "K\u212a", "\u0130\u0131", "tab\there", "a-b_c.d",
    ]
    return ("text\n" + "".join(quoted(t) + "\n" if t else '""\n' for t in texts)).encode("utf-8")


def edit(fields, path, value):
    """A copy of nested lists and dicts with one place changed, or removed where value is ...."""
    if not path:
        return value
    copy = dict(fields) if isinstance(fields, dict) else list(fields)
    if len(path) == 1 and value is ...:
        del copy[path[0]]
    else:
        copy[path[0]] = edit(copy[path[0]], path[1:], value)
    return copy


def refused_plans():
    """{sentence: bytes}: each differs from a good plan in one thing."""
    good = cbor.decode(every_rule())
    column, rule = (11, 1), (11, 2)
    digest = good[10]
    edits = {
        "another version": ((1,), 2), "no name": ((2,), ""), "a name with a blank": ((2,), "a b"),
        "a name with a capital": ((2,), "Sample"), "an unknown task": ((4,), 4), "an unknown set": ((6,), 2),
        "log_t below 16": ((7,), 15), "log_t above 26": ((7,), 27), "another d": ((8, 0), 14),
        "a block of nothing": ((8, 2), 0), "a block above N": ((8, 2), 4097), "k above its labels": ((8, 1), 2),
        "an empty run": ((9, 0, 0), 0), "lo above hi": ((9, 0), [1, 5, 4]), "another box digest": ((10,), bytes(32)),
        "a short box digest": ((10,), digest[:31]), "an unknown programme": ((11, 0), 3),
        "one rule too few": (rule, good[11][2][:-1]), "an unknown column": (rule + (0, 1), 7),
        "an unknown rule": (rule + (0, 0), 4), "13 decimals": (column + (0, 2), 13),
        "a sentinel without need": (column + (0, 4), 5), "no sentinel where one is named": (column + (2, 4), None),
        "an affine rule on a category": (rule + (0, 1), 3), "a category rule on a number": (rule + (9, 1), 0),
        "a unit outside the box": (rule + (9, 3), 2), "a missing x outside the box": (rule + (3, 5), 5),
        "one label of two": ((12,), ["yes"]), "a scale of zero": ((13, 0), 0), "a missing key": ((14,), ...),
        "a clip that is no truth value": (rule + (0, 4), 0),
    }
    plans = {sentence: cbor.encode(edit(good, path, value)) for sentence, (path, value) in edits.items()}
    data = every_rule()
    plans["a byte too many"] = data + b"\0"
    plans["a byte too few"] = data[:-1]
    plans["a key too many"] = cbor.encode({**good, 15: 0})
    at = next(n for n, run in enumerate(good[9]) if run[0] == 2)
    one = [1, *good[9][at][1:]]
    plans["a run cut in two"] = cbor.encode({**good, 9: good[9][:at] + [one, one] + good[9][at + 1 :]})
    return plans


def check_made_here(tap, program):
    with tempfile.TemporaryDirectory() as folder:
        def write(name, data):
            path = os.path.join(folder, name)
            with open(path, "wb") as file:
                file.write(data)
            return path

        csv = write("edges.csv", edges_csv())
        check_files(tap, "every rule", program, write("columns.cbor", every_rule()), csv)
        check_files(tap, "texts", program, write("text.cbor", text_plan()), write("texts.csv", text_csv()))
        for sentence, data in refused_plans().items():
            first = dump(program, write("refused.cbor", data), csv)[0]
            tap.check(f"refused: {sentence}", first.startswith("plan refused "), first[:60])


def main():
    tap = Tap()
    program, files = sys.argv[1], sys.argv[2:]
    if not files:
        check_made_here(tap, program)
    for plan_path, csv_path in zip(files[::2], files[1::2]):
        name = os.path.basename(os.path.dirname(os.path.abspath(plan_path)))
        check_files(tap, name, program, plan_path, csv_path)
    tap.finish()


if __name__ == "__main__":
    main()
