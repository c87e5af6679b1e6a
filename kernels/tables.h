/* One table for each instruction set that this build has C kernels for. */
#ifndef CAI_TABLES_H
#define CAI_TABLES_H

#include "kernels.h"

#if defined(__x86_64__)
extern const cai_kernels cai_avx2;
extern const cai_kernels cai_avx512;
extern const cai_kernels cai_avx512_bf16; /* for processors with AVX512_BF16 */
#elif defined(__aarch64__)
extern const cai_kernels cai_neon;
extern const cai_kernels cai_neon_bf16; /* for processors with FEAT_BF16 */
#endif

#endif
