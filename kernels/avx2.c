/* AVX2 + FMA: eight floats a vector, sixteen registers. The bodies are compiled for these macros. */
#if defined(__x86_64__)
#include <immintrin.h>

#include "subnormals.h"
#include "tables.h"
#include "target.h"

CAI_BEGIN_TARGET("avx2,fma")

#define LANES 8
#define TILE_ROWS 6 /* 6 x 16: twelve accumulators, two panel vectors, one broadcast, one spare */
#define TILE_PANELS 1

typedef __m256 vf;

#define V_SET1(x) _mm256_set1_ps(x)
#define V_ZERO() _mm256_setzero_ps()
#define V_LOAD(p) _mm256_loadu_ps(p)
#define V_STORE(p, v) _mm256_storeu_ps(p, v)
#define V_BROADCAST(p) _mm256_broadcast_ss(p)
#define V_ADD(a, b) _mm256_add_ps(a, b)
#define V_SUB(a, b) _mm256_sub_ps(a, b)
#define V_MUL(a, b) _mm256_mul_ps(a, b)
#define V_DIV(a, b) _mm256_div_ps(a, b)
#define V_FMA(a, b, c) _mm256_fmadd_ps(a, b, c)  /* a*b + c */
#define V_FMS(a, b, c) _mm256_fmsub_ps(a, b, c)  /* a*b - c */
/* If either argument is NaN, these return the second one. */
#define V_MIN(a, b) _mm256_min_ps(a, b)
#define V_MAX(a, b) _mm256_max_ps(a, b)
#define V_RELU(a) V_MAX(V_ZERO(), a)
/* The larger, the second one if they are equal (of zeros, too); NaN if either is NaN. */
#define V_MAX_OR_NAN(a, b) _mm256_or_ps(_mm256_max_ps(a, b), _mm256_cmp_ps(a, a, _CMP_UNORD_Q))
#define V_ROUND(a) _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
/* 2^n for whole n in [-127, 128]; 2^-127 becomes zero */
#define V_POW2(n) _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23))

/* The low nine bits of a float moved to the sign and exponent: 2^(bits - 127) */
#define V_EXPONENT_BITS(a) _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(a), 23))

#define S_SQRT(x) _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x)))

/* Lanes are added in pairs at distance 4, 2, 1. */
static inline float v_sum(vf v) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    s = _mm_add_ss(s, _mm_movehdup_ps(s));
    return _mm_cvtss_f32(s);
}

static inline float v_largest(vf v) {
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    m = _mm_max_ss(m, _mm_movehdup_ps(m));
    return _mm_cvtss_f32(m);
}

/* LANES groups of four floats to four vectors, one for each position in the group, and back. */
static inline void v_load_quads(const float *p, vf x[4]) {
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const vf a = V_LOAD(p), b = V_LOAD(p + 8), c = V_LOAD(p + 16), d = V_LOAD(p + 24);
    const vf ab = _mm256_unpacklo_ps(a, b), cd = _mm256_unpacklo_ps(c, d);
    const vf ab2 = _mm256_unpackhi_ps(a, b), cd2 = _mm256_unpackhi_ps(c, d);
    x[0] = _mm256_permutevar8x32_ps(_mm256_shuffle_ps(ab, cd, 0x44), order);
    x[1] = _mm256_permutevar8x32_ps(_mm256_shuffle_ps(ab, cd, 0xee), order);
    x[2] = _mm256_permutevar8x32_ps(_mm256_shuffle_ps(ab2, cd2, 0x44), order);
    x[3] = _mm256_permutevar8x32_ps(_mm256_shuffle_ps(ab2, cd2, 0xee), order);
}

static inline void v_store_quads(float *p, const vf x[4]) {
    const vf lo01 = _mm256_unpacklo_ps(x[0], x[1]), hi01 = _mm256_unpackhi_ps(x[0], x[1]);
    const vf lo23 = _mm256_unpacklo_ps(x[2], x[3]), hi23 = _mm256_unpackhi_ps(x[2], x[3]);
    const vf q04 = _mm256_shuffle_ps(lo01, lo23, 0x44), q15 = _mm256_shuffle_ps(lo01, lo23, 0xee);
    const vf q26 = _mm256_shuffle_ps(hi01, hi23, 0x44), q37 = _mm256_shuffle_ps(hi01, hi23, 0xee);
    V_STORE(p, _mm256_permute2f128_ps(q04, q15, 0x20));
    V_STORE(p + 8, _mm256_permute2f128_ps(q26, q37, 0x20));
    V_STORE(p + 16, _mm256_permute2f128_ps(q04, q15, 0x31));
    V_STORE(p + 24, _mm256_permute2f128_ps(q26, q37, 0x31));
}

#define V_LOAD_QUADS(p, x) v_load_quads(p, x)
#define V_STORE_QUADS(p, x) v_store_quads(p, x)

/* Transposes. */
static inline __attribute__((always_inline)) void v_transpose(vf v[8]) {
    vf pairs[8], quads[8];
    for (int i = 0; i < 8; i += 2) {
        pairs[i] = _mm256_unpacklo_ps(v[i], v[i + 1]);
        pairs[i + 1] = _mm256_unpackhi_ps(v[i], v[i + 1]);
    }
    for (int i = 0; i < 8; i += 4)
        for (int j = 0; j < 2; j++) {
            quads[i + 2 * j] = _mm256_shuffle_ps(pairs[i + j], pairs[i + 2 + j], 0x44);
            quads[i + 2 * j + 1] = _mm256_shuffle_ps(pairs[i + j], pairs[i + 2 + j], 0xee);
        }
    for (int i = 0; i < 4; i++) {
        v[i] = _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x20);
        v[i + 4] = _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x31);
    }
}

#define V_TRANSPOSE(v) v_transpose(v)

/* The first and the second of each pair of bfloat16, as float32. */
#define V_BF16_FIRST(v) _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(v), 16))
#define V_BF16_SECOND(v) _mm256_and_ps(v, _mm256_castsi256_ps(_mm256_set1_epi32((int)0xffff0000u)))

static inline void v_store_bf16(uint16_t *p, vf v) {
    const __m256i bits = _mm256_castps_si256(v), sign = _mm256_set1_epi32((int)0x80000000u);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    __m256i near = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    const __m256i exponent = _mm256_and_si256(bits, _mm256_set1_epi32(0x7f800000));
    const __m256i is_small = _mm256_cmpeq_epi32(exponent, _mm256_setzero_si256());
    near = _mm256_blendv_epi8(near, _mm256_and_si256(bits, sign), is_small);
    const __m256i is_nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
    near = _mm256_blendv_epi8(near, _mm256_or_si256(bits, _mm256_set1_epi32(0x400000)), is_nan);
    near = _mm256_srli_epi32(near, 16);
    near = _mm256_permute4x64_epi64(_mm256_packus_epi32(near, near), 0x08);
    _mm_storeu_si128((__m128i *)(void *)p, _mm256_castsi256_si128(near));
}

#define V_STORE_BF16(p, v) v_store_bf16(p, v)

#include "bodies/all.inc"

const cai_kernels cai_avx2 = CAI_TABLE(CAI_ISA_AVX2, CAI_BF16_WIDENED, gemm_bf16_widened);

CAI_END_TARGET
#endif
