"""Receipts and key sets (docs/FORMATS.md, section 4), read without a line of the library.

    file      = 18([ protected, {}, payload, signature ])
    signature = ML-DSA over ["Signature1", protected, h'', payload], empty context
    kid       = SHA-256 of {1: 7, 3: alg, -1: public key}
"""

import hashlib

import cbor
import mldsa

LEVEL_OF_ALG = {-48: 44, -49: 65, -50: 87}
RECEIPT_TYPE = "application/vnd.hats.receipt+cose"
PLAIN_MAX = 128
TIME_MAX_MS = 253402300799999

NAMES = {
    1: "version", 2: "kind", 3: "suite", 10: "sid", 11: "call index", 12: "R", 13: "device frame",
    14: "device registry", 15: "session receipt", 20: "model commitment", 21: "model name", 22: "model version",
    23: "plan digest", 24: "parameter set", 30: "encryption key", 31: "owner", 32: "ciphertext digest",
    33: "proof", 34: "data commitment", 40: "output digest", 41: "flood commitment", 50: "accepted", 51: "done",
    70: "TLS group", 71: "TLS signature", 72: "server authentication", 80: "tenant digest", 81: "server build",
    90: "gate steps",
}
ANSWER, SESSION = 1, 2
CLAIMS = {
    ANSWER: set(NAMES) - {14},
    SESSION: {1, 2, 3, 10, 11, 12, 13, 14, 31, 50, 51, 70, 71, 72, 80, 81, 90},
}


class Refused(ValueError):
    pass


def demand(condition, reason):
    if not condition:
        raise Refused(reason)


def decode(data, what):
    try:
        return cbor.decode(data)
    except cbor.Refused as error:
        raise Refused(f"{what}: {error}") from error


def thumbprint(alg, public):
    return hashlib.sha256(cbor.encode({1: 7, 3: alg, -1: public})).digest()


def read_keys(data):
    """{kid: (alg, public key, name, roles)} of a *.keys.cose file."""
    keys = {}
    for key in decode(data, "keys"):
        demand(isinstance(key, dict) and key.get(1) == 7, "keys: not an AKP key")
        demand(key[2] == thumbprint(key[3], key[-1]), "keys: a kid that is not the thumbprint")
        keys[key[2]] = (key[3], key[-1], key[-65537], key[-65538])
    return keys


def digest(value):
    return isinstance(value, bytes) and len(value) == 32


def number(value, most):
    return type(value) is int and 0 <= value <= most


def text(value, most):
    return isinstance(value, str) and 0 < len(value.encode()) < most and value.isprintable()


def check_answer(claims):
    good = {key: digest(claims[key]) for key in (12, 15, 20, 23, 30, 32, 40, 41)}
    good |= {21: text(claims[21], PLAIN_MAX), 22: text(claims[22], PLAIN_MAX)}
    good[11] = number(claims[11], 2**24 - 1)
    good[24] = isinstance(claims[24], list) and len(claims[24]) == 4
    good[24] = good[24] and all(number(v, 2**32 - 1) for v in claims[24])
    good[33] = claims[33] is None or (
        isinstance(claims[33], list) and len(claims[33]) == 2 and number(claims[33][0], 2**32 - 1)
        and digest(claims[33][1])
    )
    good[34] = claims[34] is None or digest(claims[34])
    return good


def check_session(claims):
    opens = claims[11] is None and claims[12] is None
    closes = number(claims[11], 2**24 - 1) and digest(claims[12])
    registry = claims[14]
    fine = isinstance(registry, list) and len(registry) == 4 and digest(registry[0]) and digest(registry[2])
    fine = fine and number(registry[1], 2**63 - 1) and number(registry[3], 15)
    return {11: opens or closes, 14: fine}


def check_claims(claims):
    demand(isinstance(claims, dict), "the claims are not a map")
    kind = claims.get(2)
    demand(type(kind) is int and kind in CLAIMS, "claim 2 (kind) is not what it must be")
    for key in set(claims) ^ CLAIMS[kind]:
        demand(False, f"claim {key} is {'unknown' if key in claims else 'missing'}")
    good = check_answer(claims) if kind == ANSWER else check_session(claims)
    good |= {key: digest(claims[key]) for key in (10, 80, 81)}
    good |= {key: claims[key] is None or digest(claims[key]) for key in (13, 31)}
    good |= {key: claims[key] == 1 and type(claims[key]) is int for key in (1, 3)}
    good |= {70: text(claims[70], 64), 71: text(claims[71], 64), 72: claims[72] in ("pq", "classical")}
    good |= {50: number(claims[50], TIME_MAX_MS), 51: number(claims[51], TIME_MAX_MS)}
    good[90] = number(claims[90], 2**13 - 1)
    for key, fine in good.items():
        demand(fine, f"claim {key} ({NAMES[key]}) is not what it must be")
    demand(claims[50] <= claims[51], "claim 51 (done) lies before claim 50 (accepted)")


def check_header(header):
    demand(isinstance(header, dict) and list(header) == [1, 3, 4, 15, 16], "the header is not ours")
    demand(header[1] in LEVEL_OF_ALG, "alg is not ML-DSA")
    demand(header[3] == "application/cbor", "the content type is not CBOR")
    demand(digest(header[4]), "kid is not 32 bytes")
    demand(isinstance(header[15], dict) and list(header[15]) == [1, 6], "not exactly iss and iat")
    demand(isinstance(header[15][1], str) and number(header[15][6], 2**63), "iss or iat")
    demand(isinstance(header[16], str), "typ is not a text")


def read_receipt(data, keys):
    """The claims of a receipt whose signature holds under one of `keys`; Refused otherwise."""
    file = decode(data, "file")
    demand(isinstance(file, cbor.Tagged) and isinstance(file.value, list), "not a COSE_Sign1")
    demand(len(file.value) == 4, "a COSE_Sign1 has four members")
    protected, unprotected, payload, signature = file.value
    for part in (protected, payload, signature):
        demand(isinstance(part, bytes), "a member is not a byte string")
    demand(unprotected == {}, "the unprotected header is not empty")
    header = decode(protected, "protected header")
    check_header(header)
    demand(header[16] == RECEIPT_TYPE, "typ is not that of a receipt")
    claims = decode(payload, "payload")
    check_claims(claims)
    demand(header[1] == -49, "suite 1 is signed with ML-DSA-65")
    demand(header[15][6] == claims[51] // 1000, "iat and claim 51 differ")
    demand(header[4] in keys, "the signer is not among the keys")
    alg, public, _, roles = keys[header[4]]
    demand(alg == header[1] and roles & 1, "the key may not sign receipts")
    signed = cbor.encode(["Signature1", protected, b"", payload])
    demand(mldsa.verify(LEVEL_OF_ALG[alg], public, signed, signature), "the signature does not hold")
    return claims
