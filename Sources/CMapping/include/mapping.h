// Mapped files that are cut short, or whose disk fails, while they are read.
//
// The kernel answers a read of a page that it cannot load with SIGBUS. For mappings that are watched, the page and all
// behind it become zeros instead, the mapping is marked as torn, and the read goes on: who reads asks afterwards.
// SIGBUS of other addresses goes where it went before.
#ifndef CAI_MAPPING_H
#define CAI_MAPPING_H

#include <stddef.h>

/// Watches `size` bytes from `base`, which a mapping begins at. Any thread may call.
/// @return a number for the calls below, at least 0; -1 without memory: the mapping is then not watched.
long cai_mapping_watch(const void *base, size_t size);

/// Watches it no longer; before it is unmapped, when nobody reads it any more.
void cai_mapping_forget(long mapping);

/// Whether any of it could not be loaded, and was read as zeros.
int cai_mapping_is_torn(long mapping);

#endif
