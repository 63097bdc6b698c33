#include "wire/problem.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const struct hats_problem_info table[HATS_PROBLEM_COUNT] = {
    [HATS_PROBLEM_NONE] = {"none", 200, "No problem.", ""},
    [HATS_PROBLEM_NOT_FOUND] = {"path-unknown", 404, "There is nothing at this path.",
                                "See /openapi.json for the paths this server has."},
    [HATS_PROBLEM_METHOD] = {"method-not-allowed", 405, "This path does not take this method.",
                             "See /openapi.json for the methods of each path."},
    [HATS_PROBLEM_TOKEN_MISSING] = {"token-missing", 401, "The request carries no tenant token.",
                                    "Send the field 'authorization: Bearer TOKEN'."},
    [HATS_PROBLEM_TOKEN_UNKNOWN] = {"token-unknown", 401, "The tenant token is not known here.",
                                    "Check the token with the provider who issued it."},
    [HATS_PROBLEM_LENGTH_REQUIRED] = {"length-required", 411,
                                      "The request does not say how long its body is.",
                                      "Send a content-length field."},
    [HATS_PROBLEM_BODY_TOO_LARGE] = {"body-too-large", 413,
                                     "The body is larger than this path takes.",
                                     "Make the ciphertext for this model's plan, no other."},
    [HATS_PROBLEM_BODY_MALFORMED] = {"body-malformed", 400, "The body is not what this path takes.",
                                     "Send the tensors that docs/PROTOCOL.md lists, complete."},
    [HATS_PROBLEM_CORE_MISSING] = {"core-missing", 400, "The request carries no request core.",
                                   "Send it in the field HATS-Core or as tensor hats.core."},
    [HATS_PROBLEM_CORE_MALFORMED] = {"core-malformed", 400,
                                     "The request core is not a canonical encoding.",
                                     "Encode it as docs/FORMATS.md says, deterministically."},
    [HATS_PROBLEM_MODEL_UNKNOWN] = {"model-unknown", 404, "No model of this name is served here.",
                                    "GET /v2 lists the models."},
    [HATS_PROBLEM_MODEL_CHANGED] = {"model-changed", 409,
                                    "The model served now is not the one the request names.",
                                    "Fetch the plan again and make a new request."},
    [HATS_PROBLEM_PARAMETERS] = {"parameters-mismatch", 422,
                                 "The request was made for other parameters than this model's.",
                                 "Fetch the plan again and make a new request."},
    [HATS_PROBLEM_KEY_UNKNOWN] = {"key-unknown", 404, "The key is not registered here.",
                                  "Register it first: hats key register."},
    [HATS_PROBLEM_KEY_FOREIGN] = {"key-foreign", 403, "The key belongs to another tenant or owner.",
                                  "Use a key that was registered with this token, and a session of "
                                  "its owner."},
    [HATS_PROBLEM_KEY_REVOKED] = {"key-revoked", 410, "The key was revoked, which is for ever.",
                                  "Make a new key (hats keygen) and register it."},
    [HATS_PROBLEM_KEY_MALFORMED] = {"key-malformed", 400,
                                    "The registration is not a canonical encoding.",
                                    "Encode it as docs/FORMATS.md says; hats key register does."},
    [HATS_PROBLEM_KEY_SIGNATURE] = {"key-signature", 422,
                                    "The owner's signature over the registration does not hold.",
                                    "Sign the registration for this origin with the owner key."},
    [HATS_PROBLEM_CLOCK] = {"clock-skew", 422,
                            "The time in the request is too far from this server's time.",
                            "Set the clock of the sending machine and try again."},
    [HATS_PROBLEM_CIPHERTEXT_DIGEST] = {"ciphertext-digest", 422,
                                        "The ciphertext is not the one the request core names.",
                                        "Send the ciphertext that was hashed into the core."},
    [HATS_PROBLEM_CIPHERTEXT_MALFORMED] = {"ciphertext-malformed", 400,
                                           "The ciphertext object is not well formed.",
                                           "Make it for this model's plan and parameter set."},
    [HATS_PROBLEM_CHALLENGE_UNKNOWN] =
        {"challenge-unknown", 422, "The nonce is no challenge of this service to this tenant.",
         "Ask for a challenge with the same token and origin, and use it at once."},
    [HATS_PROBLEM_CHALLENGE_EXPIRED] = {"challenge-expired", 422,
                                        "The challenge is more than two minutes old.",
                                        "Ask for a new challenge."},
    [HATS_PROBLEM_CHALLENGE_USED] = {"challenge-used", 409,
                                     "The challenge was answered before; each is good once.",
                                     "Ask for a new challenge."},
    [HATS_PROBLEM_ORIGIN] = {"origin-mismatch", 422,
                             "This server does not go by the name that was dialled.",
                             "Dial one of the server's origins; its operator lists them in "
                             "hatsd.toml."},
    [HATS_PROBLEM_SESSION_MALFORMED] = {"session-malformed", 400,
                                        "The session request is not a canonical encoding.",
                                        "Encode it as docs/FORMATS.md says."},
    [HATS_PROBLEM_SESSION_TERMS] = {"session-terms", 422,
                                    "The session asks for what the challenge does not give.",
                                    "Ask for a new challenge and keep within what it says."},
    [HATS_PROBLEM_SESSION_BINDING] = {"session-binding", 422,
                                      "The session is bound to another connection than this one.",
                                      "Open it on the connection whose exporter it names."},
    [HATS_PROBLEM_SESSION_SIGNATURE] = {"session-signature", 422,
                                        "The owner's signature over the session does not hold.",
                                        "Sign the block with the owner key that it names."},
    [HATS_PROBLEM_SESSION_UNKNOWN] = {"session-unknown", 404, "There is no such session for you.",
                                      "Open a session and make a new request in it."},
    [HATS_PROBLEM_SESSION_EXPIRED] = {"session-expired", 409, "The session's time is over.",
                                      "Open a new session and make a new request in it."},
    [HATS_PROBLEM_SESSION_SUPERSEDED] = {"session-superseded", 409,
                                         "A newer session has taken the place of this one.",
                                         "If it was not yours, another holds your device's secret; "
                                         "else open a new session."},
    [HATS_PROBLEM_SESSION_CLOSED] = {"session-closed", 409, "The session was closed.",
                                     "Open a new session and make a new request in it."},
    [HATS_PROBLEM_SESSION_BURNT] =
        {"session-burnt", 409,
         "An index of the session was used for two requests, so it takes "
         "no more.",
         "Open a new session; find out what makes two requests under one "
         "index."},
    [HATS_PROBLEM_SESSION_REVOKED] = {"session-revoked", 409, "The session was revoked.",
                                      "Open a new session and make a new request in it."},
    [HATS_PROBLEM_SESSION_CLOSE] =
        {"close-mismatch", 422, "The list of used indices is not that of this session.",
         "List every index that a request was sent under, the close's own "
         "included."},
    [HATS_PROBLEM_INDEX_RANGE] = {"index-range", 400,
                                  "The call's index lies beyond what the session was opened for.",
                                  "Open a new session and make a new request in it."},
    [HATS_PROBLEM_PROOF_MISSING] = {"proof-missing", 400, "The request carries no proof.",
                                    "Make one; hats infer and hats key register always do."},
    [HATS_PROBLEM_PROOF_SUITE] = {"suite-refused", 422, "Proofs of this suite are not taken here.",
                                  "Make the proof with a suite that /.well-known/hats lists."},
    [HATS_PROBLEM_PROOF_DIGEST] = {"proof-digest", 422,
                                   "The proof is not the one the request core names.",
                                   "Send the proof that was hashed into the core."},
    [HATS_PROBLEM_PROOF_MALFORMED] =
        {"proof-malformed", 400, "The proof is not well formed.",
         "Make it for this model's plan, with this program's version."},
    [HATS_PROBLEM_PROOF_FALSE] =
        {"proof-false", 422, "The proof does not hold for this request.",
         "Make ciphertext and proof together, for this session, index, key and model; a key's proof "
         "for the nonce of its registration."},
    [HATS_PROBLEM_CALL_REUSED] =
        {"call-reused", 409,
         "This session and index were used by another request; the session "
         "takes no more.",
         "Open a new session and make a new request in it."},
    [HATS_PROBLEM_CALL_PENDING] = {"call-pending", 202,
                                   "The call was accepted and is not finished yet.",
                                   "Send the identical request again in a moment."},
    [HATS_PROBLEM_ANSWER_GONE] = {"answer-gone", 410,
                                  "The call was answered; the answer is no longer kept.",
                                  "Make a new request under a fresh index."},
    [HATS_PROBLEM_RECEIPT_UNKNOWN] = {"receipt-unknown", 404, "There is no such receipt for you.",
                                      "Use the identifier that came with the answer."},
    [HATS_PROBLEM_QUOTA] = {"quota-exceeded", 429, "This tenant's rate of requests is used up.",
                            "Wait as long as the field retry-after says."},
    [HATS_PROBLEM_BUSY] = {"busy", 503, "The server has as much work as it may hold.",
                           "Wait as long as the field retry-after says."},
    [HATS_PROBLEM_DRAINING] = {"draining", 503, "The server is shutting down.",
                               "Connect again; another server or a restart will take the request."},
    [HATS_PROBLEM_STORAGE] = {"storage", 507, "The server could not store the call durably.",
                              "Nothing was answered; try again later with the identical request."},
    [HATS_PROBLEM_INTERNAL] = {"internal", 500, "The server failed.",
                               "Try the identical request again; it is never evaluated twice."},
};

const struct hats_problem_info *hats_problem_info(enum hats_problem p) {
    assert((unsigned)p < HATS_PROBLEM_COUNT);
    return &table[p];
}

enum hats_problem hats_problem_by_code(const char *code) {
    for (int p = 1; p < HATS_PROBLEM_COUNT; p++)
        if (strcmp(table[p].code, code) == 0)
            return (enum hats_problem)p;
    return HATS_PROBLEM_NONE;
}

void hats_problem_render(struct hats_buffer *out, enum hats_problem p, const char *detail) {
    const struct hats_problem_info *info = hats_problem_info(p);
    char type[96];
    char sentence[640];
    snprintf(type, sizeof type, "urn:hats:problem:%s", info->code);
    bool more = detail != NULL && detail[0] != '\0';
    snprintf(sentence, sizeof sentence, "%s%s%s", info->title, more ? " " : "", more ? detail : "");
    json_t *doc = json_pack("{s:s, s:s, s:i, s:s, s:s, s:s}", "type", type, "title", info->title,
                            "status", (int)info->status, "detail", more ? detail : info->title,
                            "advice", info->advice, "error", sentence);
    if (doc == NULL && more) { /* a detail that is not UTF-8 */
        hats_problem_render(out, p, NULL);
        return;
    }
    char *text = doc != NULL ? json_dumps(doc, JSON_COMPACT) : NULL;
    if (text != NULL)
        hats_buffer_append(out, text, strlen(text));
    else
        out->failed = true;
    free(text);
    json_decref(doc);
}

static hats_status status_of(enum hats_problem p, unsigned http_status) {
    switch (p) {
    case HATS_PROBLEM_NONE: return http_status >= 500 ? HATS_E_NETWORK : HATS_E_MALFORMED;
    case HATS_PROBLEM_BUSY:
    case HATS_PROBLEM_QUOTA:
    case HATS_PROBLEM_DRAINING:
    case HATS_PROBLEM_CALL_PENDING: return HATS_E_BUSY;
    case HATS_PROBLEM_NOT_FOUND:
    case HATS_PROBLEM_MODEL_UNKNOWN:
    case HATS_PROBLEM_KEY_UNKNOWN:
    case HATS_PROBLEM_RECEIPT_UNKNOWN:
    case HATS_PROBLEM_KEY_REVOKED:
    case HATS_PROBLEM_SESSION_UNKNOWN:
    case HATS_PROBLEM_ANSWER_GONE: return HATS_E_NOT_FOUND;
    case HATS_PROBLEM_MODEL_CHANGED:
    case HATS_PROBLEM_CHALLENGE_USED:
    case HATS_PROBLEM_SESSION_EXPIRED:
    case HATS_PROBLEM_SESSION_SUPERSEDED:
    case HATS_PROBLEM_SESSION_CLOSED:
    case HATS_PROBLEM_SESSION_BURNT:
    case HATS_PROBLEM_SESSION_REVOKED:
    case HATS_PROBLEM_CALL_REUSED: return HATS_E_CONFLICT;
    case HATS_PROBLEM_STORAGE:
    case HATS_PROBLEM_INTERNAL: return HATS_E_NETWORK;
    default: return HATS_E_DENIED;
    }
}

hats_status hats_problem_to_error(struct hats_error *err, unsigned http_status, const uint8_t *body,
                                  size_t len_bytes) {
    static const char prefix[] = "urn:hats:problem:";
    json_t *doc = len_bytes <= HATS_PROBLEM_BODY_MAX
                      ? json_loadb((const char *)body, len_bytes, JSON_REJECT_DUPLICATES, NULL)
                      : NULL;
    const char *type = json_string_value(json_object_get(doc, "type"));
    enum hats_problem p = HATS_PROBLEM_NONE;
    if (type != NULL && strncmp(type, prefix, sizeof prefix - 1) == 0)
        p = hats_problem_by_code(type + sizeof prefix - 1);
    hats_status s = status_of(p, http_status);
    if (p == HATS_PROBLEM_NONE) {
        hats_fail(err, s,
                  "the server answered with HTTP status %u and no explanation this client "
                  "knows; is it a hats server of this version?",
                  http_status);
    } else {
        const struct hats_problem_info *info = hats_problem_info(p);
        const char *detail = json_string_value(json_object_get(doc, "detail"));
        bool more = detail != NULL && strcmp(detail, info->title) != 0;
        hats_fail(err, s, "the server refused (%s): %s%s%.160s What to do: %s", info->code,
                  info->title, more ? " " : "", more ? detail : "", info->advice);
    }
    json_decref(doc);
    return s;
}
