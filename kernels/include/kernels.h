/* The hot loops over float32, as one table of functions that every instruction set implements.
 *
 * Contracts common to all of them
 *  - Memory is row-major. A row's result depends on that row alone and is summed in one fixed order, so its bits are
 *    the same for any number of rows and any values in the other rows (NaN and infinity included).
 *  - The tables in C give the same bits: every multiply-add of a sum is fused, sums over a row have 16 lanes, and what
 *    zeros of both signs give is the same. Only the sign and payload of a NaN depend on the processor. The portable
 *    table has bits of its own.
 *  - No function allocates, locks or keeps state. Pointers need 4-byte alignment; panels and
 *    scratch that are 64-byte aligned are faster.
 *  - Inputs and outputs do not overlap, except where a comment says that they may be the same.
 *  - Counts are in elements, not bytes. A count of zero does nothing.
 */
#ifndef CAI_KERNELS_H
#define CAI_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* Columns of one packed panel: see cai_gemm.panels. */
#define CAI_PANEL 16

typedef enum { CAI_ISA_PORTABLE = 0, CAI_ISA_AVX2 = 1, CAI_ISA_AVX512 = 2, CAI_ISA_NEON = 3 } cai_isa;

/* The longest sum of a matrix product that is not divided into parts: see cai_gemm. */
#define CAI_GEMM_PART 1536

/* The function of A x B + bias that is stored in C. */
typedef enum {
    CAI_STORE = 0,    /* C = AB + bias */
    CAI_RELU = 1,     /* C = max(AB + bias, 0); NaN stays NaN */
    CAI_GELU = 2,     /* C = gelu(AB + bias), the exact one (erf) */
    CAI_SILU = 3,     /* C = silu(AB + bias) */
    CAI_ADD = 4,      /* C = (AB + bias) + C: the residual connection */
    CAI_GELU_BF16 = 5 /* C = gelu(AB + bias) as bfloat16, of gemm_bf16 only: ldc and c_rows count words */
} cai_epilogue;

/* How a table multiplies bfloat16. The first two give the same bits. */
typedef enum {
    CAI_BF16_WIDENED = 0, /* widened to float32 and multiplied by its instructions: slower than float32 */
    CAI_BF16_DOT = 1,     /* by VDPBF16PS */
    CAI_BF16_MMLA = 2     /* by BFMMLA, whose roundings are others */
} cai_bf16_method;

/* Words of four bytes of a row of `count` bfloat16. */
#define CAI_PAIRS(count) (((count) + 1) / 2)

/* C[M,N] = epilogue(A[M,K] x B[K,N] + bias[N]): an "indirect" matrix product (GEMM).
 *
 * Row i of A starts at a + a_rows[i], or at a + i*lda when a_rows is NULL. Its K = runs*run elements are `runs`
 * runs of `run` consecutive floats; run r begins a_runs[r] after the row's start (a_runs may be NULL when
 * runs is 1). A Linear layer has one run; a convolution over channels-last maps has one run for each kernel row, or
 * tap, and its rows are output pixels. Row i of C starts at c + c_rows[i], or at c + i*ldc when c_rows is NULL.
 *
 * B is packed: ceil(N/16) panels, panel p holding K rows of 16 floats, B[k, 16p ... 16p+15], zero beyond N. bias is
 * padded likewise. Columns of C beyond N are not touched. Each C element is one chain of K fused (or, on the portable
 * path, unfused) multiply-adds in increasing k from zero; the bias is added last, so that it is rounded once and not K
 * times. If K > CAI_GEMM_PART, runs = 1 and the epilogue is not CAI_ADD, K is divided into ceil(K / CAI_GEMM_PART) parts
 * of equal length (rounded down; the remainder goes to the later parts); each part is a separate chain, and the parts
 * are added in order. (The portable table does not divide K.)
 */
typedef struct {
    size_t rows;    /* M */
    size_t columns; /* N */
    size_t runs;
    size_t run;
    const float *a;
    const int32_t *a_rows;
    const int32_t *a_runs;
    size_t lda;
    const float *panels;
    const float *bias;
    float *c;
    const int32_t *c_rows;
    size_t ldc;
    cai_epilogue epilogue;
} cai_gemm;

/* Multi-head self-attention of `count` sequences of `tokens` tokens.
 * qkv is [count, tokens, 3, heads, dim]; out is [count, tokens, heads, dim] (ViT, Dosovitskiy et al. 2021, A.1):
 * softmax(scale * Q K^T) V for each head. scratch holds cai_attention_scratch(tokens, dim) floats. */
typedef struct {
    size_t count, tokens, heads, dim;
    float scale;
    const float *qkv;
    float *out;
    float *scratch;
} cai_attention;

/* Floats of scratch that attention over `tokens` tokens of `dim` channels a head needs. */
static inline size_t cai_attention_scratch(size_t tokens, size_t dim) {
    size_t padded = (tokens + CAI_PANEL - 1) / CAI_PANEL * CAI_PANEL;
    return padded * (dim + 6) + 6 * dim;
}

/* Channels of a group of `quad_convolution`, for input and output. */
#define CAI_QUAD 4

/* Two grouped 1x1 convolutions with SiLU between them, groups of 4 -> hidden -> 4 channels: ViTAE's parallel
 * convolution module at its usual size, in one pass. Lanes run over groups, whose number is a multiple of CAI_PANEL.
 * Row i of x starts at x + x_rows[i]; out is [rows, 4*groups]. For hidden unit h, input i, output o and group g:
 * expand[h][i][g], expand_bias[h][g], reduce[h][o][g], reduce_bias[o][g]. Sums are those of cai_gemm, bit for bit. */
typedef struct {
    size_t rows, groups, hidden;
    const float *x;
    const int32_t *x_rows;
    const float *expand, *expand_bias, *reduce, *reduce_bias;
    float *out;
} cai_quad_convolution;

typedef struct {
    cai_isa isa;
    cai_bf16_method bf16;
    void (*gemm)(const cai_gemm *);
    /* The same of bfloat16, with float32 sums and bias. A row of n bfloat16 is ceil(n/2) words of four bytes, each a pair
     * with the first in its lower half; the last may be one and a zero. `run`, `lda`, `a_rows` and `a_runs` count words
     * and K is their sum; a panel holds K rows of 16 words, each a pair of B[k, n], B[k + 1, n]. CAI_GEMM_PART counts
     * words, and CAI_GELU_BF16 does not divide K either.
     *
     * For each pair in order, sum = a[1] b[1] + sum, then sum = a[0] b[0] + sum, each rounded once to the nearest, ties to
     * even, and subnormal operands and results are zeros, in the epilogue too: the definition of VDPBF16PS (Intel 64 and
     * IA-32 Architectures Software Developer's Manual, volume 2). 64-bit ARM treats as zero also the results that
     * rounding would make the smallest normal number.
     *
     * BFMMLA (Arm A-profile Architecture Reference Manual, without FEAT_EBF16's extended behaviour) computes
     * sum = sum + (a[0] b[0] + a[1] b[1]) instead, each product and sum rounded to odd: an inexact result is the nearer
     * to zero of its two neighbours with its last bit set. */
    void (*gemm_bf16)(const cai_gemm *);
    /* x [rows, width] to the nearest bfloat16, ties to even; subnormal numbers become zeros, NaN stays NaN. Rows of out
     * are ceil(width/2) words; out may be x. */
    void (*round_bf16)(const float *x, float *out, size_t rows, size_t width);
    void (*quad_convolution)(const cai_quad_convolution *);
    /* out[r, n] = x[r, 0...k-1] . weight[0...k-1, n] + bias[n], summed in float64 and rounded once: for layers of few
     * inputs whose terms cancel, such as magnitudes near 20. Rows of out lie `stride` apart. */
    void (*narrow_linear)(const float *x, const float *weight, const float *bias, float *out, size_t rows, size_t k,
                          size_t n, size_t stride);
    /* out[r,:] = (x[r,:] - mean) / sqrt(variance + eps) * gamma + beta, biased variance; out may be x. */
    void (*layer_norm)(const float *x, const float *gamma, const float *beta, float eps, float *out, size_t rows,
                       size_t width);
    /* The same, rounded as by round_bf16; out is not x. */
    void (*layer_norm_bf16)(const float *x, const float *gamma, const float *beta, float eps, float *out, size_t rows,
                            size_t width);
    void (*attention)(const cai_attention *);
    /* The same, rounded as by round_bf16: out is [count, tokens] rows of heads x dim bfloat16. */
    void (*attention_bf16)(const cai_attention *);
    /* In place, element by element. */
    void (*gelu)(float *x, size_t count);
    void (*silu)(float *x, size_t count);
    void (*relu)(float *x, size_t count);
    void (*exp)(float *x, size_t count);
    /* c += x */
    void (*add)(const float *x, float *c, size_t count);
    /* 2x2 means of a channels-last map [height, width, channels] -> [height/2, width/2, channels] (floor). */
    void (*average_pool_2)(const float *x, float *out, size_t height, size_t width, size_t channels);
    /* 3x3 maxima, stride 1, borders padded with -inf; channels-last, same size out. NaN wins, as in PyTorch. */
    void (*max_pool_3)(const float *x, float *out, size_t height, size_t width, size_t channels);
    /* out[w] = mean over r of x[r*width + w]. */
    void (*mean_rows)(const float *x, float *out, size_t rows, size_t width);
    /* The attainable peak: `iterations` rounds of x = x * sink[0] + sink[1] over independent vectors in registers, as fast as
     * the processor does them (portable: in two roundings). Their sum, which depends on the number of lanes, goes to
     * sink[0], so that all of them are needed.
     * Returns the floating-point operations done, two a multiply-add. */
    size_t (*fma_peak)(size_t iterations, float *sink);
} cai_kernels;

/* The table of an instruction set; NULL if this build or this processor does not support it. */
const cai_kernels *cai_kernels_for(cai_isa isa);

/* C[rows, columns] = A[rows, inner] x B[inner, columns] for at most CAI_PRODUCT_ROWS rows, for weights that are computed
 * from others. Elements of A are float32 values, widened. Each element of C is one chain of `inner` products in
 * increasing k from zero, in float64, which is rounded once to float32: products are exact and sums rounded, so that the
 * bits are the same on every processor. A has CAI_PRODUCT_ROWS rows that can be read, lda apart; rows of B are `columns`
 * apart, those of C ldc. */
#define CAI_PRODUCT_ROWS 32

typedef struct {
    size_t rows, inner, columns;
    const double *a;
    size_t lda;
    const float *b;
    float *c;
    size_t ldc;
} cai_product;

void cai_merge_product(const cai_product *);

#endif
