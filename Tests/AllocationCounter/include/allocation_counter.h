/* Counts the calling thread's heap allocations: linked into a test program, this target's malloc takes the C library's
 * place and passes every call on to it. */
#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H

/* Allocations of this thread since it started: malloc, calloc, realloc and the aligned kinds. */
unsigned long cai_allocation_count(void);

#endif
