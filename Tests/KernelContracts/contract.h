/* Shared by the contract tests: cases, guarded memory, and reproducible numbers. */
#ifndef CAI_CONTRACT_H
#define CAI_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels.h"

/* Half a unit in the last place of 1: the relative error of one rounding. */
#define UNIT_ROUNDOFF 0x1p-24

/* A case is one call, or a few related ones. Its description is printed if it fails or crashes. */
__attribute__((format(printf, 1, 2))) void begin_case(const char *format, ...);
/* Checks the zones before all memory of the case and frees it. */
void end_case(void);
/* Records a failure unless `holds`; the first few of a kernel are printed. */
__attribute__((format(printf, 2, 3))) void expect(bool holds, const char *format, ...);
/* |found - exact| <= tolerance; NaN where `exact` is NaN, the same infinity where it is infinite. */
__attribute__((format(printf, 4, 5))) void expect_near(float found, double exact, double tolerance,
                                                       const char *format, ...);

/* `count` floats for the duration of the case. The float after the last one cannot be read or written, and a zone
 * before the first is checked. All are initially marked: NaN with distinct bits. */
float *guarded(size_t count);
int32_t *guarded_offsets(size_t count);
bool is_marked(float x);
bool same_bits(const float *a, const float *b, size_t count);

/* Numbers in [-1, 1): a linear congruential generator, restarted by every case. */
float noise(void);
void fill(float *x, size_t count, float scale);

/* x Phi(x) in float64, by erfc so that the negative tail keeps its digits. */
double exact_gelu(double x);
double exact_silu(double x);
/* Tolerance of GELU beyond a unit in the last place: a quotient near 1/2 cancels against 1/2. */
double gelu_error(double x);
/* The unit in the last place of float32 at x. */
double unit_in_last_place(double x);

/* Adds a kernel's results to the digest of its contract, which has to be the same on every instruction set. All NaNs count
 * as one: their sign and payload depend on the processor. */
void note_bits(const float *x, size_t count);

typedef struct {
    size_t cases, failures, noted; /* floats in `digest` */
    uint64_t digest;
} tally;

/* Runs one kernel's tests and prints failures. */
tally run_contract(const char *level, const char *kernel, void (*test)(const cai_kernels *),
                   const cai_kernels *kernels);

void test_gemm_sizes(const cai_kernels *kernels);
void test_gemm_rows(const cai_kernels *kernels);
void test_gemm_bf16(const cai_kernels *kernels);
void test_gemm_bf16_rows(const cai_kernels *kernels);
void test_round_bf16(const cai_kernels *kernels);
void test_layer_norm_bf16(const cai_kernels *kernels);
void test_attention_bf16(const cai_kernels *kernels);
void test_quad_convolution(const cai_kernels *kernels);
void test_attention(const cai_kernels *kernels);
void test_layer_norm(const cai_kernels *kernels);
void test_narrow_linear(const cai_kernels *kernels);
void test_mean_rows(const cai_kernels *kernels);
void test_peak(const cai_kernels *kernels);
void test_unusual_values(const cai_kernels *kernels);
void test_add(const cai_kernels *kernels);
void test_average_pool(const cai_kernels *kernels);
void test_max_pool(const cai_kernels *kernels);
void test_exp(const cai_kernels *kernels);
void test_gelu(const cai_kernels *kernels);
void test_silu(const cai_kernels *kernels);
void test_relu(const cai_kernels *kernels);

#endif
