// The block functions of SHA-256 and SHA-1 (FIPS 180-4). Padding, and streams of bytes, are the caller's.
#ifndef CAI_DIGESTS_H
#define CAI_DIGESTS_H

#include <stddef.h>
#include <stdint.h>

/// Hashes `blocks` times 64 bytes into the state, by the processor's SHA instructions if it has them. The bits are the same.
void cai_sha256_blocks(uint32_t state[8], const uint8_t *data, size_t blocks);

/// The same without these instructions, for tests.
void cai_sha256_blocks_portable(uint32_t state[8], const uint8_t *data, size_t blocks);

/// Hashes `blocks` times 64 bytes into the state.
void cai_sha1_blocks(uint32_t state[5], const uint8_t *data, size_t blocks);

#endif
