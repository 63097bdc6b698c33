"""Request core, R, ctx and H(parameters): docs/FORMATS.md, 2.3."""

import cbor
from ring import be4, pad16, sha256


def parameters_digest(set_id, d, log_t, box_digest, k, block, n_in, plan_digest, purpose, proof_suite=0,
                      data_commitment=None):
    return sha256(
        cbor.encode([set_id, proof_suite, d, log_t, box_digest, k, block, n_in, plan_digest, data_commitment,
                     purpose])
    )


def context(sid, i, kid, model_commitment, parameters):
    return sha256(pad16("HATS-CTX-1"), sid, be4(i), kid, model_commitment, parameters)


def core_of(sid, i, model_commitment, kid, ciphertext_digest, unix_ms, purpose, parameters, proof=None,
            data_commitment=None):
    """proof: [suite, digest] or None."""
    return cbor.encode({
        1: 1, 2: sid, 3: i, 4: 1, 5: model_commitment, 6: kid, 7: ciphertext_digest, 8: proof, 9: None,
        10: data_commitment, 11: unix_ms, 12: None, 13: purpose, 14: parameters,
    })


def core(sid, i, model_commitment, kid, ciphertext, unix_ms, purpose, parameters):
    return core_of(sid, i, model_commitment, kid, sha256(ciphertext), unix_ms, purpose, parameters)


def close_core(sid, i, unix_ms, used, calls):
    """used: the indices of the session, its own included."""
    bitmap = bytearray(-(-calls // 8))
    for index in used:
        bitmap[index // 8] |= 1 << index % 8
    return cbor.encode({
        1: 1, 2: sid, 3: i, 4: 3, 5: None, 6: None, 7: None, 8: None, 9: None, 10: None, 11: unix_ms, 12: None,
        13: 0, 14: None, 15: bytes(bitmap),
    })


def request_digest(core_bytes):
    return sha256(pad16("HATS-REQ-1"), core_bytes)
