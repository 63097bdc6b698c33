"""What the built programs link: read from their symbol tables with nm.

usage: test_programs.py SOURCE_ROOT HATS HATSD
"""

import pathlib
import re
import subprocess
import sys

import tap

root, hats, hatsd = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]

# A function that the server needs, to see that its symbol table can be read at all.
EVALUATE = "hats_linear_evaluate"


def defined(program, *options):
    """The names of the functions and objects that the program defines."""
    listing = subprocess.run(
        ["nm", "--defined-only", *options, program], capture_output=True, text=True, check=True
    ).stdout
    return {line.split()[-1] for line in listing.splitlines() if line.strip()}


def secret_functions():
    """The functions that fhe/secret.h declares: whatever takes or makes a secret key."""
    text = (root / "src/fhe/secret.h").read_text(encoding="utf-8")
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return set(re.findall(r"\b(hats_\w+)\s*\(", code))


def server_cannot_decrypt():
    secret = secret_functions()
    assert {"hats_linear_decrypt", "hats_fhe_secret_new"} <= secret, f"read only {secret}"
    symbols = defined(hatsd)
    assert EVALUATE in symbols, "hatsd has no symbol table to look into"
    linked = secret & symbols
    assert not linked, f"hatsd links {', '.join(sorted(linked))}"


def client_can():
    assert secret_functions() & defined(hats), "the check above would not see decryption in hats"


def exports_nothing_of(program):
    def test():
        exported = defined(program, "--dynamic")
        foreign = {n for n in exported if re.match(r"(OPENSSL|SSL|EVP|X509|CRYPTO|ossl)_", n)}
        assert not foreign, f"exports {len(foreign)} names of OpenSSL, such as {min(foreign)}"

    return test


tap.run({
    "the server links nothing that takes a secret key": server_cannot_decrypt,
    "the same search finds decryption in the client": client_can,
    "hats exports no symbol of a static OpenSSL": exports_nothing_of(hats),
    "hatsd exports no symbol of a static OpenSSL": exports_nothing_of(hatsd),
})
