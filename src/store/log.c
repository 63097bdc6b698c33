/* Reading the log; receipts enter it where they are written (hats_store_add_receipt). */
#include "store/internal.h"

hats_status hats_store_log_size(struct hats_store *s, uint64_t *n_entries, struct hats_error *err) {
    struct conn *c = hats_store_reader_take(s);
    struct query q = query_of(c, SQL_LOG_SIZE);
    *n_entries = query_row(&q) ? column_u64(&q) : 0;
    hats_status status = query_end(&q, err);
    hats_store_reader_give(s, c);
    return status;
}

hats_status hats_store_log_read(struct hats_store *s, uint8_t *entries, size_t *n, uint64_t first,
                                size_t cap, struct hats_error *err) {
    bool in_order = true;
    struct conn *c = hats_store_reader_take(s);
    struct query q = query_of(c, SQL_LOG_READ);
    *n = 0;
    bind_u64(&q, first);
    bind_u64(&q, cap);
    for (; in_order && query_row(&q); ++*n) {
        in_order = column_u64(&q) == first + *n;
        column_blob(&q, entries + *n * HATS_STORE_ENTRY_LEN, HATS_STORE_ENTRY_LEN, false);
    }
    hats_status status = query_end(&q, err);
    hats_store_reader_give(s, c);
    if (status == HATS_OK && !in_order)
        status = hats_fail(err, HATS_E_IO, "the store's log has a gap: somebody else wrote in it");
    if (status != HATS_OK)
        *n = 0;
    return status;
}

hats_status hats_store_log_index(struct hats_store *s, uint64_t *index,
                                 const uint8_t entry[HATS_STORE_ENTRY_LEN],
                                 struct hats_error *err) {
    struct conn *c = hats_store_reader_take(s);
    struct query q = query_of(c, SQL_LOG_INDEX);
    bind_blob(&q, entry, HATS_STORE_ENTRY_LEN);
    bool found = query_row(&q);
    *index = found ? column_u64(&q) : 0;
    hats_status status = query_end(&q, err);
    hats_store_reader_give(s, c);
    if (status == HATS_OK && !found)
        status = hats_fail(err, HATS_E_NOT_FOUND, "the log has no such entry");
    return status;
}
