/* Cases, guarded memory and the helpers of contract.h. */
#include "contract.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZER
#endif

#ifdef ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(start, bytes) ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(start, bytes) ((void)0)
#endif

#define MARK 0x7fc0deadu
#define MOST_BLOCKS 24
#define MOST_PRINTED 5

typedef struct {
    unsigned char *pages;
    size_t bytes, used; /* without the guard page; up to the first float */
} block;

static block blocks[MOST_BLOCKS];
static size_t block_count;
static char description[256], heading[64];
static tally current;
static uint32_t state;

void begin_case(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(description, sizeof description, format, arguments);
    va_end(arguments);
    state = 12345;
}

static void fail(const char *format, va_list arguments) {
    if (current.failures++ >= MOST_PRINTED) return;
    fprintf(stderr, "%s, %s: ", heading, description);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void expect(bool holds, const char *format, ...) {
    if (holds) return;
    va_list arguments;
    va_start(arguments, format);
    fail(format, arguments);
    va_end(arguments);
}

void expect_near(float found, double exact, double tolerance, const char *format, ...) {
    if (isnan(exact) ? isnan(found) : isinf(exact) ? (double)found == exact : fabs(found - exact) <= tolerance) return;
    char what[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    expect(false, "%s: expected %.9g within %.3g, found %.9g", what, exact, tolerance, (double)found);
}

static void mark(void *start, size_t bytes) {
    const uint32_t bits = MARK;
    for (size_t i = 0; i + sizeof bits <= bytes; i += sizeof bits) memcpy((char *)start + i, &bits, sizeof bits);
}

static void *guarded_bytes(size_t bytes) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (bytes + page - 1) / page * page + page;
    if (block_count == MOST_BLOCKS) abort();
    unsigned char *pages = mmap(NULL, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || mprotect(pages + whole, page, PROT_NONE) != 0) {
        perror("memory for the tests");
        exit(1);
    }
    mark(pages, whole);
    blocks[block_count++] = (block){pages, whole, whole - bytes};
    /* So that reads there are also detected, to eight bytes. */
    ASAN_POISON_MEMORY_REGION(pages, whole - bytes);
    return pages + whole - bytes;
}

float *guarded(size_t count) { return guarded_bytes(count * sizeof(float)); }
int32_t *guarded_offsets(size_t count) { return guarded_bytes(count * sizeof(int32_t)); }

void end_case(void) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < block_count; i++) {
        const block b = blocks[i];
        ASAN_UNPOISON_MEMORY_REGION(b.pages, b.bytes);
        for (size_t at = 0; at + sizeof(float) <= b.used; at += sizeof(float)) {
            float x;
            memcpy(&x, b.pages + at, sizeof x);
            if (is_marked(x)) continue;
            expect(false, "wrote %zu floats before the start", (b.used - at) / sizeof x);
            break;
        }
        munmap(b.pages, b.bytes + page);
    }
    block_count = 0;
    current.cases++;
}

bool is_marked(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits == MARK;
}

/* FNV-1a (Fowler, Noll and Vo), 64 bits. */
void note_bits(const float *x, size_t count) {
    uint64_t digest = current.digest;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = 0x7fc00000u;
        if (!isnan(x[i])) memcpy(&bits, x + i, sizeof bits);
        for (int byte = 0; byte < 32; byte += 8) digest = (digest ^ (bits >> byte & 0xff)) * 0x100000001b3u;
    }
    current.digest = digest;
    current.noted += count;
}

bool same_bits(const float *a, const float *b, size_t count) { return memcmp(a, b, count * sizeof *a) == 0; }

float noise(void) {
    state = state * 1664525u + 1013904223u;
    return (float)(int32_t)(state >> 8) * 0x1p-23f - 1.0f;
}

void fill(float *x, size_t count, float scale) {
    for (size_t i = 0; i < count; i++) x[i] = noise() * scale;
}

double exact_gelu(double x) { return 0.5 * x * erfc(-x * 0.70710678118654752440); }
double exact_silu(double x) { return x / (1 + exp(-x)); }
double gelu_error(double x) { return fmin(2.3e-7 * fabs(x), 1.2e-6); }

double unit_in_last_place(double x) {
    const float y = fabsf((float)x);
    return isinf(y) ? INFINITY : (double)nextafterf(y, INFINITY) - (double)y;
}

/* Reports the case of a kernel that reads or writes past the end. */
static void crashed(int number) {
    static const char message[] = ": read or wrote where it may not\n";
    ssize_t ignored = write(2, heading, strlen(heading));
    ignored = write(2, ", ", 2);
    ignored = write(2, description, strlen(description));
    ignored = write(2, message, sizeof message - 1);
    (void)ignored;
    (void)number;
    _exit(1);
}

tally run_contract(const char *level, const char *kernel, void (*test)(const cai_kernels *),
                   const cai_kernels *kernels) {
    signal(SIGSEGV, crashed);
    signal(SIGBUS, crashed);
    current = (tally){.digest = 0xcbf29ce484222325u};
    snprintf(heading, sizeof heading, "%s %s", level, kernel);
    test(kernels);
    if (current.failures > MOST_PRINTED)
        fprintf(stderr, "%s: %zu more\n", heading, current.failures - MOST_PRINTED);
    return current;
}
