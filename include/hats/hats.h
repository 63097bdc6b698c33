/* The public interface of libhats for a data owner's program: a score for a record that nobody else sees.
 *
 *     struct hats_owner_session *s = NULL;
 *     const char *columns[] = {"age", "income"}, *values[] = {"41", "52000"};
 *     struct hats_score score;
 *     if (hats_session_open(&s, NULL, "https://scores.example:8443/credit", "default") == 0 &&
 *         hats_session_score(s, &score, columns, values, 2) == 0)
 *         printf("%s %.3f\n", score.label, score.value);
 *     else
 *         fprintf(stderr, "%s\n", hats_session_error(s));
 *     hats_session_close(s);
 *
 * Keys and known servers are those of the command line (`hats keygen`, `hats trust add`, `hats key
 * register`). The record is encrypted in this process; the receipt is verified before anything is
 * decrypted. A session belongs to one thread. examples/api/score.c is a complete program.
 *
 * Functions return 0, or the exit code that the command line would give (1 verification failed, 2 usage
 * or input, 4 signer not trusted, 5 memory, disk or network, 6 refused by the server); the sentence that
 * explains it is hats_session_error.
 */
#ifndef HATS_HATS_H
#define HATS_HATS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct hats_owner_session;

/* Connects, fetches the model's public plan and checks its publisher's signature. home NULL: $HATS_HOME,
 * else ~/.hats. *out is set (so that it can tell the error, and must be closed) unless memory is short,
 * when it is NULL. */
int hats_session_open(struct hats_owner_session **out, const char *home, const char *model_url,
                      const char *key_name);
/* Wipes keys. session may be NULL. */
void hats_session_close(struct hats_owner_session *session);
/* Of the last call; "" after success. Valid until the next call. session may be NULL. */
const char *hats_session_error(const struct hats_owner_session *session);

/* Names of the columns the model reads, *n of them; valid until the session is closed. */
const char *const *hats_session_columns(const struct hats_owner_session *session, size_t *n);

struct hats_score {
    const char *label; /* class, or name of the output */
    double score;      /* the linear score */
    double value; /* probability or mean, as the model's link makes it; NaN where there is none */
    const int64_t *accumulators; /* the exact integers that were decrypted */
    size_t n_accumulators;
    const uint8_t *receipt; /* a .receipt.cose file */
    size_t receipt_len;
    unsigned n_clipped; /* values the model set to the limit of its range */
};

/* One record: n columns with their values as text. Columns the model does not read are ignored. Pointers
 * in *out are valid until the next call. */
int hats_session_score(struct hats_owner_session *session, struct hats_score *out,
                       const char *const *columns, const char *const *values, size_t n);

#ifdef __cplusplus
}
#endif

#endif
