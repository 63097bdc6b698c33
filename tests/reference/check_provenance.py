"""check_provenance.py HATS EXAMPLE...: signs every record of the examples with the program, and recomputes from
docs/FORMATS.md what it wrote: records, commitments, trees, roots, grants, evidence, disclosures. And what the plan
makes of the integers that the source signed is what it makes of the row."""

import json
import os
import subprocess
import sys
import tempfile

import cbor
import provenance as p
from check_package import compile_example
from package import read
from plan import OF_CATEGORY, Plan, read_csv, run_rule, within
from receipt import read_keys
from tap import Tap

COMMITMENTS = 40  # records of a file whose RPO is recomputed: it is slow here; all of them with HATS_TEST_ALL


def run(hats, folder, *args):
    return subprocess.run([hats, *args], cwd=folder, stdout=subprocess.PIPE, check=True, text=True).stdout


def make_keys(hats, folder):
    keys = {}
    for name, role in (("source", "source"), ("board", "authoriser"), ("etl", "processor"), ("owner", "processor")):
        run(hats, folder, "source", "init", name, "--name", name, "--role", role, "--quiet")
        keys |= read_keys(read(folder, f"{name}.keys.cose"))
    return keys


def features(plan, fields):
    """The plan's rules on the integers of a record: categories by their code."""
    _, columns, rules = plan.programme
    codes = {}
    for rule in rules:
        if rule[0] == OF_CATEGORY:
            codes.setdefault(rule[1], {}).setdefault(rule[2], len(codes[rule[1]]))
    text = {c: {code: category for category, code in of.items()} for c, of in codes.items()}
    cells = [text[c][v] if c in text else v for c, v in enumerate(fields)]
    assert len(cells) == len(columns)
    return [within(run_rule(r, cells[r[1]]), r, plan.lo[j], plan.hi[j]) for j, r in enumerate(rules)]


def check_table(tap, what, hats, folder, csv, plan, keys):
    rows = read_csv(read(csv))
    run(hats, folder, "source", "sign", csv, "--schema", "schema.json", "--key", "source.pem", "--out", "t", "--quiet")
    opened = p.Openings(read(folder, "t.openings"))
    root, _ = p.signed(read(folder, "t.root.cose"), p.ROOT_TYPE, keys, p.SOURCE)
    wanted = [opened.schema.read(rows[0], row) for row in rows[1:]]
    tap.same(f"{what}: the integers of {len(wanted)} records", [r[2] for r in opened.records], wanted)
    tap.check(f"{what}: salts are canonical and differ", len({tuple(r[1]) for r in opened.records}) == len(wanted)
              and all(s < p.P for r in opened.records for s in r[1]))
    apply = plan.bind(rows[0])
    same = sum(features(plan, r[2]) == apply(row) for r, row in zip(opened.records, rows[1:]))
    tap.same(f"{what}: records of which the plan makes the same from integers as from the row", same, len(wanted))
    tree = read(folder, "t.tree")
    tap.same(f"{what}: signed schema and count", (root[3], root[4]), (opened.schema.digest(), len(wanted)))
    most = len(wanted) if os.environ.get("HATS_TEST_ALL") else COMMITMENTS
    leaves = []
    for i, (_, salt, fields) in enumerate(opened.records[:most]):
        leaves.append(p.record_leaf(i, p.commitment(fields, salt), p.fields_root(fields, salt)))
    stored = p.stored_digests(leaves)
    tap.same(f"{what}: commitments, roots of fields and nodes of {len(leaves)} records", tree[24:24 + len(stored)], stored)
    everything = leaves_of(tree[24:], len(wanted))
    tap.same(f"{what}: the tree of all", tree[24:], p.stored_digests(everything))
    tap.same(f"{what}: its root is the signed one", root[5], p.root(everything))
    return opened, root, everything


def leaves_of(stored, n):
    return [stored[32 * k:32 * k + 32] for k in (2 * i - bin(i).count("1") for i in range(n))]


def check_evidence(tap, what, hats, folder, opened, root, leaves, plan, keys):
    run(hats, folder, "grant", "sign", "t.root.cose", "--key", "board.pem", "--plan", "m/plan.cbor", "--model",
        "m/publication.cose", "--schema", "schema.json", "--purpose", "7", "--words", "why", "--out", "g", "--quiet")
    i = len(leaves) // 2
    run(hats, folder, "provenance", "make", "t", "--record", str(i), "--grant", "g", "--key", "owner.pem", "--out", "e",
        "--quiet")
    table, grant, records = p.verify_evidence(read(folder, "e"), keys)
    tap.same(f"{what}: the evidence is for this table", table, root)
    tap.same(f"{what}: what is granted", (grant[6], grant[7], grant[8], grant[9]),
             (plan.digest(), cbor.decode(cbor.decode(read(folder, "m", "publication.cose")).value[2])[2], 7, "why"))
    _, salt, fields = opened.records[i]
    tap.same(f"{what}: record and path", records, [[i, p.commitment(fields, salt), p.fields_root(fields, salt),
                                                    b"".join(p.path(leaves, i))]])
    name = opened.schema.fields[-1][1]
    run(hats, folder, "provenance", "disclose", "t", "--record", str(i), "--field", name, "--out", "d", "--quiet")
    shown = cbor.decode(read(folder, "d"))
    k = len(fields) - 1
    tap.same(f"{what}: one field is shown", (shown[4], shown[8], shown[9], shown[10]),
             (i, k, fields[k], p.field_salt(salt, k)))
    tap.same(f"{what}: its path leads to F",
             p.up(p.field_leaf(shown[10], k, shown[9]), k, len(fields), p.split(shown[11])), shown[6])
    trust = [a for key in ("source", "board", "owner") for a in ("--trust", f"{key}.keys.cose")]
    tap.same(f"{what}: the program finds that it holds",
             json.loads(run(hats, folder, "provenance", "show", "e", "--json", *trust))["verdict"], "holds")


def main():
    tap = Tap()
    hats, examples = os.path.abspath(sys.argv[1]), sys.argv[2:]
    for example in examples:
        with tempfile.TemporaryDirectory() as folder:
            keys = make_keys(hats, folder)
            calibration, test = compile_example(hats, example, os.path.join(folder, "m"))
            run(hats, folder, "model", "publish", "m", "--key", "board.pem", "--publisher", "A publisher", "--quiet")
            run(hats, folder, "source", "schema", "m/plan.cbor", "--out", "schema.json")
            plan = Plan(read(folder, "m", "plan.cbor"))
            for csv in (calibration, test):
                what = f"{os.path.basename(example)}, {os.path.basename(csv)}"
                made = check_table(tap, what, hats, folder, csv, plan, keys)
                check_evidence(tap, what, hats, folder, *made, plan, keys)
    tap.finish()


main()
