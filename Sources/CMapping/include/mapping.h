// Handles mapped files that are cut short, or whose disk fails, while they are read.
//
// The kernel sends SIGBUS for a read of a page that it cannot load. In a watched mapping, that page and all pages after it
// are replaced by zeros, the mapping is marked as torn, and the read continues: the reader checks the mark afterwards.
// SIGBUS for other addresses is passed on to the previous handler.
#ifndef CAI_MAPPING_H
#define CAI_MAPPING_H

#include <stddef.h>

/// Watches `size` bytes from `base`, the start of a mapping. Any thread may call.
/// @return a number for the calls below, at least 0; -1 where memory is short, in which case it is not watched.
long cai_mapping_watch(const void *base, size_t size);

/// Stops watching. Call before unmapping, when no thread reads the mapping any more.
void cai_mapping_forget(long mapping);

/// Whether part of it could not be loaded and was read as zeros.
int cai_mapping_is_torn(long mapping);

#endif
