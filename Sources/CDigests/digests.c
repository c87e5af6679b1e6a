#include "digests.h"

static uint32_t rotate_left(uint32_t value, int bits) { return value << bits | value >> (32 - bits); }
static uint32_t rotate(uint32_t value, int bits) { return value >> bits | value << (32 - bits); }

static uint32_t big_endian(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static const uint32_t constants[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

void cai_sha256_blocks_portable(uint32_t state[8], const uint8_t *data, size_t blocks) {
    for (; blocks > 0; blocks--, data += 64) {
        uint32_t words[64];
        for (int index = 0; index < 16; index++) words[index] = big_endian(data + 4 * index);
        for (int index = 16; index < 64; index++) {
            uint32_t two = words[index - 2], fifteen = words[index - 15];
            uint32_t high = rotate(two, 17) ^ rotate(two, 19) ^ two >> 10;
            uint32_t low = rotate(fifteen, 7) ^ rotate(fifteen, 18) ^ fifteen >> 3;
            words[index] = words[index - 16] + low + words[index - 7] + high;
        }
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
        uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
        for (int index = 0; index < 64; index++) {
            uint32_t high = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
            uint32_t first = h + high + ((e & f) ^ (~e & g)) + constants[index] + words[index];
            uint32_t low = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
            uint32_t second = low + ((a & b) ^ (a & c) ^ (b & c));
            h = g, g = f, f = e, e = d + first, d = c, c = b, b = a, a = first + second;
        }
        state[0] += a, state[1] += b, state[2] += c, state[3] += d;
        state[4] += e, state[5] += f, state[6] += g, state[7] += h;
    }
}

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

int cai_has_sha256_instructions(void) {
    static int known; // 0: not asked yet. Threads that ask at once find the same.
    int answer = __atomic_load_n(&known, __ATOMIC_RELAXED);
    if (answer) return answer > 0;
    unsigned a, b, c, d;
    int has = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSSE3) && (c & bit_SSE4_1) && __get_cpuid_count(7, 0, &a, &b, &c, &d)
        && (b & 1u << 29);
    __atomic_store_n(&known, has ? 1 : -1, __ATOMIC_RELAXED);
    return has;
}

// Four rounds a step; the state is in the order of the instructions, ABEF and CDGH.
__attribute__((target("sha,sse4.1,ssse3"))) static void blocks_sha(uint32_t state[8], const uint8_t *data, size_t blocks) {
    const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xB1);
    __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1B);
    __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xF0);
    for (; blocks > 0; blocks--, data += 64) {
        const __m128i abef_before = abef, cdgh_before = cdgh;
        __m128i words[4];
        for (int index = 0; index < 4; index++) {
            words[index] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(data + 16 * index)), order);
        }
        for (int step = 0; step < 16; step++) {
            __m128i *now = &words[step & 3], last = words[(step + 3) & 3];
            __m128i sum = _mm_add_epi32(*now, _mm_load_si128((const __m128i *)(constants + 4 * step)));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0E));
            if (step < 12) {
                __m128i next = _mm_sha256msg1_epu32(*now, words[(step + 1) & 3]);
                next = _mm_add_epi32(next, _mm_alignr_epi8(last, words[(step + 2) & 3], 4));
                *now = _mm_sha256msg2_epu32(next, last);
            }
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    __m128i feba = _mm_shuffle_epi32(abef, 0x1B), dchg = _mm_shuffle_epi32(cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

#elif defined(__aarch64__) && defined(__linux__) && !defined(__ARM_BIG_ENDIAN)
#include <arm_neon.h>
#include <sys/auxv.h>

// GCC declares these functions for both extensions together.
#if defined(__clang__)
#define SHA_FEATURES "sha2"
#else
#define SHA_FEATURES "+crypto"
#endif

// HWCAP_SHA2 of Linux.
int cai_has_sha256_instructions(void) { return (getauxval(AT_HWCAP) >> 6) & 1; }

// Four rounds a step.
__attribute__((target(SHA_FEATURES))) static void blocks_sha(uint32_t state[8], const uint8_t *data, size_t blocks) {
    uint32x4_t abcd = vld1q_u32(state), efgh = vld1q_u32(state + 4);
    for (; blocks > 0; blocks--, data += 64) {
        const uint32x4_t abcd_before = abcd, efgh_before = efgh;
        uint32x4_t words[4];
        for (int index = 0; index < 4; index++) {
            words[index] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data + 16 * index)));
        }
        for (int step = 0; step < 16; step++) {
            uint32x4_t *now = &words[step & 3];
            const uint32x4_t sum = vaddq_u32(*now, vld1q_u32(constants + 4 * step)), abcd_here = abcd;
            abcd = vsha256hq_u32(abcd, efgh, sum);
            efgh = vsha256h2q_u32(efgh, abcd_here, sum);
            if (step < 12) {
                const uint32x4_t next = vsha256su0q_u32(*now, words[(step + 1) & 3]);
                *now = vsha256su1q_u32(next, words[(step + 2) & 3], words[(step + 3) & 3]);
            }
        }
        abcd = vaddq_u32(abcd, abcd_before);
        efgh = vaddq_u32(efgh, efgh_before);
    }
    vst1q_u32(state, abcd);
    vst1q_u32(state + 4, efgh);
}
#else
int cai_has_sha256_instructions(void) { return 0; }

static void blocks_sha(uint32_t state[8], const uint8_t *data, size_t blocks) {
    cai_sha256_blocks_portable(state, data, blocks);
}
#endif

void cai_sha256_blocks(uint32_t state[8], const uint8_t *data, size_t blocks) {
    if (cai_has_sha256_instructions()) {
        blocks_sha(state, data, blocks);
    } else {
        cai_sha256_blocks_portable(state, data, blocks);
    }
}

void cai_sha1_blocks(uint32_t state[5], const uint8_t *data, size_t blocks) {
    for (; blocks > 0; blocks--, data += 64) {
        uint32_t words[80];
        for (int index = 0; index < 16; index++) words[index] = big_endian(data + 4 * index);
        for (int index = 16; index < 80; index++) {
            words[index] = rotate_left(words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16], 1);
        }
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
        for (int index = 0; index < 80; index++) {
            uint32_t mixed = index < 20 ? ((b & c) | (~b & d)) + 0x5a827999
                : index < 40            ? (b ^ c ^ d) + 0x6ed9eba1
                : index < 60            ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                                        : (b ^ c ^ d) + 0xca62c1d6;
            uint32_t next = rotate_left(a, 5) + mixed + e + words[index];
            e = d, d = c, c = rotate_left(b, 30), b = a, a = next;
        }
        state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
    }
}
