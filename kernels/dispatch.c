#include "kernels.h"
const char *cai_cpu_isa(void) { return "portable"; }
