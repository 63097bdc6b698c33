"""The log (docs/FORMATS.md, section 14): trees, proofs, checkpoints, tiles, receipts with their place.

    root([])  = H("")        root([d]) = d        root(D) = H(1 | root(D[:k]) | root(D[k:])), k < len(D) <= 2k
"""

import base64
import hashlib

import cbor
import mldsa
import receipt
from receipt import Refused, demand

ROLE_LOG, ROLE_WITNESS = 64, 128
DASH = "\u2014 "


def sha256(data):
    return hashlib.sha256(data).digest()


def leaf(entry):
    return sha256(b"\0" + entry)


def node(left, right):
    return sha256(b"\1" + left + right)


def split(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def root(leaves):
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node(root(leaves[:k]), root(leaves[k:]))


# proofs, as RFC 9162 defines them recursively; verified by the same recursion, not by its loops

def inclusion(m, leaves):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return inclusion(m, leaves[:k]) + [root(leaves[k:])]
    return inclusion(m - k, leaves[k:]) + [root(leaves[:k])]


def consistency(m, leaves, whole=True):
    n = len(leaves)
    if m == n:
        return [] if whole else [root(leaves)]
    k = split(n)
    if m <= k:
        return consistency(m, leaves[:k], whole) + [root(leaves[k:])]
    return consistency(m - k, leaves[k:], False) + [root(leaves[:k])]


def root_from_inclusion(m, n, digest, path):
    demand(0 <= m < n, "no such leaf")
    if n == 1:
        demand(not path, "the path is too long")
        return digest
    demand(path, "the path is too short")
    k = split(n)
    if m < k:
        return node(root_from_inclusion(m, k, digest, path[:-1]), path[-1])
    return node(path[-1], root_from_inclusion(m - k, n - k, digest, path[:-1]))


def roots_from_consistency(m, n, path, old_root, whole=True):
    """(root of m, root of n)"""
    if m == n:
        if whole:
            demand(not path, "the path is too long")
            return old_root, old_root
        demand(len(path) == 1, "the path has another length")
        return path[0], path[0]
    demand(path, "the path is too short")
    k = split(n)
    if m <= k:
        old, new = roots_from_consistency(m, k, path[:-1], old_root, whole)
        return old, node(new, path[-1])
    old, new = roots_from_consistency(m - k, n - k, path[:-1], old_root, False)
    return node(path[-1], old), node(path[-1], new)


# checkpoints

def message(origin, size, digest, name, time):
    return (b"subtree/v1\n\0" + bytes([len(name)]) + name.encode() + time.to_bytes(8, "big")
            + bytes([len(origin)]) + origin.encode() + bytes(8) + size.to_bytes(8, "big") + digest)


def key_id(name, public):
    return sha256(name.encode() + b"\n\x06" + public)[:4]


def check_cosignature(origin, size, digest, name, public, cosignature):
    demand(len(cosignature) == 2428, "a cosignature has another length")
    time = int.from_bytes(cosignature[:8], "big")
    demand(0 < time < 2**63, "signed without a time")
    demand(mldsa.verify(44, public, message(origin, size, digest, name, time), cosignature[8:]),
           f"the signature of {name} does not hold")
    return time


def read_checkpoint(note, keys):
    """(origin, size, root, {signer: time}) of the lines by `keys`; the log itself must be among them."""
    text = note.decode()
    body, _, signatures = text.partition("\n\n")
    lines = body.split("\n")
    demand(len(lines) == 3 and signatures.endswith("\n"), "not three lines and signatures")
    origin, size, digest = lines[0], lines[1], base64.b64decode(lines[2], validate=True)
    demand(size.isdecimal() and str(int(size)) == size and len(digest) == 32, "not a size and a root")
    signers = {}
    for line in signatures[:-1].split("\n"):
        demand(line.startswith(DASH), "not a line of a signature")
        name, encoded = line[len(DASH):].split(" ")
        raw = base64.b64decode(encoded, validate=True)
        for alg, public, known, roles in keys.values():
            if alg == -48 and known == name and roles & (ROLE_LOG | ROLE_WITNESS) and key_id(name, public) == raw[:4]:
                signers[name] = check_cosignature(origin, int(size), digest, name, public, raw[4:])
    demand(origin in signers, "the log did not sign it")
    return origin, int(size), digest, signers


# tiles

def tile_name(kind, index, width):
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[i:i + 3] for i in range(0, len(digits), 3)]
    parts = ["x" + p for p in parts[:-1]] + parts[-1:]
    return f"tile/{kind}/{'/'.join(parts)}" + (f".p/{width}" if width != 256 else "")


def read_entries(read, size):
    """All entries of a log of `size`, from its bundles; read(name) gives a file."""
    entries = []
    for index in range(-(-size // 256)):
        width = min(256, size - 256 * index)
        bundle = read(tile_name("entries", index, width))
        demand(len(bundle) == 34 * width, "a bundle has another length")
        for i in range(width):
            demand(bundle[34 * i:34 * i + 2] == b"\0\x20", "an entry is not 32 bytes")
            entries.append(bundle[34 * i + 2:34 * i + 34])
    return entries


def tiles(entries):
    """{name: bytes} of every tile that the page asks for."""
    files, level, digests = {}, 0, [leaf(e) for e in entries]
    while digests:
        for index in range(-(-len(digests) // 256)):
            part = digests[256 * index:256 * index + 256]
            files[tile_name(level, index, len(part))] = b"".join(part)
        digests = [root(digests[i:i + 256]) for i in range(0, len(digests) - 255, 256)]
        level += 1
    return files


# a receipt with its place

def strip(file):
    """The file as it was sealed, and its unprotected map."""
    outer = receipt.decode(file, "file").value
    sealed = cbor.encode(cbor.Tagged(18, [outer[0], {}, outer[2], outer[3]]))
    return sealed, outer[1]


def read_logged(file, keys):
    """(origin, index, size, root, {witness: time}); the receipt's own signature is receipt.py's affair."""
    sealed, unprotected = strip(file)
    demand(set(unprotected) in ({394}, {394, -65601}) and len(unprotected[394]) == 1, "the map is not that of a log")
    inner = receipt.decode(unprotected[394][0], "the log's receipt").value
    demand(len(inner) == 4 and inner[2] is None, "the payload is not detached")
    header = receipt.decode(inner[0], "the log's header")
    demand(list(header) == [1, 4, 15, 395] and header[1] == -48 and header[395] == 1, "the log's header is another")
    demand(list(inner[1]) == [396] and list(inner[1][396]) == [-1] and len(inner[1][396][-1]) == 1, "not one proof")
    size, index, path = receipt.decode(inner[1][396][-1][0], "the proof")
    digest = root_from_inclusion(index, size, leaf(sha256(sealed)), path)
    demand(header[4] in keys, "no such log")
    alg, public, name, roles = keys[header[4]]
    origin = header[15][1]
    demand(alg == -48 and roles & ROLE_LOG and name == origin, "not a log's key")
    signed = cbor.encode(["Signature1", inner[0], b"", digest])
    demand(mldsa.verify(44, public, signed, inner[3]), "the log's signature does not hold")
    witnesses = {}
    for name, identity, cosignature in unprotected.get(-65601, []):
        for alg, public, known, roles in keys.values():
            if alg == -48 and known == name and roles & ROLE_WITNESS and key_id(name, public) == identity:
                witnesses[name] = check_cosignature(origin, size, digest, name, public, cosignature)
    return origin, index, size, digest, witnesses
