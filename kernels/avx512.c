/* AVX-512 F: sixteen floats a vector, 32 registers. The bodies are compiled for these macros. */
#if defined(__x86_64__)
#include <immintrin.h>

#include "subnormals.h"
#include "tables.h"
#include "target.h"

CAI_BEGIN_TARGET("avx512f,fma")

#define LANES 16
/* 7 x 48: 21 accumulators, three panel vectors, one broadcast. An eighth row would need the last way of a set of the
 * first-level cache for rows 4 kB apart: 73% of peak; seven rows reach 98%. */
#define TILE_ROWS 7
#define TILE_PANELS 3

typedef __m512 vf;

#define V_SET1(x) _mm512_set1_ps(x)
#define V_ZERO() _mm512_setzero_ps()
#define V_LOAD(p) _mm512_loadu_ps(p)
#define V_STORE(p, v) _mm512_storeu_ps(p, v)
#define V_BROADCAST(p) _mm512_set1_ps(*(p))
#define V_ADD(a, b) _mm512_add_ps(a, b)
#define V_SUB(a, b) _mm512_sub_ps(a, b)
#define V_MUL(a, b) _mm512_mul_ps(a, b)
#define V_DIV(a, b) _mm512_div_ps(a, b)
#define V_FMA(a, b, c) _mm512_fmadd_ps(a, b, c) /* a*b + c */
#define V_FMS(a, b, c) _mm512_fmsub_ps(a, b, c) /* a*b - c */
/* If either argument is NaN, these return the second one. */
#define V_MIN(a, b) _mm512_min_ps(a, b)
#define V_MAX(a, b) _mm512_max_ps(a, b)
#define V_RELU(a) V_MAX(V_ZERO(), a)
/* The larger, the second one if they are equal (of zeros, too); NaN if either is NaN. */
#define V_MAX_OR_NAN(a, b) _mm512_mask_mov_ps(_mm512_max_ps(a, b), _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), a)
#define V_ROUND(a) _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
/* 2^n for whole n in [-127, 128]; 2^-127 becomes zero */
#define V_POW2(n) \
    _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127)), 23))
/* The low nine bits of a float moved to the sign and exponent: 2^(bits - 127) */
#define V_EXPONENT_BITS(a) _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(a), 23))

#define S_SQRT(x) _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x)))

/* Lanes are added in pairs at distance 8, 4, 2, 1. */
static inline float v_sum(vf v) {
    v = _mm512_add_ps(v, _mm512_shuffle_f32x4(v, v, 0x4e));
    v = _mm512_add_ps(v, _mm512_shuffle_f32x4(v, v, 0xb1));
    __m128 s = _mm512_castps512_ps128(v);
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    s = _mm_add_ss(s, _mm_movehdup_ps(s));
    return _mm_cvtss_f32(s);
}

static inline float v_largest(vf v) {
    v = _mm512_max_ps(v, _mm512_shuffle_f32x4(v, v, 0x4e));
    v = _mm512_max_ps(v, _mm512_shuffle_f32x4(v, v, 0xb1));
    __m128 m = _mm512_castps512_ps128(v);
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    m = _mm_max_ss(m, _mm_movehdup_ps(m));
    return _mm_cvtss_f32(m);
}

/* LANES groups of four floats to four vectors, one for each position in the group, and back. In between, a vector holds
 * two positions of eight groups. */
static inline void v_load_quads(const float *p, vf x[4]) {
    const __m512i places01 = _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
    const __m512i places23 = _mm512_add_epi32(places01, _mm512_set1_epi32(2));
    const vf a = V_LOAD(p), b = V_LOAD(p + 16), c = V_LOAD(p + 32), d = V_LOAD(p + 48);
    const vf ab01 = _mm512_permutex2var_ps(a, places01, b), cd01 = _mm512_permutex2var_ps(c, places01, d);
    const vf ab23 = _mm512_permutex2var_ps(a, places23, b), cd23 = _mm512_permutex2var_ps(c, places23, d);
    x[0] = _mm512_shuffle_f32x4(ab01, cd01, 0x44);
    x[1] = _mm512_shuffle_f32x4(ab01, cd01, 0xee);
    x[2] = _mm512_shuffle_f32x4(ab23, cd23, 0x44);
    x[3] = _mm512_shuffle_f32x4(ab23, cd23, 0xee);
}

static inline void v_store_quads(float *p, const vf x[4]) {
    const __m512i groups0123 = _mm512_setr_epi32(0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27);
    const __m512i groups4567 = _mm512_add_epi32(groups0123, _mm512_set1_epi32(4));
    const vf ab01 = _mm512_shuffle_f32x4(x[0], x[1], 0x44), cd01 = _mm512_shuffle_f32x4(x[0], x[1], 0xee);
    const vf ab23 = _mm512_shuffle_f32x4(x[2], x[3], 0x44), cd23 = _mm512_shuffle_f32x4(x[2], x[3], 0xee);
    V_STORE(p, _mm512_permutex2var_ps(ab01, groups0123, ab23));
    V_STORE(p + 16, _mm512_permutex2var_ps(ab01, groups4567, ab23));
    V_STORE(p + 32, _mm512_permutex2var_ps(cd01, groups0123, cd23));
    V_STORE(p + 48, _mm512_permutex2var_ps(cd01, groups4567, cd23));
}

#define V_LOAD_QUADS(p, x) v_load_quads(p, x)
#define V_STORE_QUADS(p, x) v_store_quads(p, x)

/* Transposes. `quads[4 g + c]` holds, for rows 4 g ... 4 g + 3, columns c, 4 + c, 8 + c and 12 + c. */
static inline __attribute__((always_inline)) void v_transpose(vf v[16]) {
    vf pairs[16], quads[16];
    for (int i = 0; i < 16; i += 2) {
        pairs[i] = _mm512_unpacklo_ps(v[i], v[i + 1]);
        pairs[i + 1] = _mm512_unpackhi_ps(v[i], v[i + 1]);
    }
    for (int i = 0; i < 16; i += 4)
        for (int j = 0; j < 2; j++) {
            quads[i + 2 * j] = _mm512_shuffle_ps(pairs[i + j], pairs[i + 2 + j], 0x44);
            quads[i + 2 * j + 1] = _mm512_shuffle_ps(pairs[i + j], pairs[i + 2 + j], 0xee);
        }
    for (int c = 0; c < 4; c++) {
        const vf even07 = _mm512_shuffle_f32x4(quads[c], quads[4 + c], 0x88);
        const vf even8f = _mm512_shuffle_f32x4(quads[8 + c], quads[12 + c], 0x88);
        const vf odd07 = _mm512_shuffle_f32x4(quads[c], quads[4 + c], 0xdd);
        const vf odd8f = _mm512_shuffle_f32x4(quads[8 + c], quads[12 + c], 0xdd);
        v[c] = _mm512_shuffle_f32x4(even07, even8f, 0x88);
        v[4 + c] = _mm512_shuffle_f32x4(odd07, odd8f, 0x88);
        v[8 + c] = _mm512_shuffle_f32x4(even07, even8f, 0xdd);
        v[12 + c] = _mm512_shuffle_f32x4(odd07, odd8f, 0xdd);
    }
}

#define V_TRANSPOSE(v) v_transpose(v)

/* The first and the second of each pair of bfloat16, as float32. */
#define V_BF16_FIRST(v) _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(v), 16))
#define V_BF16_SECOND(v) \
    _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(v), _mm512_set1_epi32((int)0xffff0000u)))

static inline void v_store_bf16(uint16_t *p, vf v) {
    const __m512i bits = _mm512_castps_si512(v), sign = _mm512_set1_epi32((int)0x80000000u);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i near = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    const __m512i exponent = _mm512_and_si512(bits, _mm512_set1_epi32(0x7f800000));
    const __mmask16 is_small = _mm512_cmpeq_epi32_mask(exponent, _mm512_setzero_si512());
    near = _mm512_mask_mov_epi32(near, is_small, _mm512_and_si512(bits, sign));
    const __mmask16 is_nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
    near = _mm512_mask_mov_epi32(near, is_nan, _mm512_or_si512(bits, _mm512_set1_epi32(0x400000)));
    _mm256_storeu_si256((__m256i *)(void *)p, _mm512_cvtepi32_epi16(_mm512_srli_epi32(near, 16)));
}

#define V_STORE_BF16(p, v) v_store_bf16(p, v)

#include "bodies/all.inc"

const cai_kernels cai_avx512 = CAI_TABLE(CAI_ISA_AVX512, CAI_BF16_WIDENED, gemm_bf16_widened);

CAI_END_TARGET

CAI_BEGIN_TARGET("avx512f,fma,avx512bf16")

/* One pair of k by VDPBF16PS: sum = second x second + sum, then sum = first x first + sum, each rounded once to the
 * nearest, ties to even. Subnormal operands and results are zeros, whatever MXCSR says. */
INLINE void gemm_step_dot(vf sums[TILE_ROWS][TILE_VECTORS], const float *const start[TILE_ROWS], size_t k,
                          const float *b, size_t stride, const int count, const int vectors, const int words) {
    (void)words; /* one */
    __m512bh panel_row[TILE_VECTORS];
    CAI_UNROLL
    for (int j = 0; j < vectors; j++)
        panel_row[j] = (__m512bh)_mm512_loadu_si512(b + (size_t)j * stride);
    CAI_UNROLL
    for (int i = 0; i < count; i++) {
        int32_t pair;
        __builtin_memcpy(&pair, start[i] + k, sizeof pair);
        const __m512bh x = (__m512bh)_mm512_set1_epi32(pair);
        CAI_UNROLL
        for (int j = 0; j < vectors; j++) sums[i][j] = _mm512_dpbf16_ps(sums[i][j], x, panel_row[j]);
    }
}

#define GEMM_NAME(name) name##_dot
#define GEMM_STEP gemm_step_dot
#define GEMM_WORDS 1
#define GEMM_ROWS TILE_ROWS
#define GEMM_ARRANGE(sums, count, vectors) ((void)0)
#define GEMM_NARROWS 1
#include "bodies/gemm_tiles.inc"

static void gemm_bf16_dot(const cai_gemm *g) {
    const flush_state before = flush_subnormals(); /* in the epilogue, too */
    gemm_dot(g);
    restore_subnormals(before);
}

const cai_kernels cai_avx512_bf16 = CAI_TABLE(CAI_ISA_AVX512, CAI_BF16_DOT, gemm_bf16_dot);

CAI_END_TARGET
#endif
