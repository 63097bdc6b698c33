/* Fixed-width loads and stores, wiping, constant-time comparison. All inline, no state.
 *
 * Objects of this system are big-endian; XOF output is read as little-endian words.
 */
#ifndef HATS_BASE_BYTES_H
#define HATS_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

__extension__ typedef unsigned __int128 hats_u128;
__extension__ typedef __int128 hats_i128;

#define HATS_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define HATS_ALIGN 64 /* bytes; every vector kernel may assume it for its buffers */

static inline uint16_t hats_load_be16(const uint8_t *p) {
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}
static inline uint32_t hats_load_be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint64_t hats_load_be64(const uint8_t *p) {
    return (uint64_t)hats_load_be32(p) << 32 | hats_load_be32(p + 4);
}
static inline uint32_t hats_load_le32(const uint8_t *p) {
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}
static inline uint64_t hats_load_le64(const uint8_t *p) {
    return (uint64_t)hats_load_le32(p + 4) << 32 | hats_load_le32(p);
}
static inline void hats_store_be16(uint8_t *p, uint16_t v) {
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static inline void hats_store_be32(uint8_t *p, uint32_t v) {
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}
static inline void hats_store_be64(uint8_t *p, uint64_t v) {
    hats_store_be32(p, (uint32_t)(v >> 32));
    hats_store_be32(p + 4, (uint32_t)v);
}
static inline void hats_store_le16(uint8_t *p, uint16_t v) {
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}
static inline void hats_store_le32(uint8_t *p, uint32_t v) {
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}
static inline void hats_store_le64(uint8_t *p, uint64_t v) {
    hats_store_le32(p, (uint32_t)v);
    hats_store_le32(p + 4, (uint32_t)(v >> 32));
}

/* Overwrite with zeros in a way the compiler may not remove. */
static inline void hats_wipe(void *p, size_t len) {
    if (len != 0)
        explicit_bzero(p, len);
}

/* Equality in time that depends on len only. */
static inline bool hats_equal_ct(const void *a, const void *b, size_t len) {
    const volatile uint8_t *x = a;
    const volatile uint8_t *y = b;
    uint8_t d = 0;
    for (size_t i = 0; i < len; i++)
        d = (uint8_t)(d | (x[i] ^ y[i]));
    return d == 0;
}

#endif
