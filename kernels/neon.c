/* NEON (64-bit ARM): four floats a vector, 32 registers. The bodies are compiled for these macros. */
#if defined(__aarch64__)
#include <arm_neon.h>

#include "subnormals.h"
#include "tables.h"
#include "target.h"

#if defined(__clang__)
#define CAI_TARGET_BF16 "bf16"
#else
#define CAI_TARGET_BF16 "arch=armv8.2-a+bf16"
#endif

#define LANES 4
#define TILE_ROWS 5 /* 5 x 16: twenty accumulators, four panel vectors; with six rows clang spills */
#define TILE_PANELS 1

typedef float32x4_t vf;

#define V_SET1(x) vdupq_n_f32(x)
#define V_ZERO() vdupq_n_f32(0.0f)
#define V_LOAD(p) vld1q_f32(p)
#define V_STORE(p, v) vst1q_f32(p, v)
#define V_BROADCAST(p) vld1q_dup_f32(p)
#define V_ADD(a, b) vaddq_f32(a, b)
#define V_SUB(a, b) vsubq_f32(a, b)
#define V_MUL(a, b) vmulq_f32(a, b)
#define V_DIV(a, b) vdivq_f32(a, b)
#define V_FMA(a, b, c) vfmaq_f32(c, a, b)            /* a*b + c */
#define V_FMS(a, b, c) vfmaq_f32(vnegq_f32(c), a, b) /* a*b - c */
/* If either argument is NaN, these return NaN: the bodies pass values that may be NaN as the second one. */
#define V_MIN(a, b) vminq_f32(a, b)
#define V_MAX(a, b) vmaxq_f32(a, b)
/* Unlike the maximum with zero, this keeps -0, as the other instruction sets do. */
#define V_RELU(a) vbslq_f32(vcltzq_f32(a), V_ZERO(), a)
/* The larger, the second one if they are equal (of zeros, too); NaN if either is NaN. */
#define V_MAX_OR_NAN(a, b) vbslq_f32(vceqq_f32(a, b), b, vmaxq_f32(a, b))
#define V_ROUND(a) vrndnq_f32(a)
/* 2^n for whole n in [-127, 128]; 2^-127 becomes zero */
#define V_POW2(n) vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127)), 23))
/* The low nine bits of a float moved to the sign and exponent: 2^(bits - 127) */
#define V_EXPONENT_BITS(a) vreinterpretq_f32_s32(vshlq_n_s32(vreinterpretq_s32_f32(a), 23))

#define S_SQRT(x) vget_lane_f32(vsqrt_f32(vdup_n_f32(x)), 0)

/* Lanes are added in pairs at distance 2, 1. */
static inline float v_sum(vf v) { return vaddv_f32(vadd_f32(vget_low_f32(v), vget_high_f32(v))); }

static inline float v_largest(vf v) { return vmaxvq_f32(v); }

/* LANES groups of four floats to four vectors, one for each position in the group, and back. */
static inline void v_load_quads(const float *p, vf x[4]) {
    const float32x4x4_t places = vld4q_f32(p);
    for (int i = 0; i < 4; i++) x[i] = places.val[i];
}

static inline void v_store_quads(float *p, const vf x[4]) {
    const float32x4x4_t places = {{x[0], x[1], x[2], x[3]}};
    vst4q_f32(p, places);
}

#define V_LOAD_QUADS(p, x) v_load_quads(p, x)
#define V_STORE_QUADS(p, x) v_store_quads(p, x)

/* Transposes. */
static inline void v_transpose(vf v[4]) {
    vf pairs[4];
    for (int i = 0; i < 4; i += 2) {
        pairs[i] = vtrn1q_f32(v[i], v[i + 1]); /* columns 0 and 2 of both rows */
        pairs[i + 1] = vtrn2q_f32(v[i], v[i + 1]);
    }
    for (int c = 0; c < 2; c++) {
        const float64x2_t a = vreinterpretq_f64_f32(pairs[c]), b = vreinterpretq_f64_f32(pairs[2 + c]);
        v[c] = vreinterpretq_f32_f64(vzip1q_f64(a, b));
        v[2 + c] = vreinterpretq_f32_f64(vzip2q_f64(a, b));
    }
}

#define V_TRANSPOSE(v) v_transpose(v)

/* The first and the second of each pair of bfloat16, as float32. */
#define V_BF16_FIRST(v) vreinterpretq_f32_u32(vshlq_n_u32(vreinterpretq_u32_f32(v), 16))
#define V_BF16_SECOND(v) vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(v), vdupq_n_u32(0xffff0000u)))

static inline void v_store_bf16(uint16_t *p, vf v) {
    const uint32x4_t bits = vreinterpretq_u32_f32(v);
    const uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    uint32x4_t near = vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff)));
    const uint32x4_t is_small = vceqq_u32(vandq_u32(bits, vdupq_n_u32(0x7f800000)), vdupq_n_u32(0));
    near = vbslq_u32(is_small, vandq_u32(bits, vdupq_n_u32(0x80000000u)), near);
    near = vbslq_u32(vceqq_f32(v, v), near, vorrq_u32(bits, vdupq_n_u32(0x400000)));
    vst1_u16(p, vshrn_n_u32(near, 16));
}

#define V_STORE_BF16(p, v) v_store_bf16(p, v)

#include "bodies/all.inc"

const cai_kernels cai_neon = CAI_TABLE(CAI_ISA_NEON, CAI_BF16_WIDENED, gemm_bf16_widened);

CAI_BEGIN_TARGET(CAI_TARGET_BF16)

/* Four k of a row: two words, or one and a zero. */
INLINE uint32x2_t load_words(const float *p, const int words) {
    uint32x2_t pairs = vdup_n_u32(0);
    if (words == 2) return vreinterpret_u32_f32(vld1_f32(p));
    return vld1_lane_u32((const uint32_t *)(const void *)p, pairs, 0);
}

/* BFMMLA multiplies two rows of A by two columns of B over four k. The sums of rows i and i + 1 (i even) and columns
 * 4 j ... 4 j + 3 are a 2 x 2 matrix of the first two columns in sums[i][j] and one of the others in sums[i + 1][j]. */
INLINE void gemm_step_mmla(vf sums[TILE_ROWS + 1][TILE_VECTORS], const float *const start[TILE_ROWS], size_t k,
                           const float *b, size_t stride, const int count, const int vectors, const int words) {
    (void)stride; /* one panel */
    bfloat16x8_t a[(TILE_ROWS + 1) / 2];
    CAI_UNROLL
    for (int i = 0; i < count; i += 2) {
        const int next = i + 1 < count ? i + 1 : i;
        a[i / 2] = vreinterpretq_bf16_u32(vcombine_u32(load_words(start[i] + k, words), load_words(start[next] + k, words)));
    }
    CAI_UNROLL
    for (int j = 0; j < vectors; j++) {
        const uint32x4_t first = vreinterpretq_u32_f32(V_LOAD(b + j * LANES));
        const uint32x4_t second = words == 2 ? vreinterpretq_u32_f32(V_LOAD(b + CAI_PANEL + j * LANES)) : vdupq_n_u32(0);
        const bfloat16x8_t left = vreinterpretq_bf16_u32(vzip1q_u32(first, second));
        const bfloat16x8_t right = vreinterpretq_bf16_u32(vzip2q_u32(first, second));
        CAI_UNROLL
        for (int i = 0; i < count; i += 2) {
            sums[i][j] = vbfmmlaq_f32(sums[i][j], a[i / 2], left);
            sums[i + 1][j] = vbfmmlaq_f32(sums[i + 1][j], a[i / 2], right);
        }
    }
}

INLINE void gemm_arrange_mmla(vf sums[TILE_ROWS + 1][TILE_VECTORS], const int count, const int vectors) {
    CAI_UNROLL
    for (int i = 0; i < count; i += 2)
        CAI_UNROLL
        for (int j = 0; j < vectors; j++) {
            const float64x2_t left = vreinterpretq_f64_f32(sums[i][j]), right = vreinterpretq_f64_f32(sums[i + 1][j]);
            sums[i][j] = vreinterpretq_f32_f64(vzip1q_f64(left, right));
            sums[i + 1][j] = vreinterpretq_f32_f64(vzip2q_f64(left, right));
        }
}

#define GEMM_NAME(name) name##_mmla
#define GEMM_STEP gemm_step_mmla
#define GEMM_WORDS 2
#define GEMM_ROWS 4 /* whole pairs: 16 accumulators, two vectors of A, four of B */
#define GEMM_ARRANGE(sums, count, vectors) gemm_arrange_mmla(sums, count, vectors)
#define GEMM_NARROWS 1
#include "bodies/gemm_tiles.inc"

static void gemm_bf16_mmla(const cai_gemm *g) {
    const flush_state before = flush_subnormals(); /* in the epilogue, too */
    gemm_mmla(g);
    restore_subnormals(before);
}

const cai_kernels cai_neon_bf16 = CAI_TABLE(CAI_ISA_NEON, CAI_BF16_MMLA, gemm_bf16_mmla);

CAI_END_TARGET
#endif
