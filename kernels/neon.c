/* NEON (64-bit ARM): four floats a vector, 32 registers. The bodies are compiled for these macros. */
#if defined(__aarch64__)
#include <arm_neon.h>

#include "subnormals.h"
#include "tables.h"
#include "target.h"

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
#endif
