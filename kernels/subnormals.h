/* Makes subnormal numbers zeros for a while, as operands and as results, with a sign: MXCSR's DAZ and FTZ, FPCR's FZ. */
#ifndef CAI_SUBNORMALS_H
#define CAI_SUBNORMALS_H

#include <stdint.h>

#if defined(__x86_64__)
typedef uint32_t flush_state;

static inline flush_state flush_subnormals(void) {
    const flush_state before = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(before | 0x8040);
    return before;
}

static inline void restore_subnormals(flush_state before) { __builtin_ia32_ldmxcsr(before); }
#elif defined(__aarch64__)
typedef uint64_t flush_state;

static inline flush_state flush_subnormals(void) {
    flush_state before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"(before | (uint64_t)1 << 24) : "memory");
    return before;
}

static inline void restore_subnormals(flush_state before) {
    __asm__ volatile("msr fpcr, %0" : : "r"(before) : "memory");
}
#endif

#endif
