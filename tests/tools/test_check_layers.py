"""tools/check-layers on small trees: what it must let pass, and each thing it must refuse."""

import pathlib
import subprocess
import sys
import tempfile

import tap

CHECK = pathlib.Path(sys.argv[1]) / "check-layers"


def check(files):
    """(exit status, output) of the check on a tree with these {path under src: text}."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            file = pathlib.Path(root, "src", path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, CHECK, "--root", root], capture_output=True, text=True, check=False
        )
    return done.returncode, done.stdout


def passes(path, *includes):
    def test():
        status, output = check({path: "".join(f"#include {i}\n" for i in includes)})
        assert status == 0 and output == "", output

    return test


def refused(path, include, because):
    def test():
        status, output = check({path: f"/* one line before */\n#include {include}\n"})
        assert status == 1, "was let pass"
        assert output.startswith(f"src/{path}:2: "), output
        assert because in output and output.count("\n") == 1, output

    return test


def empty_tree():
    status, _ = check({"README": "no source here"})
    assert status == 1


def unknown_folder():
    status, output = check({"misc/a.c": "#include <stdint.h>\n", "base/a.c": ""})
    assert status == 1 and output.startswith("src/misc/a.c:1: the folder misc"), output


def each_fault_has_its_line():
    status, output = check({"base/a.c": '#include "fhe/x.h"\n#include "cli/y.h"\n'})
    assert status == 1 and output.count("\n") == 2, output


tap.run({
    "an include may point down, to the own folder and to the system": passes(
        "fhe/a.c", '"fhe/a.h"', '"ring/ring.h"', '"base/status.h"', "<stdint.h>"),
    "a header beside the file may be named without its folder": passes("hash/a.c", '"lanes.inc"'),
    "an include may not point up": refused("ring/a.c", '"fhe/linear.h"', "above"),
    "folders on one floor do not see each other": refused("client/a.c", '"server/a.h"', "one floor"),
    "an unknown folder is refused": refused("gate/a.c", '"misc/a.h"', "no floor"),
    "a source file in an unknown folder is refused": unknown_folder,
    "a spaced out directive is read as well": refused("base/a.c", ' \t"pq/a.h"', "above"),
    "libcrypto stays in pq and http": refused("gate/a.c", "<openssl/evp.h>", "http and pq"),
    "pq may see libcrypto": passes("pq/a.c", "<openssl/evp.h>"),
    "sqlite stays in store": refused("gate/a.c", "<sqlite3.h>", "only store"),
    "nghttp2 stays in http": refused("server/a.c", "<nghttp2/nghttp2.h>", "only http"),
    "protobuf stays in model": refused("cli/a.c", "<protobuf-c/protobuf-c.h>", "only model"),
    "a verifier never includes a prover": refused(
        "statements/key_verify.c", '"statements/key_prove.h"', "verifier"),
    "a prover may include its verifier": passes(
        "statements/key_prove.c", '"statements/key_verify.h"'),
    "encryption knows nothing about proofs": refused("fhe/a.c", '"stark/air.h"', "only statements"),
    "the server's side never sees decryption": refused(
        "server/a.c", '"fhe/secret.h"', "cannot decrypt"),
    "the client may see decryption": passes("client/a.c", '"fhe/secret.h"'),
    "store knows no cryptographic object": refused("store/a.c", '"pq/mldsa.h"', "moves bytes"),
    "the public API stands on the folders, not under them": refused(
        "gate/a.c", '"hats/hats.h"', "public API"),
    "a folder's api.c implements its part of the public API": passes(
        "evidence/api.c", '"hats/verify.h"'),
    "the client implements the public API": passes("client/a.c", '"hats/hats.h"'),
    "each fault has its line": each_fault_has_its_line,
    "a tree without source files is not a pass": empty_tree,
})
