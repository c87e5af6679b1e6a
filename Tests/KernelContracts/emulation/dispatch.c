/* In place of kernels/dispatch.c, for a program whose AVX-512 is emulated: it has no other table in C. This one differs
 * from that without AVX512_BF16 in the matrix product of bfloat16 only. */
#include "kernels.h"
#include "tables.h"

const cai_kernels *cai_kernels_for(cai_isa isa) { return isa == CAI_ISA_AVX512 ? &cai_avx512_bf16 : NULL; }
