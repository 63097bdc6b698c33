"""The server program cannot decrypt, and makes no proofs: it holds none of the key holder's symbols.

usage: symbols.py BUILD-DIR          (prints TAP)

The control is the client program, which must hold them: a search that finds nothing anywhere proves
nothing.
"""
import subprocess
import sys
import os

build = sys.argv[1]
SECRET = ["hats_fhe_secret_new", "hats_linear_encrypt", "hats_linear_decrypt", "hats_fhe_public_key_of"]
PROVER = ["hats_stark_prove", "hats_encryption_prove", "hats_encryption_fill", "hats_key_prove"]
VERIFIER = ["hats_stark_verify", "hats_encryption_verify", "hats_key_verify"]


def symbols(program, *flags):
    out = subprocess.run(["nm", *flags, os.path.join(build, program)], capture_output=True, text=True,
                         check=True).stdout
    return {line.split()[-1] for line in out.splitlines() if line.split()}


def check(number, name, ok, note):
    print(f"{'ok' if ok else 'not ok'} {number} - {name}")
    if not ok:
        print("#", note)
    return ok


hats, hatsd = symbols("hats"), symbols("hatsd")
exported = [s for s in symbols("hatsd", "-D", "--defined-only") | symbols("hats", "-D", "--defined-only")
            if s.startswith(("SSL_", "EVP_", "OPENSSL_", "CRYPTO_", "X509_"))]
good = [
    check(1, "control: hats holds every secret-key function", set(SECRET) <= hats, set(SECRET) - hats),
    check(2, "hatsd holds none of them", not set(SECRET) & hatsd, set(SECRET) & hatsd),
    check(3, "hatsd holds nothing of fhe/secret.c under another name",
          not any("fhe_secret" in s or "decrypt" in s and s.startswith("hats_") for s in hatsd),
          [s for s in hatsd if "fhe_secret" in s or "decrypt" in s and s.startswith("hats_")]),
    check(4, "hatsd holds the evaluation", "hats_linear_evaluate" in hatsd, "not found"),
    check(5, "control: hats holds the prover", set(PROVER) <= hats, set(PROVER) - hats),
    check(6, "hatsd holds no prover", not any("_prove" in s and s.startswith("hats_") and not s.startswith("hats_tlog_") for s in hatsd),
          [s for s in hatsd if "_prove" in s and not s.startswith("hats_tlog_")]),
    check(7, "hatsd holds the verifier", set(VERIFIER) <= hatsd, set(VERIFIER) - hatsd),
    check(8, "neither program exports the TLS library's symbols", not exported, exported[:5]),
]
print(f"1..{len(good)}")
sys.exit(not all(good))
