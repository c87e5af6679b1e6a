/* Found before the compiler's <immintrin.h> when AVX-512 is emulated: SIMDe's functions take the intrinsics' names. SIMDe
 * itself includes the compiler's header from here. */
#ifndef CAI_EMULATED_IMMINTRIN_H
#define CAI_EMULATED_IMMINTRIN_H
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <math.h>
#include <simde/x86/avx512.h>
#include <simde/x86/fma.h>

/* SIMDe 0.7.4 rounds fused multiply-adds twice, and lacks the other functions. */
#define FUSED(name, expression)                                \
    static inline __m512 name(__m512 a, __m512 b, __m512 c) {  \
        float x[16], y[16], z[16];                             \
        simde_mm512_storeu_ps(x, a);                           \
        simde_mm512_storeu_ps(y, b);                           \
        simde_mm512_storeu_ps(z, c);                           \
        for (int i = 0; i < 16; i++) z[i] = expression;        \
        return simde_mm512_loadu_ps(z);                        \
    }
FUSED(emulated_fmadd, fmaf(x[i], y[i], z[i]))
FUSED(emulated_fmsub, fmaf(x[i], y[i], -z[i]))
FUSED(emulated_fnmadd, fmaf(-x[i], y[i], z[i]))

/* Lane (128 bits) i of the result is the one that bits 2i and 2i + 1 of `control` name, the first two in a, the others
 * in b. */
static inline __m512 emulated_shuffle_lanes(__m512 a, __m512 b, int control) {
    float x[16], y[16], z[16];
    simde_mm512_storeu_ps(x, a);
    simde_mm512_storeu_ps(y, b);
    for (int i = 0; i < 16; i++) z[i] = (i < 8 ? x : y)[(control >> (i / 4 * 2) & 3) * 4 + i % 4];
    return simde_mm512_loadu_ps(z);
}

/* Rounds to the nearest, ties to even; INT_MIN if that is not an int. */
static inline __m512i emulated_round_to_int(__m512 a) {
    float x[16];
    int32_t n[16];
    simde_mm512_storeu_ps(x, a);
    for (int i = 0; i < 16; i++) n[i] = fabsf(x[i]) < 0x1p31f ? (int32_t)rintf(x[i]) : INT32_MIN;
    return simde_mm512_loadu_si512(n);
}

static inline __mmask16 emulated_less(__m512i a, __m512i b) { return simde_mm512_cmpgt_epi32_mask(b, a); }

/* VDPBF16PS by its definition: a product of bfloat16 is exact in float64, and so nearly is a sum that rounding to float32
 * gives the nearest. SIMDe 0.7.4 adds in another order and rounds more often. */
static inline float emulated_bf16_step(float sum, uint32_t a, uint32_t b) {
    uint32_t bits[2] = {(a & 0x7f800000u) == 0 ? a & 0x80000000u : a, (b & 0x7f800000u) == 0 ? b & 0x80000000u : b};
    float x[2];
    __builtin_memcpy(x, bits, sizeof x);
    const double exact = (double)x[0] * (double)x[1] + (double)sum;
    return fabs(exact) < 0x1p-126 - 0x1p-151 ? (float)copysign(0, exact) : (float)exact;
}

static inline __m512 emulated_dpbf16(__m512 sum, __m512i a, __m512i b) {
    float z[16];
    uint32_t x[16], y[16];
    simde_mm512_storeu_ps(z, sum);
    simde_mm512_storeu_si512(x, a);
    simde_mm512_storeu_si512(y, b);
    for (int i = 0; i < 16; i++) {
        z[i] = emulated_bf16_step(z[i], x[i] & 0xffff0000u, y[i] & 0xffff0000u);
        z[i] = emulated_bf16_step(z[i], x[i] << 16, y[i] << 16);
    }
    return simde_mm512_loadu_ps(z);
}

/* The lower half of each int. */
static inline __m256i emulated_narrow(__m512i a) {
    uint32_t x[16];
    uint16_t z[16];
    simde_mm512_storeu_si512(x, a);
    for (int i = 0; i < 16; i++) z[i] = (uint16_t)x[i];
    return simde_mm256_loadu_si256((const __m256i *)(const void *)z);
}

#undef _mm512_cvtepi32_epi16
#define _mm512_cvtepi32_epi16(a) emulated_narrow(a)
#undef __m512bh
#define __m512bh __m512i
#undef _mm512_dpbf16_ps
#define _mm512_dpbf16_ps(sum, a, b) emulated_dpbf16(sum, a, b)
#undef _mm512_fmadd_ps
#undef _mm512_fmsub_ps
#undef _mm512_fnmadd_ps
#undef _mm512_shuffle_f32x4
#undef _mm512_cvtps_epi32
#undef _mm512_cmplt_epi32_mask
#define _mm512_fmadd_ps(a, b, c) emulated_fmadd(a, b, c)
#define _mm512_fmsub_ps(a, b, c) emulated_fmsub(a, b, c)
#define _mm512_fnmadd_ps(a, b, c) emulated_fnmadd(a, b, c)
#define _mm512_shuffle_f32x4(a, b, control) emulated_shuffle_lanes(a, b, control)
#define _mm512_cvtps_epi32(a) emulated_round_to_int(a)
#define _mm512_cmplt_epi32_mask(a, b) emulated_less(a, b)
#else
#include_next <immintrin.h>
#endif
