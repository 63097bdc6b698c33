"""Request core, R, ctx and H(parameters): docs/FORMATS.md, section 2."""

import cbor
from ring import be4, pad16, sha256


def parameters_digest(set_id, d, log_t, box_digest, k, block, n_in, plan_digest, purpose):
    proof_suite = 0
    return sha256(
        cbor.encode([set_id, proof_suite, d, log_t, box_digest, k, block, n_in, plan_digest, None, purpose])
    )


def context(sid, i, kid, model_commitment, parameters):
    return sha256(pad16("HATS-CTX-1"), sid, be4(i), kid, model_commitment, parameters)


def core(sid, i, model_commitment, kid, ciphertext, unix_ms, purpose, parameters):
    return cbor.encode({
        1: 1, 2: sid, 3: i, 4: 1, 5: model_commitment, 6: kid, 7: sha256(ciphertext),
        8: None, 9: None, 10: None, 11: unix_ms, 12: None, 13: purpose, 14: parameters,
    })


def request_digest(core_bytes):
    return sha256(pad16("HATS-REQ-1"), core_bytes)
