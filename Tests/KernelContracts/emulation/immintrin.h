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
