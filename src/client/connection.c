#include "client/connection.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"
#include "client/log.h"
#include "stark/setup.h"
#include "wire/problem.h"
#include "wire/registration.h"

#include <stdio.h>

#define EXCHANGE_TIMEOUT_MS 30000

static hats_status load_trust(struct hats_trust *trust, const char *path, struct hats_error *err) {
    struct hats_buffer file;
    hats_buffer_init(&file, 1u << 20);
    hats_status s = hats_file_read(&file, path, err);
    if (s == HATS_OK) {
        s = hats_trust_load(trust, file.data, file.len, err);
        if (s != HATS_OK)
            s = hats_fail_in(err, s, "%s", path);
    }
    hats_buffer_clear(&file);
    return s;
}

hats_status hats_client_reconnect(struct hats_client *client, struct hats_error *err) {
    if (client->http != NULL && hats_http_client_usable(client->http))
        return HATS_OK;
    struct hats_http_client_config config;
    hats_http_client_config_init(&config);
    config.host = client->url.host;
    config.port = client->url.port;
    config.tls = client->tls;
    hats_http_client_free(client->http);
    return hats_http_client_connect(&client->http, &config, err);
}

hats_status hats_client_open(struct hats_client **out, const struct hats_server_record *record,
                             enum hats_tls_profile profile, struct hats_error *err) {
    *out = NULL;
    struct hats_client *client = hats_alloc(sizeof *client);
    if (client == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a client");
    struct hats_log_followed log;
    hats_trust_init(&client->trust);
    snprintf(client->origin, sizeof client->origin, "%s", record->origin);
    if (record->token[0] != '\0')
        snprintf(client->authorization, sizeof client->authorization, "Bearer %s", record->token);
    hats_status s = hats_http_url_parse(&client->url, record->origin, err);
    if (s == HATS_OK)
        s = load_trust(&client->trust, record->trust_path, err);
    if (s == HATS_OK)
        s = hats_tls_client_new(&client->tls, profile, record->root_path, err);
    if (s == HATS_OK)
        s = hats_client_reconnect(client, err);
    if (s == HATS_OK && hats_client_has_log(client))
        s = hats_client_log_follow(client, &log, NULL, record, err);
    if (s == HATS_OK)
        *out = client;
    else
        hats_client_close(client);
    return s;
}

void hats_client_close(struct hats_client *client) {
    if (client == NULL)
        return;
    hats_client_session_close(client);
    hats_client_prover_free(client->prover);
    hats_http_client_free(client->http);
    hats_tls_free(client->tls);
    hats_trust_clear(&client->trust);
    hats_free_wiped(client, sizeof *client);
}

const struct hats_tls_info *hats_client_tls(const struct hats_client *client) {
    return hats_http_client_tls(client->http);
}

const struct hats_trust *hats_client_trust(const struct hats_client *client) {
    return &client->trust;
}

hats_status hats_client_exchange(struct hats_client *client, struct hats_buffer *out,
                                 const char *method, const char *path, const void *body,
                                 size_t len_bytes, struct hats_error *err) {
    struct hats_http_header headers[] = {{"authorization", client->authorization}};
    struct hats_http_call call = {
        .method = method,
        .path = path,
        .headers = headers,
        .n_headers = client->authorization[0] != '\0' ? 1 : 0,
        .body = body,
        .len_bytes = len_bytes,
        .timeout_ms = EXCHANGE_TIMEOUT_MS,
    };
    struct hats_http_exchange *x = NULL;
    hats_status s = hats_client_reconnect(client, err);
    if (s == HATS_OK)
        s = hats_http_client_call(client->http, &x, &call, err);
    if (s != HATS_OK)
        return s;
    size_t len = 0;
    const uint8_t *answer = hats_http_exchange_body(x, &len);
    unsigned status = hats_http_exchange_status(x);
    if (status < 200 || status > 299)
        s = hats_problem_to_error(err, status, answer, len);
    else if (out != NULL) {
        hats_buffer_append(out, answer, len);
        if (out->failed)
            s = hats_fail(err, HATS_E_RANGE, "%s: the server's answer is larger than %zu bytes",
                          path, out->max);
    }
    hats_http_exchange_free(x);
    return s;
}

hats_status hats_client_get(struct hats_client *client, struct hats_buffer *out, const char *path,
                            struct hats_error *err) {
    return hats_client_exchange(client, out, "GET", path, NULL, 0, err);
}

static void key_url(char out[96], const uint8_t kid[32]) {
    char hex[65];
    hats_hex_encode(hex, kid, 32);
    snprintf(out, 96, "/v1/keys/%s", hex);
}

hats_status hats_client_prover_ensure(struct hats_client *client, struct hats_error *err) {
    return client->prover != NULL ? HATS_OK : hats_client_prover_new(&client->prover, err);
}

hats_status hats_client_register_key(struct hats_client *client, const struct hats_owner *owner,
                                     struct hats_error *err) {
    char path[96];
    struct hats_buffer body, proof;
    struct hats_challenge challenge;
    uint8_t nonce[32];
    hats_buffer_init(&body, HATS_REGISTRATION_MAX_BYTES);
    hats_buffer_init(&proof, HATS_REGISTRATION_MAX_BYTES);
    key_url(path, owner->kid);
    hats_status s = hats_client_prover_ensure(client, err);
    if (s == HATS_OK)
        s = hats_client_challenge(client, &challenge, err);
    if (s == HATS_OK) {
        hats_registration_proof_nonce(nonce, challenge.nonce, owner->thumbprint, client->origin);
        s = hats_client_prove_key(client->prover, &proof, owner, nonce, err);
    }
    if (s == HATS_OK)
        s = hats_registration_encode(&body, owner->public_key, owner->public_key_len, owner->sign,
                                     client->origin, hats_now_ms(), challenge.nonce,
                                     HATS_STARK_S128, proof.data, proof.len, err);
    if (s == HATS_OK)
        s = hats_client_exchange(client, NULL, "PUT", path, body.data, body.len, err);
    hats_buffer_clear(&proof);
    hats_buffer_clear(&body);
    return s;
}

hats_status hats_client_revoke_key(struct hats_client *client, const uint8_t kid[32],
                                   struct hats_error *err) {
    char path[96];
    key_url(path, kid);
    return hats_client_exchange(client, NULL, "DELETE", path, NULL, 0, err);
}
