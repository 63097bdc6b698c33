/* Chains of SHA-256, and digests behind a counter: what hash-based one-time signatures spend their time on.
 *
 *     chain     v <- first 16 bytes of H(head (32) | v (16)); then bytes 16 .. 19 of the head, a big-endian
 *               integer, count one up; n_steps times
 *     counter   H(prefix | c (4)) for c = first, first + 1, ...; the prefix is whole blocks
 *
 * Each step is one block whose words stay in registers: nothing is loaded, turned or padded between steps.
 * Chains have different lengths; the longest go first, and a lane that ends takes the next chain. Where
 * there are SHA instructions three chains advance in step, which is within a tenth of what the unit can do;
 * elsewhere as many as a vector has words. Constant time in heads and values; the lengths are public.
 */
#ifndef HATS_HASH_SHA256_CHAIN_H
#define HATS_HASH_SHA256_CHAIN_H

#include "hash/sha256.h"
#include "hash/shake.h"

struct hats_sha256_chain {
    uint8_t head[32];
    uint8_t value[16];
    uint32_t n_steps;
};

/* Go all the way: values and heads are those at the end, n_steps is 0. */
void hats_sha256_chains(struct hats_sha256_chain *chains, size_t n_chains);
/* The same on the kernels of a given table, for tests and benchmarks. */
void hats_sha256_chains_with(const struct hats_hash_kernels *kernels,
                             struct hats_sha256_chain *chains, size_t n_chains);

/* words[w][l] = word w of the digest of what prefix has absorbed (a multiple of 64 bytes; asserted) followed
 * by first + l, modulo 2^32, in four bytes. */
void hats_sha256_counted(uint32_t words[8][HATS_SHA256_LANES], const struct hats_sha256 *prefix,
                         uint32_t first);

#endif
