"""Challenges and sessions: docs/FORMATS.md, 2.1 and 2.2."""

import hashlib
import hmac

import cbor
from ring import be4, pad16, sha256

ZERO = bytes(32)


def be8(v):
    return v.to_bytes(8, "big")


def rp_id(origin):
    return sha256(pad16("HATS-RP-1"), origin.lower().encode())


def hkdf(secret, info):
    """HKDF-SHA256 without salt, 32 bytes (RFC 5869)."""
    prk = hmac.digest(ZERO, secret, "sha256")
    return hmac.digest(prk, info + b"\x01", "sha256")


def nonce(secret, t_ms, random, tenant_digest, rp):
    key = hkdf(secret, b"nonce" + be8(t_ms // 3600000))
    head = be8(t_ms) + random
    return head + hmac.digest(key, pad16("HATS-NON-1") + head + tenant_digest + rp, "sha256")[:16]


def question(rp):
    return cbor.encode({1: 1, 2: rp})


def challenge(nonce_, now_ms, calls, life_s, tenant_digest, epoch=0, root=ZERO, seq=0, policy=ZERO, epoch_s=0):
    return cbor.encode({1: nonce_, 2: now_ms, 3: epoch, 4: root, 5: seq, 6: policy, 7: calls, 8: life_s,
                        9: epoch_s, 10: tenant_digest})


def block(calls, not_after_ms, nonce_, rp, tenant_digest, owner, exporter=None, epoch=0, policy=ZERO):
    """A tenant session's."""
    out = pad16("HATS-SES-1") + b"\x41" + bytes([exporter is not None]) + bytes(2)
    out += be4(calls) + be8(not_after_ms) + be4(epoch) + bytes(4) + bytes(16) + bytes(32)
    out += nonce_ + rp + policy + (exporter or ZERO) + tenant_digest + owner
    assert len(out) == 280
    return out


def m_of(block_bytes):
    return hashlib.sha256(block_bytes).digest()


def sid(block_bytes, nf=ZERO, root=ZERO):
    return sha256(pad16("HATS-SID-1"), m_of(block_bytes), nf, root)


def request(block_bytes, signature, owner_key):
    return cbor.encode({1: block_bytes, 5: signature, 6: owner_key})
