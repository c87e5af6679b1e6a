#ifndef CAI_CLINUX_H
#define CAI_CLINUX_H

#include <malloc.h>
#include <sys/syscall.h>
#include <unistd.h>

/* sched_setaffinity(2) for the calling thread: glibc declares it only with _GNU_SOURCE, which Swift does not define. */
static inline long cai_set_affinity(size_t bytes, const unsigned long *mask) {
    return syscall(SYS_sched_setaffinity, 0, bytes, mask);
}

/* mallopt(3), which no Swift module has. Returns 1 on success. */
static inline int cai_map_blocks_above(int bytes) { return mallopt(M_MMAP_THRESHOLD, bytes); }

#endif
