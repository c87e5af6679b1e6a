/* Runs the contract tests of every instruction set in C that can run here, or of those named as arguments.
 *   --golden FILE  compares the digest of every contract's results with the one in FILE
 *   --bits         prints these digests, in the form of FILE, instead of the tests' lines
 * Exit: 0 when all pass, 1 when one fails, 2 for a usage error. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "contract.h"
#include "tables.h"

typedef struct {
    const char *name; /* as in CAI_ISA */
    const char *title;
    const cai_kernels *kernels;
    const char *missing; /* why it may be unavailable */
    bool is_bf16;        /* only the contracts of bfloat16: the others are those of another level */
} level;

static const struct {
    const char *kernel;
    void (*test)(const cai_kernels *);
    bool is_bf16;
} contracts[] = {
    {"gemm sizes", test_gemm_sizes, false},
    {"gemm rows", test_gemm_rows, false},
    {"gemm_bf16", test_gemm_bf16, true},
    {"gemm_bf16 rows", test_gemm_bf16_rows, true},
    {"round_bf16", test_round_bf16, true},
    {"quad_convolution", test_quad_convolution, false},
    {"attention", test_attention, false},
    {"attention_bf16", test_attention_bf16, false},
    {"layer_norm", test_layer_norm, false},
    {"layer_norm_bf16", test_layer_norm_bf16, false},
    {"narrow_linear", test_narrow_linear, false},
    {"mean_rows", test_mean_rows, false},
    {"add", test_add, false},
    {"average_pool_2", test_average_pool, false},
    {"max_pool_3", test_max_pool, false},
    {"exp", test_exp, false},
    {"gelu", test_gelu, false},
    {"silu", test_silu, false},
    {"relu", test_relu, false},
    {"fma_peak", test_peak, false},
    {"unusual values", test_unusual_values, false},
};
#define CONTRACTS (sizeof contracts / sizeof contracts[0])

typedef struct {
    bool is_known;
    uint64_t digest;
} golden_bits;

/* Lines of a digest and a contract's name. */
static bool read_golden(const char *path, golden_bits golden[CONTRACTS]) {
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        return false;
    }
    uint64_t digest;
    char name[64];
    while (fscanf(file, "%16" SCNx64 " %63[^\n]", &digest, name) == 2)
        for (size_t c = 0; c < CONTRACTS; c++)
            if (strcmp(name, contracts[c].kernel) == 0) golden[c] = (golden_bits){true, digest};
    const bool is_whole = feof(file) != 0;
    fclose(file);
    if (!is_whole) fprintf(stderr, "%s: expected lines of a digest and a contract's name\n", path);
    return is_whole;
}

/* Whether the results have the golden bits, or belong to a contract without any: fma_peak's, which depend on the number
 * of lanes. */
static bool has_bits(const tally *found, const golden_bits *golden) {
    return found->noted == 0 || (golden->is_known && golden->digest == found->digest);
}

int main(int count, char **arguments) {
    const level levels[] = {
        {"portable", "portable", NULL, "is Swift, and tested by `swift test`", false},
#if defined(CAI_EMULATED_AVX512)
        {"avx512", "AVX-512 (emulated)", &cai_avx512, "", false},
        {"avx512bf16", "BF16 (emulated)", &cai_avx512_bf16, "", true},
#elif defined(__x86_64__)
        {"avx2", "AVX2", cai_kernels_for(CAI_ISA_AVX2), "this processor has no AVX2 and FMA", false},
        {"avx512", "AVX-512", cai_kernels_for(CAI_ISA_AVX512), "this processor has no AVX-512", false},
        {"neon", "NEON", NULL, "this is a build for x86-64", false},
#else
        {"avx2", "AVX2", NULL, "this is no build for x86-64", false},
        {"avx512", "AVX-512", NULL, "this is no build for x86-64", false},
        {"neon", "NEON", &cai_neon, "", false},
        {"neonbf16", "NEON, BFMMLA",
         cai_kernels_for(CAI_ISA_NEON) == &cai_neon_bf16 ? &cai_neon_bf16 : NULL, "this processor has no BF16", true},
#endif
    };
    const size_t level_count = sizeof levels / sizeof levels[0];
    bool wanted[sizeof levels / sizeof levels[0]] = {false}, any = false, prints_bits = false;
    const char *path = NULL;
    golden_bits golden[CONTRACTS] = {{false, 0}};
    for (int i = 1; i < count; i++) {
        bool known = true;
        if (strcmp(arguments[i], "--bits") == 0) prints_bits = true;
        else if (strcmp(arguments[i], "--golden") == 0 && i + 1 < count) path = arguments[++i];
        else {
            known = false;
            for (size_t l = 0; l < level_count; l++)
                if (strcmp(arguments[i], levels[l].name) == 0) known = any = wanted[l] = true;
        }
        if (known) continue;
        fprintf(stderr, "'%s' is neither an option nor an instruction set of this build\n", arguments[i]);
        return 2;
    }
    if (path != NULL && !read_golden(path, golden)) return 2;
    tally all = {.cases = 0};
    for (size_t l = 0; l < level_count; l++) {
        if (any && !wanted[l]) continue;
        if (levels[l].kernels == NULL) {
            if (!prints_bits) printf("%-19s skipped: %s\n", levels[l].title, levels[l].missing);
            continue;
        }
        for (size_t c = 0; c < CONTRACTS; c++) {
            if (levels[l].is_bf16 && !contracts[c].is_bf16) continue;
            tally one = run_contract(levels[l].title, contracts[c].kernel, contracts[c].test, levels[l].kernels);
            const bool differs = path != NULL && !has_bits(&one, &golden[c]);
            if (differs) one.failures++;
            all.cases += one.cases;
            all.failures += one.failures;
            if (prints_bits && one.noted > 0) printf("%016" PRIx64 " %s\n", one.digest, contracts[c].kernel);
            if (prints_bits) continue;
            printf("%-19s %-17s %6zu cases%s%s\n", levels[l].title, contracts[c].kernel, one.cases,
                   one.failures ? "  FAILED" : "", differs ? ": the bits differ from the golden ones" : "");
            fflush(stdout);
        }
    }
    if (!prints_bits) printf("%zu cases, %zu failures\n", all.cases, all.failures);
    return all.failures == 0 ? 0 : 1;
}
