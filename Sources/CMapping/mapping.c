#include "mapping.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

// The signal handler reads this table while other threads change it: it grows by blocks that are never freed, and a slot is
// valid once its base is set.
enum { SLOTS = 512 };

typedef struct {
    _Atomic uintptr_t base;
    _Atomic size_t size;
    atomic_int torn;
} Slot;

typedef struct Block {
    Slot slots[SLOTS];
    _Atomic(struct Block *) next;
} Block;

static Block first;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct sigaction previous;
static uintptr_t page_size;

static void tear(int number, siginfo_t *info, void *context) {
    (void)number, (void)context;
    int reason = errno;
    if (info->si_code <= 0) {
        // Sent by a process, not caused by a failed read.
        sigaction(SIGBUS, &previous, NULL);
        raise(SIGBUS);
        errno = reason;
        return;
    }
    uintptr_t address = (uintptr_t)info->si_addr;
    for (Block *block = &first; block; block = atomic_load(&block->next)) {
        for (int index = 0; index < SLOTS; index++) {
            Slot *slot = &block->slots[index];
            uintptr_t base = atomic_load(&slot->base);
            if (!base || address < base) continue;
            uintptr_t end = base + ((atomic_load(&slot->size) + page_size - 1) & ~(page_size - 1));
            if (address >= end) continue;
            uintptr_t page = address & ~(page_size - 1);
            atomic_store(&slot->torn, 1);
            void *zeros = mmap(
                (void *)page, end - page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
            if (zeros == MAP_FAILED) break;
            errno = reason;
            return;
        }
    }
    // The address is in no watched mapping: restore the previous handler, which is called when the read is repeated.
    sigaction(SIGBUS, &previous, NULL);
    errno = reason;
}

static void start(void) {
    page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
    struct sigaction action = {.sa_sigaction = tear, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &previous);
}

static Slot *slot_of(long mapping) {
    Block *block = &first;
    for (long index = mapping / SLOTS; index > 0 && block; index--) block = atomic_load(&block->next);
    return block ? &block->slots[mapping % SLOTS] : NULL;
}

long cai_mapping_watch(const void *base, size_t size) {
    pthread_once(&once, start);
    pthread_mutex_lock(&lock);
    long found = -1, number = 0;
    for (Block *block = &first; block && found < 0; block = atomic_load(&block->next)) {
        for (int index = 0; index < SLOTS; index++, number++) {
            Slot *slot = &block->slots[index];
            if (atomic_load(&slot->base)) continue;
            atomic_store(&slot->torn, 0);
            atomic_store(&slot->size, size);
            atomic_store(&slot->base, (uintptr_t)base);
            found = number;
            break;
        }
        if (found < 0 && !atomic_load(&block->next)) atomic_store(&block->next, calloc(1, sizeof(Block)));
    }
    pthread_mutex_unlock(&lock);
    return found;
}

void cai_mapping_forget(long mapping) {
    Slot *slot = mapping < 0 ? NULL : slot_of(mapping);
    if (slot) atomic_store(&slot->base, 0);
}

int cai_mapping_is_torn(long mapping) {
    Slot *slot = mapping < 0 ? NULL : slot_of(mapping);
    return slot && atomic_load(&slot->torn);
}
