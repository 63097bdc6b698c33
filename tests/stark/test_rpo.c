#include "field/field.h"
#include "stark/rpo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MOST 19

/* Digests of 0, of 0 1, ... of 0 1 .. 18: the published vectors [miden-crypto, rpo/tests.rs]. */
static const uint64_t published[MOST][HATS_STARK_RPO_DIGEST] = {
    {UINT64_C(18126731724905382595), UINT64_C(7388557040857728717), UINT64_C(14290750514634285295),
     UINT64_C(7852282086160480146)},
    {UINT64_C(10139303045932500183), UINT64_C(2293916558361785533), UINT64_C(15496361415980502047),
     UINT64_C(17904948502382283940)},
    {UINT64_C(17457546260239634015), UINT64_C(803990662839494686), UINT64_C(10386005777401424878),
     UINT64_C(18168807883298448638)},
    {UINT64_C(13072499238647455740), UINT64_C(10174350003422057273), UINT64_C(9201651627651151113),
     UINT64_C(6872461887313298746)},
    {UINT64_C(2903803350580990546), UINT64_C(1838870750730563299), UINT64_C(4258619137315479708),
     UINT64_C(17334260395129062936)},
    {UINT64_C(8571221005243425262), UINT64_C(3016595589318175865), UINT64_C(13933674291329928438),
     UINT64_C(678640375034313072)},
    {UINT64_C(16314113978986502310), UINT64_C(14587622368743051587), UINT64_C(2808708361436818462),
     UINT64_C(10660517522478329440)},
    {UINT64_C(2242391899857912644), UINT64_C(12689382052053305418), UINT64_C(235236990017815546),
     UINT64_C(5046143039268215739)},
    {UINT64_C(5218076004221736204), UINT64_C(17169400568680971304), UINT64_C(8840075572473868990),
     UINT64_C(12382372614369863623)},
    {UINT64_C(9783834557155203486), UINT64_C(12317263104955018849), UINT64_C(3933748931816109604),
     UINT64_C(1843043029836917214)},
    {UINT64_C(14498234468286984551), UINT64_C(16837257669834682387), UINT64_C(6664141123711355107),
     UINT64_C(4590460158294697186)},
    {UINT64_C(4661800562479916067), UINT64_C(11794407552792839953), UINT64_C(9037742258721863712),
     UINT64_C(6287820818064278819)},
    {UINT64_C(7752693085194633729), UINT64_C(7379857372245835536), UINT64_C(9270229380648024178),
     UINT64_C(10638301488452560378)},
    {UINT64_C(11542686762698783357), UINT64_C(15570714990728449027), UINT64_C(7518801014067819501),
     UINT64_C(12706437751337583515)},
    {UINT64_C(9553923701032839042), UINT64_C(7281190920209838818), UINT64_C(2488477917448393955),
     UINT64_C(5088955350303368837)},
    {UINT64_C(4935426252518736883), UINT64_C(12584230452580950419), UINT64_C(8762518969632303998),
     UINT64_C(18159875708229758073)},
    {UINT64_C(12795429638314178838), UINT64_C(14360248269767567855), UINT64_C(3819563852436765058),
     UINT64_C(10859123583999067291)},
    {UINT64_C(2695742617679420093), UINT64_C(9151515850666059759), UINT64_C(15855828029180595485),
     UINT64_C(17190029785471463210)},
    {UINT64_C(13205273108219124830), UINT64_C(2524898486192849221), UINT64_C(14618764355375283547),
     UINT64_C(10615614265042186874)},
};

static void count_up(uint64_t *elements, size_t n) {
    for (size_t i = 0; i < n; i++)
        elements[i] = i;
}

static void digests_are_the_published_ones(void **state) {
    (void)state;
    uint64_t in[MOST], digest[HATS_STARK_RPO_DIGEST];
    count_up(in, MOST);
    for (size_t n = 1; n <= MOST; n++) {
        hats_stark_rpo_hash(digest, 0, in, n);
        assert_memory_equal(digest, published[n - 1], sizeof digest);
    }
}

static void nothing_hashes_to_zero(void **state) {
    (void)state;
    static const uint64_t zero[HATS_STARK_RPO_DIGEST];
    uint64_t digest[HATS_STARK_RPO_DIGEST] = {1, 2, 3, 4};
    hats_stark_rpo_hash(digest, 0, NULL, 0);
    assert_memory_equal(digest, zero, sizeof digest);
}

static void a_node_is_the_hash_of_its_children(void **state) {
    (void)state;
    uint64_t in[8], digest[HATS_STARK_RPO_DIGEST];
    count_up(in, 8);
    hats_stark_rpo_merge(digest, 0, in, in + 4);
    assert_memory_equal(digest, published[7], sizeof digest);
}

static void domains_and_padding_separate(void **state) {
    (void)state;
    uint64_t in[9] = {5, 6, 7, 0, 0, 0, 0, 0, 0};
    uint64_t seen[20][HATS_STARK_RPO_DIGEST];
    size_t n_seen = 0;
    for (size_t n = 3; n <= 9; n++) /* zeros at the end count */
        hats_stark_rpo_hash(seen[n_seen++], 0, in, n);
    for (uint64_t domain = 1; domain <= 3; domain++) {
        hats_stark_rpo_hash(seen[n_seen++], domain, in, 3);
        hats_stark_rpo_merge(seen[n_seen++], domain, in, in + 4);
    }
    for (size_t i = 0; i < n_seen; i++)
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(seen[i], seen[j], sizeof seen[i]);
}

/* The same permutation with plain exponentiation in place of the two chains. */
static void a_round_satisfies_its_equations(void **state) {
    (void)state;
    uint64_t s[HATS_STARK_RPO_WIDTH], t[HATS_STARK_RPO_WIDTH], end[HATS_STARK_RPO_WIDTH];
    count_up(end, HATS_STARK_RPO_WIDTH);
    end[3] = HATS_P - 1;
    memcpy(s, end, sizeof s);
    hats_stark_rpo_permute(end);
    for (unsigned r = 0; r < HATS_STARK_RPO_ROUNDS; r++)
        for (unsigned half = 0; half < 2; half++) {
            for (unsigned i = 0; i < HATS_STARK_RPO_WIDTH; i++) {
                t[i] = hats_stark_rpo_constants[r][half][i];
                for (unsigned j = 0; j < HATS_STARK_RPO_WIDTH; j++)
                    t[i] = hats_fp_add(
                        t[i], hats_fp_mul(s[j], hats_stark_rpo_mds_row[(12 + j - i) % 12]));
            }
            /* check: 7 * 10540996611094048183 = 4 (p - 1) + 1 */
            for (unsigned i = 0; i < HATS_STARK_RPO_WIDTH; i++)
                s[i] = hats_fp_pow(t[i], half == 0 ? 7 : UINT64_C(10540996611094048183));
        }
    assert_memory_equal(s, end, sizeof s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_the_published_ones),
        cmocka_unit_test(nothing_hashes_to_zero),
        cmocka_unit_test(a_node_is_the_hash_of_its_children),
        cmocka_unit_test(domains_and_padding_separate),
        cmocka_unit_test(a_round_satisfies_its_equations),
    };
    return cmocka_run_group_tests_name("rpo", tests, NULL, NULL);
}
