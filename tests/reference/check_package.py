"""check_package.py HATS DUMP_INPUTS EXAMPLE...: makes a key, compiles and publishes the example models, reads
all files by docs/FORMATS.md, recomputes digests and figures, and puts every record of the examples' CSV files
through both input programmes."""

import json
import os
import subprocess
import sys
import tempfile

import cbor
import linear
import package
from check_plan import check_files
from plan import read_csv
from ring import sha256
from tap import Tap


def first_file(*paths):
    return next(path for path in paths if os.path.exists(path))


def compile_example(hats, example, out):
    """The files of an example: calibration.csv and test.csv, or what stands for them in data/. The last
    column is the class."""
    data = os.path.join(example, "data")
    calibration = first_file(os.path.join(example, "calibration.csv"), os.path.join(data, "banking77_train.csv"))
    test = first_file(os.path.join(example, "test.csv"), os.path.join(data, "banking77_test.csv"))
    command = [hats, "model", "compile", os.path.join(example, "model.onnx"), "--calibration", calibration,
               "--schema", os.path.join(example, "schema.txt"), "--label", read_csv(package.read(test))[0][-1],
               "--name", os.path.basename(example), "--out", out, "--quiet"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return calibration, test


def check_figures(tap, name, folder):
    p = package.Package(folder)
    plan = p.plan
    tap.same(f"{name}: manifest", package.read(folder, "manifest.cbor"), package.manifest_of(folder))
    tap.same(f"{name}: parameters", p.parameters, cbor.encode([1, 1, "L4096", 12, plan.log_t]))
    most, half = p.answer_max(), 1 << plan.log_t >> 1
    tap.check(f"{name}: every answer of the box is below t/2", most < half, f"{most}, {half}")
    tap.check(f"{name}: no smaller t would do", plan.log_t == 16 or max(most, *plan.hi) >= half // 2, f"{most}")
    for what, stated, exact in zip(("a word", "d + 1 calls"), plan.fields[14], p.leakage()):
        above = stated - 1000 * exact
        tap.check(f"{name}: the leakage of {what}, rounded up to a millibit", -0.01 < above < 1.01, f"{stated}, {exact}")
    return p


def check_key(tap, hats, home):
    """Returns the path of the owner's signing key."""
    made = subprocess.run([hats, "keygen", "--home", home, "--json"], stdout=subprocess.PIPE, check=True)
    file = package.read(home, "keys", "default.fhe.key")
    key = linear.Key(1, file[20:52])
    tap.same("key: the secret key file", file, key.secret_file())
    tap.same("key: kid", bytes.fromhex(json.loads(made.stdout)["kid"]), key.kid())
    tap.same("key: bytes of the public key", json.loads(made.stdout)["public_key_bytes"], len(key.public_object()))
    return os.path.join(home, "keys", "default.owner.pem")


def check_publication(tap, name, p, folder, hats, signing_key):
    command = [hats, "model", "publish", folder, "--key", signing_key, "--publisher", "A publisher", "--json"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    tag, (protected, unprotected, payload, signature) = cbor.decode(package.read(folder, "publication.cose"))
    head, says = cbor.decode(protected), cbor.decode(payload)
    plan = p.plan.fields
    tap.same(f"{name}: commitment", says[2], p.commitment(package.read(folder, "publication.salt")))
    stated = {**says, 8: None}
    tap.same(f"{name}: what else is published", stated, {
        1: 1, 2: says[2], 3: plan[2], 4: plan[3], 5: sha256(p.plan.data), 6: plan[6], 7: plan[7], 8: None,
        9: "A publisher",
    })
    tap.same(f"{name}: the protected header", head, {
        1: -49, 3: "application/cbor", 4: head[4], 15: {1: "A publisher", 6: says[8] // 1000},
        16: "application/vnd.hats.model+cose",
    })
    tap.same(f"{name}: the rest of the file", (tag, unprotected, len(head[4]), len(signature)), (18, {}, 32, 3309))


def check_accuracy(tap, name, p, test):
    """Not a comparison with the library; that the numbers mean what the page says they do."""
    rows = read_csv(package.read(test))
    apply = p.plan.bind(rows[0])
    right = sum(p.label(p.evaluate(apply(row))) == row[-1] for row in rows[1:])
    tap.check(f"{name}: {right} of {len(rows) - 1} test records are classed as they are", right > 0.7 * (len(rows) - 1))


def main():
    tap = Tap()
    hats, dump_inputs, examples = sys.argv[1], sys.argv[2], sys.argv[3:]
    with tempfile.TemporaryDirectory() as folder:
        signing_key = check_key(tap, hats, folder)
        for example in examples:
            name = os.path.basename(example)
            out = os.path.join(folder, name)
            calibration, test = compile_example(hats, example, out)
            p = check_figures(tap, name, out)
            for csv in (calibration, test):
                check_files(tap, f"{name}, {os.path.basename(csv)}", dump_inputs, os.path.join(out, "plan.cbor"), csv)
            check_publication(tap, name, p, out, hats, signing_key)
            check_accuracy(tap, name, p, test)
    tap.finish()


if __name__ == "__main__":
    main()
