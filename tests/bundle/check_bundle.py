#!/usr/bin/env python3
"""Bundles of real calls: they prove what they say, and no part can be changed or exchanged.

usage: check_bundle.py HATS BUILD-DIR SOURCE-DIR

Runs the demonstration, then takes its bundles apart (HATS-CBOR-1 read by tests/reference/cbor.py), puts them
together wrongly in every way that has a name, and asks `hats verify`.
"""

import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(sys.argv[3]) / "tests" / "reference"))
import cbor  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()

HATS, BUILD, SOURCE = sys.argv[1:4]
RECEIPT, CORE, CIPHERTEXT, PROOF, PUBLIC_KEY, REGISTRATION, PUBLICATION, PLAN, OUTPUT, SESSION, SESSION_RECEIPT = range(2, 13)


def verify(directory, bundle, *flags):
    path = directory / "tried.bundle"
    path.write_bytes(bundle)
    done = subprocess.run([HATS, "verify", str(path), "--trust", str(directory / "service.keys.cose"), *flags],
                          capture_output=True, text=True, timeout=60)
    said = (done.stdout + done.stderr).split("\n")
    return done.returncode, said[0], done.stdout


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def main():
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name) / "out"
        subprocess.run([f"{SOURCE}/tools/demo", BUILD, str(directory)], check=True, capture_output=True, timeout=300)
        check(directory)
    tap.finish()


def check(directory):
    files = [(directory / "all" / f"record-{i}.bundle").read_bytes() for i in (1, 2)]
    one, two = (cbor.decode(data) for data in files)
    code, line, text = verify(directory, files[0])
    tap.same("a bundle of a call is verified", (code, line[:8]), (0, "VERIFIED"))
    tap.same("requirement 1 is proven by it", "1 Encrypted inference     proven by this file" in text, True)
    tap.same("encoding it again gives the same bytes", cbor.encode(one) == files[0], True)

    def refused(what, bundle, why):
        data = bundle if isinstance(bundle, bytes) else cbor.encode(bundle)
        code, line, text = verify(directory, data)
        tap.same(f"{what}: refused", (code, "proven by this file" in text), (1, False))
        tap.same(f"{what}: and why", why in line or line, True)

    exchanged = {
        CORE: "the request core is not the one that the receipt names",
        CIPHERTEXT: "the ciphertext is not the one",
        PROOF: "the proof is not the one",
        OUTPUT: "the answer is not the one",
        RECEIPT: "the request core is not the one",
    }
    for part, why in exchanged.items():
        refused(f"part {part} of another call", {**one, part: two[part]}, why)
    changed = {
        **exchanged,
        RECEIPT: "signature",
        PUBLIC_KEY: "public key",
        PUBLICATION: "publication",
        PLAN: "the plan is not the one",
        SESSION_RECEIPT: "the session receipt is not the one",
    }
    for part, why in changed.items():
        data = one[part]
        for at in (len(data) - 1, len(data) // 2):
            refused(f"part {part}, byte {at} changed", {**one, part: flipped(data, at)}, why)
        if part not in (OUTPUT, SESSION_RECEIPT):
            refused(f"part {part} left out", {**one, part: None}, f"key {part}")
    for part in (OUTPUT, SESSION_RECEIPT):
        code, line, _ = verify(directory, cbor.encode({**one, part: None}))
        tap.same(f"part {part} may be left out", (code, line[:8]), (0, "VERIFIED"))
    refused("a later version", {**one, 1: 2}, "version 2")
    refused("a byte after the end", files[0] + b"\0", "bundle")
    refused("a truncated file", files[0][:-1], "bundle")
    other = directory / "other"
    subprocess.run([HATS, "init", str(other), "--issuer", "Somebody Else", "--quiet"], check=True, capture_output=True)
    done = subprocess.run([HATS, "verify", str(directory / "all" / "record-1.bundle"), "--trust",
                           str(other / "service.keys.cose")], capture_output=True, text=True, timeout=60)
    tap.same("under another provider's keys nothing is proven", (done.returncode, "proven by" in done.stdout), (4, False))


main()
