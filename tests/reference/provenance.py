"""Signed tables, grants and evidence (docs/FORMATS.md, section 11), read without a line of the library."""

import hashlib

import cbor
import mldsa
from plan import parse_decimal
from receipt import LEVEL_OF_ALG, thumbprint
from stark import rpo_hash

P = 2**64 - 2**32 + 1
COMMITMENT_DOMAIN = 4
DECIMAL, CATEGORY = 1, 2


def H(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def pad16(text):
    return text.encode().ljust(16, b"\0")


def be(value, size):
    return (value % 2 ** (8 * size)).to_bytes(size, "big")


# -- schemas and records


class Schema:
    def __init__(self, data):
        said = cbor.decode(data)
        assert list(said) == [1, 2, 3, 4] and said[1] == 1 and cbor.encode(said) == data
        self.data, self.name, self.key, self.fields = data, said[2], said[3], said[4]

    def digest(self):
        return H(pad16("HATS-SCHEMA-1"), self.data)

    def read(self, header, row):
        return [self.cell(field, row[header.index(field[1])]) for field in self.fields]

    @staticmethod
    def cell(field, text):
        if text == "":
            assert field[6] is not None
            return field[6]
        value = parse_decimal(text, field[3]) if field[2] == DECIMAL else field[7].index(text)
        assert field[4] <= value <= field[5]
        return value


def salt_bytes(salt):
    return b"".join(be(s, 8) for s in salt)


def commitment(fields, salt):
    return b"".join(be(v, 8) for v in rpo_hash(COMMITMENT_DOMAIN, [f % P for f in fields] + salt))


def field_salt(salt, i):
    return H(pad16("HATS-FSALT-1"), salt_bytes(salt), be(i, 4))[:16]


def field_leaf(salt_i, i, value):
    return H(b"\0", salt_i, be(i, 4), be(value, 8))


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while 2 * half < len(leaves):
        half *= 2
    return H(b"\1", root(leaves[:half]), root(leaves[half:]))


def path(leaves, i):
    if len(leaves) == 1:
        return []
    half = 1
    while 2 * half < len(leaves):
        half *= 2
    if i < half:
        return path(leaves[:half], i) + [root(leaves[half:])]
    return path(leaves[half:], i - half) + [root(leaves[:half])]


def up(leaf, i, n, digests):
    """The root that a path leads to: the tree's shape says on which side each sibling stands."""
    if n == 1:
        assert not digests
        return leaf
    half = 1
    while 2 * half < n:
        half *= 2
    if i < half:
        return H(b"\1", up(leaf, i, half, digests[:-1]), digests[-1])
    return H(b"\1", digests[-1], up(leaf, i - half, n - half, digests[:-1]))


def split(data):
    return [data[i:i + 32] for i in range(0, len(data), 32)]


def fields_root(fields, salt):
    return root([field_leaf(field_salt(salt, i), i, v) for i, v in enumerate(fields)])


def record_leaf(index, c_d, f):
    return H(b"\0", pad16("HATS-REC-1"), be(index, 8), c_d, f)


class Openings:
    def __init__(self, data):
        assert data[:16] == pad16("HATS-OPN-1")
        n, schema_len = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
        self.n_records = int.from_bytes(data[24:32], "big")
        self.schema = Schema(data[32:32 + schema_len])
        assert len(self.schema.fields) == n
        size, at = 48 + 8 * n, 32 + schema_len
        assert len(data) == at + self.n_records * size
        self.records = []
        for i in range(self.n_records):
            record = data[at + i * size:at + (i + 1) * size]
            words = [int.from_bytes(record[k:k + 8], "big") for k in range(16, size, 8)]
            fields = [v - 2**64 if v >= 2**63 else v for v in words[4:]]
            self.records.append((record[:16], words[:4], fields))


def stored_digests(leaves):
    """In the order in which they become known."""
    stored, peaks = [], []
    for leaf in leaves:
        stored.append(leaf)
        peaks.append((1, leaf))
        while len(peaks) > 1 and peaks[-2][0] == peaks[-1][0]:
            size, right = peaks.pop()
            _, left = peaks.pop()
            peaks.append((2 * size, H(b"\1", left, right)))
            stored.append(peaks[-1][1])
    return b"".join(stored)


# -- signed objects


def signed(data, media_type, keys, roles):
    """The payload of a file that one of `keys` signed in one of `roles`, and the signer's thumbprint."""
    protected, unprotected, payload, signature = cbor.decode(data).value
    head = cbor.decode(protected)
    assert unprotected == {} and head[16] == media_type and head[3] == "application/cbor"
    alg, public, _, has = keys[head[4]]
    assert alg == head[1] and has & roles and head[4] == thumbprint(alg, public)
    message = cbor.encode(["Signature1", protected, b"", payload])
    assert mldsa.verify(LEVEL_OF_ALG[alg], public, message, signature)
    return cbor.decode(payload), head[4]


ROOT_TYPE = "application/vnd.hats.source-root+cose"
STEP_TYPE = "application/vnd.hats.step+cose"
GRANT_TYPE = "application/vnd.hats.grant+cose"
SOURCE, AUTHORISER, PROCESSOR, OWNER = 8, 16, 32, 4


def verify_evidence(data, keys):
    """Claims of root and grant; raises when the lineage or a record does not hold."""
    said = cbor.decode(data)
    assert list(said) == [1, 2, 3, 4, 5, 6] and said[1] == 1
    made = {}
    for file in [*said[5], said[2], *([said[6]] if said[6] else [])]:
        kind = cbor.decode(cbor.decode(file).value[0])[16]
        if kind == ROOT_TYPE:
            claims, kid = signed(file, ROOT_TYPE, keys, SOURCE | PROCESSOR)
            assert keys[kid][3] & (PROCESSOR if claims[8] else SOURCE)
            assert claims[8] is None or made[claims[8]][0] == claims[5]
            made[H(file)] = claims[5], claims[6]
        else:
            claims, kid = signed(file, STEP_TYPE, keys, PROCESSOR | OWNER)
            for parent, commitment_read in claims[4]:
                assert made[parent][0] == commitment_read and made[parent][1] <= claims[7] + 300000
            made[H(file)] = claims[5], claims[7]
    table, source = signed(said[2], ROOT_TYPE, keys, SOURCE | PROCESSOR)
    grant, _ = signed(said[4], GRANT_TYPE, keys, AUTHORISER)
    for index, c_d, f, siblings in said[3]:
        assert up(record_leaf(index, c_d, f), index, table[4], split(siblings)) == table[5]
    assert grant[2] == source and grant[3] == table[2] and grant[4] == table[3]
    assert grant[5] in (None, table[5])
    return table, grant, said[3]
