"""usage: check_log.py DUMP_LOG

Has DUMP_LOG make a log, and reads all of it with the model: checkpoints, tiles, proofs, a receipt with its place.
"""

import pathlib
import random
import subprocess
import sys
import tempfile

import log
import receipt
from tap import Tap


def refused(call, *arguments):
    try:
        call(*arguments)
    except (receipt.Refused, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return True
    return False


def check_proofs(tap, lines, leaves):
    inclusion = consistency = 0
    for line in lines:
        kind, a, b, *path = line.split()
        a, b, path = int(a), int(b), [bytes.fromhex(p) for p in path]
        if kind == "inclusion":
            size, m = a, b
            good = path == log.inclusion(m, leaves[:size])
            good &= log.root_from_inclusion(m, size, leaves[m], path) == log.root(leaves[:size])
            inclusion += good
        else:
            old, size = a, b
            expected = log.consistency(old, leaves[:size]) if old else []
            good = path == expected
            if 0 < old:
                roots = log.roots_from_consistency(old, size, path, log.root(leaves[:old]))
                good &= roots == (log.root(leaves[:old]), log.root(leaves[:size]))
            consistency += good
    tap.same("every inclusion proof is the model's", inclusion, sum(l.startswith("inc") for l in lines))
    tap.same("every consistency proof is the model's", consistency, sum(l.startswith("con") for l in lines))
    tap.check("and there were some", inclusion > 10 and consistency > 10)


def main(dump_log):
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        lines = subprocess.run([dump_log, folder], check=True, capture_output=True, text=True).stdout.splitlines()
        folder = pathlib.Path(folder)
        files = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    keys = receipt.read_keys(files["keys.cose"])
    read = lambda name: files["log/" + name]
    origin, size, root, signers = log.read_checkpoint(read("checkpoint"), keys)
    tap.same("the checkpoint is the log's", (origin, size), ("log.example/hats", 300))
    tap.same("and its witness's", sorted(signers), ["log.example/hats", "witness.example/w1"])
    entries = log.read_entries(read, size)
    leaves = [log.leaf(e) for e in entries]
    tap.same("the root is that of the entries", root, log.root(leaves))
    for name, data in log.tiles(entries).items():
        tap.same(f"{name}", files.get("log/" + name, b""), data)
    _, older, older_root, _ = log.read_checkpoint(files["older.note"], keys)
    tap.same("the older tree is a prefix", older_root, log.root(leaves[:older]))
    check_proofs(tap, lines, leaves)

    file = files["logged.receipt.cose"]
    _, index, of, place_root, witnesses = log.read_logged(file, keys)
    tap.same("the receipt's place is in the signed tree", (index, of, place_root), (0, size, root))
    tap.same("its witness saw that tree", list(witnesses), ["witness.example/w1"])
    sealed, _ = log.strip(file)
    tap.same("its entry is the digest of what was sealed", entries[0], log.sha256(sealed))
    tap.same("what was sealed is a receipt", receipt.read_receipt(sealed, keys)[21], "wdbc")
    tap.check("in less than 12 KB", len(file) < 12288)

    seed = random.SystemRandom().randrange(2**32)
    print(f"# seed {seed}")
    chance = random.Random(seed)
    start = file.index(bytes.fromhex("a219018a"))
    passed = 0
    for _ in range(40):
        at = chance.randrange(start, start + 5200)
        changed = file[:at] + bytes([file[at] ^ 1 << chance.randrange(8)]) + file[at + 1:]
        # a change of a witness's name or key id makes it unknown, and of its absence nothing follows
        passed += not refused(log.read_logged, changed, keys) and log.read_logged(changed, keys)[4] == witnesses
    tap.same("no changed bit of the place passes as witnessed", passed, 0)
    tap.finish()


if __name__ == "__main__":
    main(sys.argv[1])
