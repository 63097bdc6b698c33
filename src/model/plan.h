/* The plan: what a client must know of a model, and nothing it need not.
 *
 * A plan is public. It says how a record becomes the integer vector x that is encrypted, what box x
 * lies in, which parameter set and plaintext modulus carry it, and how the integer answers ("acc",
 * one for each output) become a score, a probability or a class. It holds no weights.
 *
 *     record --input programme--> x in Z^d, lo_j <= x_j <= hi_j --encrypted--> acc in Z^k
 *     score_o = acc_o * num / 2^den_bits (exact),  answer = link(score)
 *
 * Input programme, one of two kinds; integers only, so that every client gets the same x:
 *
 * columns  A cell of a number column with s decimals is the integer v = value * 10^s. Input j is
 *            affine    floor((A_j v + B_j) / 2^28), |A_j v + B_j| < 2^61; B_j carries the 1/2 that
 *                      rounds to nearest. An integer passes unchanged with s = 0, A = 2^28, B = 0.
 *            interval  unit if above < v <= up_to, else 0. A bin of a scorecard; with one end open
 *                      it is a thermometer bit [v > cut].
 *            category  unit if the cell is exactly this text, else 0. A one-hot column is several.
 *          A result outside lo_j .. hi_j is clipped, and reported, if the rule says so; otherwise the
 *          record is refused.
 * text     Hashed n-grams of one text column, profile 1 (model/ngram.h): slots 0 .. d-2 hold signed
 *          counts, slot d-1 the rounded Euclidean norm; sum |x_j| over the slots and the norm have
 *          caps.
 *
 * Encoding: deterministic CBOR (cbor/cbor.h) with integer keys, no floats; the layout stands in
 * plan.c above the encoder. The decoder accepts exactly what the encoder writes.
 */
#ifndef HATS_MODEL_PLAN_H
#define HATS_MODEL_PLAN_H

#include "base/cursor.h"
#include "fhe/linear.h"

#define HATS_PLAN_VERSION 1
#define HATS_PLAN_MAX_BYTES (8u << 20)
#define HATS_PLAN_MAX_COLUMNS 65536
#define HATS_PLAN_TEXT_MAX 256 /* bytes of a name, label or category */
#define HATS_PLAN_DECIMALS_MAX 12
#define HATS_PLAN_SHIFT 28       /* k of the affine rule */
#define HATS_PLAN_AFFINE_BITS 61 /* |A v + B| < 2^61 */
#define HATS_PLAN_DIGEST_LEN 32

enum hats_plan_task {
    HATS_TASK_REGRESSION = 1, /* k scores; labels name them */
    HATS_TASK_BINARY = 2,     /* k = 1; labels[1] iff acc > 0, else labels[0] */
    HATS_TASK_MULTICLASS = 3  /* class = first maximum of acc */
};

enum hats_plan_link {
    HATS_LINK_IDENTITY = 1, /* scores only */
    HATS_LINK_SIGMOID = 2,  /* 1 / (1 + exp(-s)), each output by itself */
    HATS_LINK_SOFTMAX = 3,
    HATS_LINK_EXP = 4,       /* Poisson, Gamma */
    HATS_LINK_SIGMOID_L1 = 5 /* sigmoids divided by their sum: one-vs-rest */
};

enum hats_plan_input { HATS_INPUT_COLUMNS = 1, HATS_INPUT_TEXT = 2 };

enum hats_plan_column_type { HATS_COLUMN_NUMBER = 1, HATS_COLUMN_CATEGORY = 2 };

enum hats_plan_missing {
    HATS_MISSING_REFUSE = 0,
    HATS_MISSING_EMPTY = 1,   /* an empty cell gives each rule's missing_x */
    HATS_MISSING_SENTINEL = 2 /* so does the value `sentinel`; an empty cell is refused */
};

struct hats_plan_column {
    char *name; /* header text of the CSV column */
    enum hats_plan_column_type type;
    unsigned decimals; /* number: v = value * 10^decimals; a cell with more digits is refused */
    enum hats_plan_missing missing;
    int64_t sentinel;     /* at the column's scale */
    bool unknown_is_zero; /* category: a text no rule names gives zeros; otherwise it is refused */
};

enum hats_plan_op { HATS_RULE_AFFINE = 1, HATS_RULE_INTERVAL = 2, HATS_RULE_CATEGORY = 3 };

/* How input j is made; rule j belongs to x_j. */
struct hats_plan_rule {
    enum hats_plan_op op;
    uint32_t column;
    int32_t missing_x; /* value for a missing cell; 0 where the column refuses them */
    /* affine */
    int64_t a, b;
    bool clip;
    /* interval (at the column's scale) and category */
    bool has_above, has_up_to;
    int64_t above, up_to;
    char *category;
    int32_t unit;
};

struct hats_plan_text {
    char *column;
    unsigned profile;  /* 1 */
    uint32_t sum_max;  /* cap on sum |x_j|, j < d-1 */
    uint32_t norm_max; /* cap on x_{d-1} */
};

/* Owns everything it points to. */
struct hats_plan {
    char *name;    /* 1..64 of a-z 0-9 . _ - */
    char *version; /* the same alphabet */
    enum hats_plan_task task;
    enum hats_plan_link link;
    uint32_t set_id;
    unsigned log_t;
    struct hats_linear_shape shape;

    int32_t *lo, *hi; /* d each: the box that x is proven to lie in */

    enum hats_plan_input input;
    struct hats_plan_column *columns; /* input = columns */
    uint32_t n_columns;
    struct hats_plan_rule *rules; /* d of them */
    struct hats_plan_text text;   /* input = text */

    char **labels; /* binary: 2 (negative, positive); otherwise k */
    uint32_t n_labels;
    uint64_t scale_num;   /* 1 .. 2^53 */
    uint32_t scale_shift; /* score = acc * scale_num / 2^scale_shift, shift 0 .. 1074 */

    int32_t kl_millibits;     /* leakage an output word, log2, thousandths (fhe/linear.h) */
    int32_t kl_all_millibits; /* over d+1 calls of k outputs */
    uint32_t classical_bits, quantum_bits;
};

/* plan may be NULL. */
void hats_plan_free(struct hats_plan *plan);

/* Everything the decoder checks apart from the encoding: ranges, counts, lo <= hi, every rule's unit
 * and missing_x within the box, labels against task, the parameter guard. */
HATS_MUST_USE hats_status hats_plan_check(const struct hats_plan *plan, struct hats_error *err);

/* Append the one encoding of a checked plan. */
HATS_MUST_USE hats_status hats_plan_encode(struct hats_buffer *out, const struct hats_plan *plan,
                                           struct hats_error *err);
/* *out is the caller's to free. HATS_E_MALFORMED, _CANONICAL, _VERSION, _RANGE, _INSECURE. */
HATS_MUST_USE hats_status hats_plan_decode(struct hats_plan **out, const uint8_t *bytes,
                                           size_t len_bytes, struct hats_error *err);

/* SHA-256 of the encoding. */
void hats_plan_digest(uint8_t out[HATS_PLAN_DIGEST_LEN], const uint8_t *bytes, size_t len_bytes);
/* H("HATS-BOX-1" pad16 | per input: lo (4), hi (4)); stands in the plan and in proof statements. */
HATS_MUST_USE hats_status hats_plan_box_digest(uint8_t out[HATS_PLAN_DIGEST_LEN], const int32_t *lo,
                                               const int32_t *hi, uint32_t d);
/* max |x_j| over the box. */
uint32_t hats_plan_x_max(const struct hats_plan *plan);

const char *hats_plan_task_name(enum hats_plan_task t); /* "binary" */
const char *hats_plan_link_name(enum hats_plan_link l); /* "sigmoid" */

#endif
