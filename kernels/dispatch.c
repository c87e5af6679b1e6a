#include "kernels.h"
#include "tables.h"

const cai_kernels *cai_kernels_for(cai_isa isa) {
    switch (isa) {
#if defined(__x86_64__)
    /* These also check that the system saves the wide registers (XCR0). */
    case CAI_ISA_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &cai_avx2 : NULL;
    case CAI_ISA_AVX512:
        if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("fma")) return NULL;
        return __builtin_cpu_supports("avx512bf16") ? &cai_avx512_bf16 : &cai_avx512;
#elif defined(__aarch64__)
    case CAI_ISA_NEON: return &cai_neon; /* every 64-bit ARM processor has it */
#endif
    default: return NULL;
    }
}
