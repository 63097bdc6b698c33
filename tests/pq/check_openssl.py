"""usage: check_openssl.py MAKE_CHAIN OPENSSL

Shows a root, a leaf and a private key of ours to the openssl program. Prints TAP.
"""

import pathlib
import subprocess
import sys
import tempfile

make_chain, openssl = sys.argv[1:3]
count = failures = 0


def check(sentence, good, detail=""):
    global count, failures
    count += 1
    failures += not good
    print(f"{'ok' if good else 'not ok'} {count} - {sentence}")
    if not good:
        print("\n".join(f"# {line}" for line in detail.splitlines()))


def ask(*arguments):
    done = subprocess.run([openssl, *arguments], capture_output=True, text=True)
    return done.returncode == 0, done.stdout + done.stderr


with tempfile.TemporaryDirectory() as folder:
    subprocess.run([make_chain, folder], check=True)
    root, leaf, key = (str(pathlib.Path(folder) / name) for name in ("root.pem", "leaf.pem", "leaf.key"))
    strict = ("verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", root)
    check("the leaf stands under the root, strictly", *ask(*strict, leaf))
    for option, name in (("-verify_hostname", "model.example"), ("-verify_ip", "127.0.0.1"), ("-verify_ip", "::1")):
        check(f"the leaf speaks for {name}", *ask(*strict, option, name, leaf))
    for option, name in (("-verify_hostname", "other.example"), ("-verify_ip", "127.0.0.2")):
        good, said = ask(*strict, option, name, leaf)
        check(f"the leaf does not speak for {name}", not good, said)
    good, said = ask("verify", "-CAfile", leaf, leaf)
    check("the leaf does not stand alone", not good, said)
    good, said = ask("x509", "-in", leaf, "-noout", "-text")
    for words in ("Signature Algorithm: ML-DSA-87", "Public Key Algorithm: ML-DSA-65", "CA:FALSE"):
        check(f"the leaf says {words}", words in said, said)
    of_key = ask("pkey", "-in", key, "-pubout")[1]
    of_leaf = ask("x509", "-in", leaf, "-noout", "-pubkey")[1]
    check("the private key is the leaf's", of_key == of_leaf and "PUBLIC KEY" in of_key, of_key)

print(f"1..{count}")
sys.exit(1 if failures else 0)
