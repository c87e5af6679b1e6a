#ifndef CAI_KERNELS_H
#define CAI_KERNELS_H
const char *cai_cpu_isa(void);
#endif
