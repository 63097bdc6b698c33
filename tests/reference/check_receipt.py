"""usage: check_receipt.py MAKE_SAMPLE

Has MAKE_SAMPLE write a receipt and the signer's keys with the library, reads them with the model, and
shows that the model can say no.
"""

import pathlib
import random
import subprocess
import sys
import tempfile

import cbor
import mldsa
import receipt
from tap import Tap

FLIPS = 120


def refusal(file, keys):
    try:
        receipt.read_receipt(file, keys)
    except receipt.Refused as refused:
        return str(refused)
    return None


def main(make_sample):
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([make_sample, folder], check=True)
        read = lambda name: (pathlib.Path(folder) / name).read_bytes()
        file, keys, public = read("sample.receipt.cose"), read("sample.keys.cose"), read("sample.pub")
        publication = read("sample.publication.cose")
        sessions = [read("sample.opened.cose"), read("sample.closed.cose")]
    known = receipt.read_keys(keys)
    claims = receipt.read_receipt(file, known)
    tap.same("the receipt holds, and names the model", claims[21], "wdbc")
    tap.same("digests are where the page says", claims[40], b"\x88" * 32)
    tap.same("times are milliseconds", claims[51], 1790000000123)
    tap.same("the only key is the signer's", [k[1] for k in known.values()], [public])
    for name, data in (("receipt", file), ("key set", keys), ("publication", publication)):
        tap.same(f"the {name} is the one encoding of what it says", data, cbor.encode(cbor.decode(data)))

    opened, closed = (receipt.read_receipt(data, known) for data in sessions)
    tap.same("a session's opening names no call", (opened[11], opened[12]), (None, None))
    tap.same("its closing does", (closed[11], closed[12]), (4095, b"\x77" * 32))

    seed = random.SystemRandom().randrange(2**32)
    print(f"# seed {seed}")
    pick = random.Random(seed)
    accepted = []
    for at in range(FLIPS):
        place = at if at < 60 else pick.randrange(len(file))
        changed = bytearray(file)
        changed[place] ^= 1 << pick.randrange(8)
        if refusal(bytes(changed), known) is None:
            accepted.append(place)
    tap.same(f"a changed bit is refused in {FLIPS} places", accepted, [])
    tap.same("a longer file is refused", refusal(file + b"\0", known), "file: bytes after the item")
    tap.same("a shorter file is refused", refusal(file[:-1], known), "file: it ends early")
    tap.same("an unknown signer is refused", refusal(file, {}), "the signer is not among the keys")
    tap.same("a publication is not a receipt", refusal(publication, known), "typ is not that of a receipt")
    signed = cbor.decode(file).value
    tbs = cbor.encode(["Signature1", signed[0], b"", signed[2]])
    tap.check("the signature holds as it stands", mldsa.verify(65, public, tbs, signed[3]))
    tap.check("it does not hold in another context", not mldsa.verify(65, public, tbs, signed[3], b"x"))
    tap.check("it does not hold over other bytes", not mldsa.verify(65, public, tbs + b"\0", signed[3]))
    tap.finish()


if __name__ == "__main__":
    main(sys.argv[1])
