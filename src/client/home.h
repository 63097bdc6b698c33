/* The client's folder: keys it holds, servers it knows.
 *
 *     HOME/keys/NAME.fhe.key     "HATS-SK-1" pad16 | set id (4) | seed (32) | H(all before), mode 0600
 *     HOME/keys/NAME.owner.pem   the owner's ML-DSA-65 key, PKCS#8, mode 0600
 *     HOME/servers/HOST_PORT/    root.pem, trust.keys.cose, token (mode 0600)
 *
 * HOME is what --home names, else $HATS_HOME, else ~/.hats. Secret files that others can read are
 * refused when they are loaded.
 */
#ifndef HATS_CLIENT_HOME_H
#define HATS_CLIENT_HOME_H

#include "base/file.h"
#include "fhe/secret.h"
#include "pq/mldsa.h"

#define HATS_KEY_NAME_MAX 64
#define HATS_TOKEN_MAX 256

struct hats_home {
    char path[HATS_PATH_MAX];
};
/* dir may be NULL. Creates nothing. */
HATS_MUST_USE hats_status hats_home_open(struct hats_home *home, const char *dir,
                                         struct hats_error *err);

/* One owner: encryption key and signing key. */
struct hats_owner {
    struct hats_fhe_secret *secret;
    struct hats_sign_key *sign;
    uint8_t kid[32];
    uint8_t thumbprint[32]; /* of the signing key */
    uint8_t *public_key;    /* the object that is registered */
    size_t public_key_len;
};

/* Makes both files. HATS_E_CONFLICT when the name is taken: a key is never overwritten. Names are 1..63
 * of a-z, 0-9, '.', '_', '-', not starting with '.'. */
HATS_MUST_USE hats_status hats_owner_create(const struct hats_home *home, const char *name,
                                            uint32_t set_id, struct hats_error *err);
HATS_MUST_USE hats_status hats_owner_load(struct hats_owner *out, const struct hats_home *home,
                                          const char *name, struct hats_error *err);
/* Wipes. */
void hats_owner_clear(struct hats_owner *owner);

/* What is needed to talk to one server and to believe it. */
struct hats_server_record {
    char origin[HATS_PATH_MAX]; /* "https://host:port" */
    char root_path[HATS_PATH_MAX];
    char trust_path[HATS_PATH_MAX];
    char token[HATS_TOKEN_MAX]; /* "" when none is stored */
};
/* Copies the files in. token_path may be NULL. */
HATS_MUST_USE hats_status hats_server_record_add(const struct hats_home *home, const char *url,
                                                 const char *root_path, const char *trust_path,
                                                 const char *token_path, struct hats_error *err);
/* url may carry a path, which is ignored. HATS_E_NOT_FOUND says how to add the server. */
HATS_MUST_USE hats_status hats_server_record_load(struct hats_server_record *out,
                                                  const struct hats_home *home, const char *url,
                                                  struct hats_error *err);
/* The token in a file: one line of visible ASCII. The file must not be readable by others. */
HATS_MUST_USE hats_status hats_token_read(char out[HATS_TOKEN_MAX], const char *path,
                                          struct hats_error *err);

#endif
