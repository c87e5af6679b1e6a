/* Reports Synchronization.Mutex to ThreadSanitizer. Uncontended locking and unlocking is inlined into the caller,
 * which is instrumented. With contention, two functions of Swift's library are called, which are not: accesses before
 * unlocking in one thread would appear concurrent with those after locking in the next. Loaded by LD_PRELOAD, these
 * functions replace the two, call the originals, and report the synchronization; no report is suppressed.
 *
 * `self` is the mutex's word, on which the inlined part synchronizes as well. Only Clang supports Swift's calls. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

/* Functions of ThreadSanitizer in the program; child processes of other programs do not have them. */
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

static void *original(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

SWIFT void cai_lock_slow(uint32_t thread, SELF void *self) __asm__(LOCK);
SWIFT void cai_unlock_slow(SELF void *self) __asm__(UNLOCK);

SWIFT void cai_lock_slow(uint32_t thread, SELF void *self) {
    ((SWIFT void (*)(uint32_t, SELF void *))original(LOCK))(thread, self);
    if (__tsan_acquire) __tsan_acquire(self);
}

SWIFT void cai_unlock_slow(SELF void *self) {
    if (__tsan_release) __tsan_release(self);
    ((SWIFT void (*)(SELF void *))original(UNLOCK))(self);
}
