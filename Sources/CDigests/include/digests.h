// The block functions of SHA-256 and SHA-1 (FIPS 180-4). Padding, and streams of bytes, are the caller's.
#ifndef CAI_DIGESTS_H
#define CAI_DIGESTS_H

#include <stddef.h>
#include <stdint.h>

/// Whether the processor has instructions for SHA-256: SHA-NI, or FEAT_SHA256 of 64-bit ARM.
int cai_has_sha256_instructions(void);

/// Hashes `blocks` times 64 bytes into the state, by these instructions if the processor has them. The bits are the same.
void cai_sha256_blocks(uint32_t state[8], const uint8_t *data, size_t blocks);

/// The same without these instructions, in plain C.
void cai_sha256_blocks_portable(uint32_t state[8], const uint8_t *data, size_t blocks);

/// Hashes `blocks` times 64 bytes into the state.
void cai_sha1_blocks(uint32_t state[5], const uint8_t *data, size_t blocks);

#endif
