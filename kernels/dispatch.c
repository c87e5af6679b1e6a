#include "kernels.h"
#include "tables.h"

const cai_kernels *cai_kernels_for(cai_isa isa) {
#if defined(__x86_64__)
    if (isa == CAI_ISA_AVX2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &cai_avx2;
#endif
    (void)isa;
    return NULL;
}
