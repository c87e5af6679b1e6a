/* The matrix product by which consecutive Linear layers are merged when weights are loaded. It has one body for all
 * processors: each element is one chain in increasing k, and a product of two float32 is exact in float64, so that bits
 * depend neither on the width of the vectors nor on whether multiply-adds are fused. */
#include "kernels.h"
#include "target.h"

/* Eight columns: a vector of AVX-512, two of AVX2, four of SSE2 or NEON. */
#define WIDTH 8
typedef double vd __attribute__((vector_size(WIDTH * sizeof(double)), aligned(sizeof(double)), may_alias));

/* Rows of B in one panel, which stays in the first-level cache. */
#define PANEL_ROWS 256

#define BODY product_any
#include "bodies/merge.inc"

#if defined(__x86_64__)
CAI_BEGIN_TARGET("avx2,fma")
#define BODY product_avx2
#include "bodies/merge.inc"
CAI_END_TARGET

CAI_BEGIN_TARGET("avx512f")
#define BODY product_avx512
#include "bodies/merge.inc"
CAI_END_TARGET
#endif

void cai_merge_product(const cai_product *p) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return product_avx512(p);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return product_avx2(p);
#endif
    product_any(p);
}
