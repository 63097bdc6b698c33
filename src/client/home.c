#include "client/home.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/random.h"
#include "evidence/cose.h"
#include "hash/sha256.h"
#include "http/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define KEY_FILE_LEN (16 + 4 + HATS_FHE_SEED_LEN + 32)

hats_status hats_home_open(struct hats_home *home, const char *dir, struct hats_error *err) {
    const char *env = getenv("HATS_HOME");
    const char *user = getenv("HOME");
    int n;
    if (dir == NULL && env != NULL && env[0] != '\0')
        dir = env;
    if (dir != NULL)
        n = snprintf(home->path, sizeof home->path, "%s", dir);
    else if (user != NULL && user[0] != '\0')
        n = snprintf(home->path, sizeof home->path, "%s/.hats", user);
    else
        return hats_fail(err, HATS_E_USAGE, "no folder for keys: give --home DIR or set HATS_HOME");
    if (n < 0 || (size_t)n >= sizeof home->path)
        return hats_fail(err, HATS_E_RANGE, "the path of the folder for keys is too long");
    return HATS_OK;
}

static hats_status name_check(const char *name, struct hats_error *err) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t len = strlen(name);
    if (len == 0 || len >= HATS_KEY_NAME_MAX || name[0] == '.' || strspn(name, allowed) != len)
        return hats_fail(err, HATS_E_USAGE,
                         "'%.70s' is no key name: use 1 to 63 of a-z, 0-9, '.', '_', '-'", name);
    return HATS_OK;
}

static hats_status key_path(char out[HATS_PATH_MAX], const struct hats_home *home, const char *name,
                            const char *ending, struct hats_error *err) {
    hats_status s = name_check(name, err);
    if (s != HATS_OK)
        return s;
    int n = snprintf(out, HATS_PATH_MAX, "%s/keys/%s%s", home->path, name, ending);
    if (n < 0 || n >= HATS_PATH_MAX)
        return hats_fail(err, HATS_E_RANGE, "the path of key '%s' is too long", name);
    return HATS_OK;
}

/* Others must not be able to read a secret, or it is none. */
static hats_status private_check(const char *path, struct hats_error *err) {
    struct stat st;
    if (stat(path, &st) == 0 && (st.st_mode & 077) != 0)
        return hats_fail(err, HATS_E_DENIED,
                         "%s can be read by others on this machine: chmod 600 %s, and consider it "
                         "known",
                         path, path);
    return HATS_OK;
}

static hats_status write_seed(const char *path, uint32_t set_id,
                              const uint8_t seed[HATS_FHE_SEED_LEN], struct hats_error *err) {
    uint8_t file[KEY_FILE_LEN];
    struct hats_writer w = hats_writer_of(file, sizeof file);
    hats_write_tag16(&w, "HATS-SK-1");
    hats_write_be32(&w, set_id);
    hats_write_bytes(&w, seed, HATS_FHE_SEED_LEN);
    hats_sha256(file + hats_writer_len(&w), file, hats_writer_len(&w));
    hats_status s = hats_file_write(path, 0600, file, sizeof file, err);
    hats_wipe(file, sizeof file);
    return s;
}

static hats_status read_seed(uint32_t *set_id, uint8_t seed[HATS_FHE_SEED_LEN], const char *path,
                             struct hats_error *err) {
    struct hats_buffer file;
    uint8_t sum[32];
    hats_buffer_init(&file, KEY_FILE_LEN);
    hats_status s = private_check(path, err);
    if (s == HATS_OK)
        s = hats_file_read(&file, path, err);
    if (s == HATS_OK) {
        struct hats_reader r = hats_reader_of(file.data, file.len);
        hats_read_tag(&r, "HATS-SK-1\0\0\0\0\0\0\0", 16);
        *set_id = hats_read_be32(&r);
        hats_read_bytes(&r, seed, HATS_FHE_SEED_LEN);
        hats_sha256(sum, file.data, file.len < KEY_FILE_LEN ? 0 : KEY_FILE_LEN - 32);
        hats_read_tag(&r, sum, 32);
        if (!hats_reader_done(&r)) {
            hats_wipe(seed, HATS_FHE_SEED_LEN);
            s = hats_fail(err, HATS_E_MALFORMED,
                          "%s is not a key file, or it is damaged: restore it from a copy", path);
        }
    }
    hats_buffer_clear(&file);
    return s;
}

hats_status hats_owner_create(const struct hats_home *home, const char *name, uint32_t set_id,
                              struct hats_error *err) {
    char seed_path[HATS_PATH_MAX], pem_path[HATS_PATH_MAX], dir[HATS_PATH_MAX];
    uint8_t seed[HATS_FHE_SEED_LEN];
    struct hats_sign_key *sign = NULL;
    hats_status s = key_path(seed_path, home, name, ".fhe.key", err);
    if (s == HATS_OK)
        s = key_path(pem_path, home, name, ".owner.pem", err);
    if (s == HATS_OK && (hats_file_exists(seed_path) || hats_file_exists(pem_path)))
        s = hats_fail(err, HATS_E_CONFLICT,
                      "there is a key '%s' already in %s/keys: keys are never "
                      "overwritten; choose another --name",
                      name, home->path);
    if (s == HATS_OK && hats_fhe_set_n(set_id) == 0)
        s = hats_fail(err, HATS_E_VERSION, "unknown parameter set %u", set_id);
    if (s == HATS_OK && hats_path_join(dir, home->path, "keys") != HATS_OK)
        s = hats_fail(err, HATS_E_RANGE, "the path of the folder for keys is too long");
    if (s == HATS_OK)
        s = hats_file_make_dirs(dir, 0700, err);
    if (s == HATS_OK && hats_random(seed, sizeof seed) != HATS_OK)
        s = hats_fail(err, HATS_E_RANDOM, "the operating system gave no randomness");
    if (s == HATS_OK)
        s = hats_mldsa_generate(&sign, HATS_MLDSA_65, err);
    if (s == HATS_OK)
        s = hats_mldsa_save(sign, pem_path, err);
    if (s == HATS_OK) {
        s = write_seed(seed_path, set_id, seed, err);
        if (s != HATS_OK)
            remove(pem_path); /* half a key is none */
    }
    hats_wipe(seed, sizeof seed);
    hats_mldsa_free(sign);
    return s;
}

hats_status hats_owner_load(struct hats_owner *out, const struct hats_home *home, const char *name,
                            struct hats_error *err) {
    char seed_path[HATS_PATH_MAX], pem_path[HATS_PATH_MAX];
    uint8_t seed[HATS_FHE_SEED_LEN];
    uint32_t set_id = 0;
    *out = (struct hats_owner){0};
    hats_status s = key_path(seed_path, home, name, ".fhe.key", err);
    if (s == HATS_OK)
        s = key_path(pem_path, home, name, ".owner.pem", err);
    if (s == HATS_OK && !hats_file_exists(seed_path))
        return hats_fail(err, HATS_E_NOT_FOUND,
                         "no key '%s' in %s/keys: make one with hats keygen --name %s", name,
                         home->path, name);
    if (s == HATS_OK)
        s = read_seed(&set_id, seed, seed_path, err);
    if (s == HATS_OK)
        s = hats_fhe_secret_new(&out->secret, set_id, seed, err);
    hats_wipe(seed, sizeof seed);
    if (s == HATS_OK)
        s = hats_mldsa_load(&out->sign, pem_path, err);
    if (s == HATS_OK) {
        out->public_key_len = hats_fhe_public_key_bytes(set_id);
        out->public_key = hats_alloc(out->public_key_len);
        if (out->public_key == NULL)
            s = hats_fail(err, HATS_E_MEMORY, "no memory for the public key");
    }
    if (s == HATS_OK)
        s = hats_fhe_public_key_of(out->public_key, out->public_key_len, out->secret, err);
    if (s == HATS_OK)
        s = hats_fhe_kid(out->kid, out->public_key, out->public_key_len, err);
    if (s == HATS_OK)
        hats_cose_thumbprint_of(out->thumbprint, out->sign);
    else
        hats_owner_clear(out);
    return s;
}

void hats_owner_clear(struct hats_owner *owner) {
    hats_fhe_secret_free(owner->secret);
    hats_mldsa_free(owner->sign);
    hats_free(owner->public_key);
    *owner = (struct hats_owner){0};
}

hats_status hats_token_read(char out[HATS_TOKEN_MAX], const char *path, struct hats_error *err) {
    struct hats_buffer file;
    hats_buffer_init(&file, HATS_TOKEN_MAX - 1);
    out[0] = '\0';
    hats_status s = private_check(path, err);
    if (s == HATS_OK)
        s = hats_file_read(&file, path, err);
    size_t len = file.len;
    if (s == HATS_OK && len != 0 && file.data[len - 1] == '\n')
        len--;
    for (size_t i = 0; s == HATS_OK && i < len; i++)
        if (file.data[i] <= ' ' || file.data[i] > '~')
            s = hats_fail(err, HATS_E_MALFORMED, "%s: a token is one line of visible ASCII", path);
    if (s == HATS_OK && len == 0)
        s = hats_fail(err, HATS_E_MALFORMED, "%s: the token file is empty", path);
    if (s == HATS_OK) {
        memcpy(out, file.data, len);
        out[len] = '\0';
    }
    hats_buffer_clear(&file);
    return s;
}

/* HOME/servers/HOST_PORT and the origin that stands for it. */
static hats_status record_dir(char dir[HATS_PATH_MAX], char origin[HATS_PATH_MAX],
                              const struct hats_home *home, const char *url,
                              struct hats_error *err) {
    struct hats_http_url u;
    hats_status s = hats_http_url_parse(&u, url, err);
    if (s != HATS_OK)
        return s;
    bool v6 = strchr(u.host, ':') != NULL;
    int n = snprintf(dir, HATS_PATH_MAX, "%s/servers/%s_%u", home->path, u.host, u.port);
    int m = snprintf(origin, HATS_PATH_MAX, "https://%s%s%s:%u", v6 ? "[" : "", u.host,
                     v6 ? "]" : "", u.port);
    if (n < 0 || n >= HATS_PATH_MAX || m < 0 || m >= HATS_PATH_MAX || strchr(u.host, '/') != NULL)
        return hats_fail(err, HATS_E_RANGE, "the server's name is too long");
    return HATS_OK;
}

static hats_status copy_file(const char *dir, const char *name, unsigned mode, const char *from,
                             struct hats_error *err) {
    char to[HATS_PATH_MAX];
    struct hats_buffer file;
    hats_buffer_init(&file, 1u << 20);
    hats_status s = hats_file_read(&file, from, err);
    if (s == HATS_OK && hats_path_join(to, dir, name) != HATS_OK)
        s = hats_fail(err, HATS_E_RANGE, "%s: path too long", dir);
    if (s == HATS_OK)
        s = hats_file_write(to, mode, file.data, file.len, err);
    hats_buffer_clear(&file);
    return s;
}

hats_status hats_server_record_add(const struct hats_home *home, const char *url,
                                   const char *root_path, const char *trust_path,
                                   const char *token_path, struct hats_error *err) {
    char dir[HATS_PATH_MAX], origin[HATS_PATH_MAX], token[HATS_TOKEN_MAX];
    hats_status s = record_dir(dir, origin, home, url, err);
    if (s == HATS_OK && token_path != NULL)
        s = hats_token_read(token, token_path, err);
    if (s == HATS_OK)
        s = hats_file_make_dirs(dir, 0700, err);
    if (s == HATS_OK)
        s = copy_file(dir, "root.pem", 0644, root_path, err);
    if (s == HATS_OK)
        s = copy_file(dir, "trust.keys.cose", 0644, trust_path, err);
    if (s == HATS_OK && token_path != NULL)
        s = copy_file(dir, "token", 0600, token_path, err);
    hats_wipe(token, sizeof token);
    return s;
}

hats_status hats_server_record_load(struct hats_server_record *out, const struct hats_home *home,
                                    const char *url, struct hats_error *err) {
    char dir[HATS_PATH_MAX], token_path[HATS_PATH_MAX];
    *out = (struct hats_server_record){0};
    hats_status s = record_dir(dir, out->origin, home, url, err);
    if (s != HATS_OK)
        return s;
    if (hats_path_join(out->root_path, dir, "root.pem") != HATS_OK ||
        hats_path_join(out->trust_path, dir, "trust.keys.cose") != HATS_OK ||
        hats_path_join(token_path, dir, "token") != HATS_OK)
        return hats_fail(err, HATS_E_RANGE, "%s: path too long", dir);
    if (!hats_file_exists(out->root_path))
        return hats_fail(err, HATS_E_NOT_FOUND,
                         "%s is not a server this client knows: get its root certificate and key "
                         "set from the provider, then hats trust add %s --root FILE --keys FILE "
                         "--token FILE",
                         out->origin, out->origin);
    if (hats_file_exists(token_path))
        s = hats_token_read(out->token, token_path, err);
    return s;
}
