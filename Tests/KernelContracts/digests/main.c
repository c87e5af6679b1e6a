/* Compares SHA-256 by the processor's instructions with the one in plain C, for messages of 0 to 300 bytes at every
 * alignment. Exit: 0 if all digests are equal, or the processor has no such instructions; the latter is a failure with
 * --required. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digests.h"

enum { LONGEST = 300, ALIGNMENTS = 16, BLOCK = 64 };

static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
/* SHA-256 of "abc" (FIPS 180-4). */
static const uint32_t abc[8] = {0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223,
                                0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad};

typedef void function(uint32_t state[8], const uint8_t *data, size_t blocks);

/* Pads a message in place; returns its blocks. */
static size_t pad(uint8_t *message, size_t length) {
    const size_t blocks = (length + 8) / BLOCK + 1;
    memset(message + length, 0, blocks * BLOCK - length);
    message[length] = 0x80;
    for (size_t index = 0; index < 8; index++)
        message[blocks * BLOCK - 1 - index] = (uint8_t)((uint64_t)length * 8 >> 8 * index);
    return blocks;
}

static void hash(function *blocks_of, const uint8_t *data, size_t blocks, uint32_t state[8]) {
    memcpy(state, initial, sizeof initial);
    blocks_of(state, data, blocks);
}

int main(int count, char **arguments) {
    uint32_t expected[8], found[8];
    uint8_t known[BLOCK] = "abc";
    hash(cai_sha256_blocks_portable, known, pad(known, 3), expected);
    if (memcmp(expected, abc, sizeof abc) != 0) {
        fputs("SHA-256: the digest of abc in plain C is wrong\n", stderr);
        return 1;
    }
    if (!cai_has_sha256_instructions()) {
        puts("SHA-256             skipped: this processor has no instructions for it");
        return count > 1 && strcmp(arguments[1], "--required") == 0;
    }
    size_t cases = 0, failures = 0;
    uint32_t random = 1;
    for (size_t length = 0; length <= LONGEST; length++) {
        uint8_t message[LONGEST + 2 * BLOCK];
        for (size_t index = 0; index < length; index++) {
            random = random * 1664525 + 1013904223;
            message[index] = (uint8_t)(random >> 24);
        }
        const size_t blocks = pad(message, length);
        hash(cai_sha256_blocks_portable, message, blocks, expected);
        for (size_t offset = 0; offset < ALIGNMENTS; offset++) {
            /* Ends with the last block, so that a sanitizer detects a read beyond it. */
            uint8_t *copy = malloc(offset + blocks * BLOCK);
            if (copy == NULL) return 1;
            memcpy(copy + offset, message, blocks * BLOCK);
            hash(cai_sha256_blocks, copy + offset, blocks, found);
            failures += memcmp(found, expected, sizeof found) != 0;
            /* Block by block. */
            memcpy(found, initial, sizeof found);
            for (size_t block = 0; block < blocks; block++) cai_sha256_blocks(found, copy + offset + block * BLOCK, 1);
            failures += memcmp(found, expected, sizeof found) != 0;
            cases += 2;
            free(copy);
        }
    }
    printf("SHA-256             instructions      %6zu cases%s\n", cases, failures ? "  FAILED" : "");
    return failures ? 1 : 0;
}
