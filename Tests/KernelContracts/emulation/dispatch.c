/* In place of kernels/dispatch.c, for a program whose AVX-512 is emulated: it has no other table in C. */
#include "kernels.h"
#include "tables.h"

const cai_kernels *cai_kernels_for(cai_isa isa) { return isa == CAI_ISA_AVX512 ? &cai_avx512 : NULL; }
