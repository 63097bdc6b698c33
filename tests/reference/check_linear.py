"""check_linear.py DUMP_VECTORS: recomputes keys, ciphertexts, request digests and answers from the seeds
that the program prints, and compares them byte for byte with what the library made."""

import json
import subprocess
import sys

import linear
import request
from tap import Tap


def check_case(tap, case):
    name = f"d={case['d']} k={case['k']} B={case['B']} log_t={case['log_t']}"
    theirs = {k: bytes.fromhex(v) for k, v in case.items() if isinstance(v, str)}
    shape = linear.Shape(case["set"], case["d"], case["k"], case["B"])
    w = [case["w"][o * shape.d : (o + 1) * shape.d] for o in range(shape.k)]

    key = linear.Key(case["set"], theirs["seed"])
    kid = key.kid()
    public = key.public_object()
    parameters = request.parameters_digest(
        case["set"], shape.d, case["log_t"], theirs["box_digest"], shape.k, shape.block, shape.n_in,
        theirs["plan_digest"], case["purpose"],
    )
    ctx = request.context(theirs["sid"], case["i"], kid, theirs["model_commitment"], parameters)
    ciphertext = linear.encrypt(key, shape, case["log_t"], ctx, case["x"], theirs["os32"])
    core = request.core(
        theirs["sid"], case["i"], theirs["model_commitment"], kid, ciphertext, case["unix_ms"],
        case["purpose"], parameters,
    )
    answer = linear.evaluate(
        public, shape, case["log_t"], w, case["bias"], ctx, ciphertext, theirs["flood_seed"]
    )
    plain = [sum(p * q for p, q in zip(row, case["x"])) + b for row, b in zip(w, case["bias"])]

    tap.same(f"{name}: public key", theirs["public_key"], public)
    tap.same(f"{name}: kid", theirs["kid"], kid)
    tap.same(f"{name}: H(parameters)", theirs["parameters_digest"], parameters)
    tap.same(f"{name}: ctx", theirs["ctx"], ctx)
    tap.same(f"{name}: ciphertext", theirs["ciphertext"], ciphertext)
    tap.same(f"{name}: request core", theirs["core"], core)
    tap.same(f"{name}: R", theirs["R"], request.request_digest(core))
    tap.same(f"{name}: answer", theirs["answer"], answer)
    tap.same(f"{name}: the library decrypts its answer to W x + b", case["y"], plain)
    tap.same(
        f"{name}: the model decrypts the library's answer to W x + b",
        linear.decrypt(key, shape, case["log_t"], theirs["answer"]), plain,
    )


def main():
    tap = Tap()
    dump = subprocess.run([sys.argv[1]], stdout=subprocess.PIPE, check=True, text=True)
    for line in dump.stdout.splitlines():
        check_case(tap, json.loads(line))
    tap.finish()


main()
