#ifndef CAI_CLINUX_H
#define CAI_CLINUX_H

#include <malloc.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

/* sched_setaffinity(2) for the calling thread: glibc declares it only with _GNU_SOURCE, which Swift does not define. */
static inline long cai_set_affinity(size_t bytes, const unsigned long *mask) {
    return syscall(SYS_sched_setaffinity, 0, bytes, mask);
}

/* mallopt(3), which no Swift module has. Returns 1 on success. */
static inline int cai_map_blocks_above(int bytes) { return mallopt(M_MMAP_THRESHOLD, bytes); }

/* The version of the Swift compiler, 60301 for 6.3.1: its importer of C defines __swift__. */
enum { cai_swift_version = __swift__ };

#if defined(__aarch64__)
/* Whether the processor has the instructions for CRC-32. */
static inline int cai_has_crc32(void) { return (getauxval(AT_HWCAP) >> 7) & 1; }

/* CRC-32 of zip and gzip by these instructions: that of more bytes after those of `sum`, which is 0 for none. */
__attribute__((target("crc"))) static inline uint32_t cai_crc32(uint32_t sum, const uint8_t *bytes, size_t count) {
    sum = ~sum;
    for (; count >= 8; count -= 8, bytes += 8) {
        uint64_t word;
        __builtin_memcpy(&word, bytes, 8);
        sum = __builtin_arm_crc32d(sum, word);
    }
    for (; count; count--) sum = __builtin_arm_crc32b(sum, *bytes++);
    return ~sum;
}
#endif

#endif
