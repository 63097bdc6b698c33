/* Ring elements from extendable-output functions: uniform, centred binomial, ternary, and the
 * bounded flood. Eight SHAKE streams run side by side; "block l" of a prefix is
 *
 *     stream l = SHAKE(prefix | LE16(l)),   l = 0 .. 7
 *
 * and, unless said otherwise, holds coefficients l N/8 .. (l+1) N/8 - 1, in order. Output is read
 * as little-endian 64-bit words (or as bytes). The formats below are pinned: other implementations
 * must find the same elements (docs/FORMATS.md).
 *
 *   uniform   SHAKE128. Words >= p are skipped, the next word takes their place.
 *   cbd21     SHAKE256. 16 bytes are one 128-bit little-endian integer v of three coefficients:
 *             popcount(v bits 42k .. 42k+20) - popcount(v bits 42k+21 .. 42k+41), k = 0, 1, 2; the
 *             top two bits are unused, and so is what is left of the last group. Variance 10.5.
 *   ternary   SHAKE256. Bytes >= 243 are skipped; a byte below gives five base-3 digits, least
 *             significant first; coefficient = digit - 1.
 *   flood     SHAKE256, `count` values: value i comes from stream i mod 8, in order of i. It is the
 *             sum of twelve uniforms on [-g, g] (Irwin-Hall, variance 4 g (g+1)). A uniform takes
 *             the next word w, v = w & (2^k - 1) with 2^k the least power of two above 2 g; v > 2 g
 *             is skipped, otherwise the uniform is v - g.
 *   cbd21_few SHAKE256, `count` values as cbd21, but value i is coefficient floor(i/8) of stream
 *             i mod 8.
 *
 * Constant time in the prefix and in the values, except that it shows how many words or bytes were
 * skipped, and where: those are independent of the values that are kept.
 */
#ifndef HATS_RING_SAMPLE_H
#define HATS_RING_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#define HATS_RING_BLOCKS 8
#define HATS_RING_PREFIX_MAX 174 /* bytes */
#define HATS_RING_N_MAX 65536    /* coefficients */
#define HATS_RING_CBD_MAX 21     /* |coefficient| of cbd21 */
#define HATS_RING_FLOOD_TERMS 12

/* n is a power of two, 1024 .. 65536; a is 64-byte aligned. */
void hats_ring_uniform(uint64_t *a, size_t n, const void *prefix, size_t prefix_len);
void hats_ring_cbd21(int8_t *e, size_t n, const void *prefix, size_t prefix_len);
void hats_ring_ternary(int8_t *s, size_t n, const void *prefix, size_t prefix_len);
void hats_ring_cbd21_few(int8_t *e, size_t count, const void *prefix, size_t prefix_len);
/* 1 <= g < 2^58; |out[i]| <= 12 g. */
void hats_ring_flood(int64_t *out, size_t count, uint64_t g, const void *prefix, size_t prefix_len);

#endif
