"""usage: check_session.py DUMP_SESSION

Has DUMP_SESSION make challenges, sessions, cores and their digests with the library, and makes them again."""

import json
import subprocess
import sys

import cbor
import mldsa
import request
import session
from receipt import thumbprint
from tap import Tap


def check_case(tap, case):
    theirs = {k: bytes.fromhex(v) for k, v in case.items() if isinstance(v, str) and k != "origin"}
    name = case["origin"]
    rp = session.rp_id(case["origin"])
    nonce = session.nonce(theirs["secret"], case["t_ms"], theirs["random"], theirs["tenant"], rp)
    challenge = session.challenge(nonce, case["t_ms"], case["calls"], case["life_s"], theirs["tenant"])
    owner = thumbprint(-49, theirs["owner_key"])
    exporter = theirs["exporter"] or None
    block = session.block(case["calls"], case["not_after_ms"], nonce, rp, theirs["tenant"], owner, exporter)
    sid = session.sid(block)
    tap.same(f"{name}: rp_id", theirs["rp_id"], rp)
    tap.same(f"{name}: nonce", theirs["nonce"], nonce)
    tap.same(f"{name}: question", theirs["question"], session.question(rp))
    tap.same(f"{name}: challenge", theirs["challenge"], challenge)
    tap.same(f"{name}: block", theirs["block"], block)
    tap.same(f"{name}: M", theirs["m"], session.m_of(block))
    tap.same(f"{name}: sid", theirs["sid"], sid)
    signature = cbor.decode(theirs["request"])[5]
    tap.same(f"{name}: request", theirs["request"], session.request(block, signature, theirs["owner_key"]))
    tap.check(f"{name}: the owner signed M and nothing else",
              mldsa.verify(65, theirs["owner_key"], session.m_of(block), signature)
              and not mldsa.verify(65, theirs["owner_key"], sid, signature))

    parameters = request.parameters_digest(
        1, 30, 20, theirs["box"], 2, 30, 1, theirs["plan"], case["purpose"], case["suite"], theirs["data"]
    )
    ctx = request.context(sid, case["i"], theirs["kid"], theirs["model"], parameters)
    core = request.core_of(sid, case["i"], theirs["model"], theirs["kid"], theirs["ciphertext"], case["t_ms"],
                           case["purpose"], parameters, [case["suite"], theirs["proof"]], theirs["data"])
    close = request.close_core(sid, case["i"], case["t_ms"], case["used"], case["calls"])
    tap.same(f"{name}: H(parameters) with a proof and a commitment", theirs["parameters"], parameters)
    tap.same(f"{name}: ctx", theirs["ctx"], ctx)
    tap.same(f"{name}: core with a proof", theirs["core"], core)
    tap.same(f"{name}: core that closes", theirs["close"], close)
    tap.same(f"{name}: R of the close", theirs["close_R"], request.request_digest(close))


def main():
    tap = Tap()
    dump = subprocess.run([sys.argv[1]], stdout=subprocess.PIPE, check=True, text=True)
    for line in dump.stdout.splitlines():
        check_case(tap, json.loads(line))
    tap.finish()


main()
