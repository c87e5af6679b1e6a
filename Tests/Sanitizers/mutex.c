/* Tells ThreadSanitizer of Synchronization.Mutex. Taking and leaving a mutex that nobody waits for is compiled into whoever
 * does it, and ThreadSanitizer sees that. Where somebody waits, two functions of Swift's library do the rest, which is not
 * compiled for it: what one thread did before it left the mutex would then seem to happen beside what the next one does.
 * Loaded by LD_PRELOAD, these take the two functions' places, call them, and say what they did; nothing is suppressed.
 *
 * `self` is the mutex's word, on which the compiled-in part synchronises, too. Clang alone knows Swift's calls. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

/* Of ThreadSanitizer, which is in the program; other programs that it starts have none. */
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
