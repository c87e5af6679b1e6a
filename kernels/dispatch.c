#include "kernels.h"
#include "tables.h"

#if defined(__aarch64__)
#include <sys/auxv.h>
#define CAI_HWCAP2_BF16 (1ul << 14) /* HWCAP2_BF16 of Linux */
#endif

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
    /* Every 64-bit ARM processor has NEON. */
    case CAI_ISA_NEON: return getauxval(AT_HWCAP2) & CAI_HWCAP2_BF16 ? &cai_neon_bf16 : &cai_neon;
#endif
    default: return NULL;
    }
}
