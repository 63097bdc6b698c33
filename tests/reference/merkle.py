"""Merkle trees and openings, from docs/FORMATS.md section 7."""

import hashlib


class Refused(Exception):
    pass


def leaf(row, salt=b""):
    return hashlib.sha256(b"\x00" + salt + row).digest()


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree(leaves):
    """All digests by number; the root is 1."""
    n = len(leaves)
    digests = dict(zip(range(n, 2 * n), leaves))
    for i in range(n - 1, 0, -1):
        digests[i] = node(digests[2 * i], digests[2 * i + 1])
    return digests


def missing(k, indices):
    """Numbers of the digests of the path, in its order."""
    known, path = {2**k + j for j in indices}, []
    for _ in range(k):
        lone = sorted(i for i in known if i ^ 1 not in known)
        path += [i ^ 1 for i in lone]
        known = {i // 2 for i in known}
    return path


def root_of(k, opened, path):
    """The root that the opened leaves ({index: digest}) and a path lead to."""
    numbers = missing(k, opened)
    if len(path) != 32 * len(numbers):
        raise Refused("length")
    known = {2**k + j: digest for j, digest in opened.items()}
    known.update((i, path[32 * at : 32 * at + 32]) for at, i in enumerate(numbers))
    for i in range(2**k - 1, 0, -1):
        if 2 * i in known and 2 * i + 1 in known:
            known[i] = node(known[2 * i], known[2 * i + 1])
    return known[1]
