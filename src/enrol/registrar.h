/* The registrar's half of an enrolment: whom to believe what. */
#ifndef HATS_ENROL_REGISTRAR_H
#define HATS_ENROL_REGISTRAR_H

#include "enrol/enrol.h"

/* A maker whose chips are believed to be what the level says. A test's certificate authority is a maker, of level
 * 0. Borrowed. */
struct hats_enrol_maker {
    struct hats_classical_der root;
    enum hats_assurance level;
    uint32_t firmware; /* class that devices of this maker are in; 0 is software */
};

/* What a registrar remembers between hello and answer; wipe it. */
struct hats_enrol_pending {
    bool hardware;
    enum hats_assurance level;
    uint32_t firmware;
    uint8_t ak_name[HATS_TPM_NAME_LEN];
    struct hats_classical_key ak;
    uint8_t nonce[HATS_ENROL_NONCE_LEN];
    uint8_t secret[HATS_ENROL_SECRET_LEN];
    uint32_t epoch, pcr_mask;
};

/* Checks a hello and answers it: appends the challenge. HATS_E_TRUST: the certificate leads to no maker;
 * HATS_E_VERIFY: it is about another EK, or EK or AK is not of the kind that it must be; HATS_E_MALFORMED. */
HATS_MUST_USE hats_status hats_enrol_begin(struct hats_enrol_pending *pending,
                                           struct hats_buffer *challenge, const uint8_t *hello,
                                           size_t hello_len_bytes,
                                           const struct hats_enrol_maker *makers, size_t n_makers,
                                           const uint8_t registrar[32], uint32_t epoch,
                                           uint32_t pcr_mask, uint64_t now_ms,
                                           struct hats_error *err);

/* Checks an answer. leaf: all but not_after_s and serial, which are the registrar's; posture has the attested
 * and the said bits. HATS_E_VERIFY says which step failed; HATS_E_MALFORMED. */
HATS_MUST_USE hats_status hats_enrol_finish(struct hats_device_leaf *leaf,
                                            const struct hats_enrol_pending *pending,
                                            const uint8_t *answer, size_t answer_len_bytes,
                                            struct hats_error *err);

#endif
