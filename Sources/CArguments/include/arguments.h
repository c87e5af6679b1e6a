// The arguments of the process, as the loader passes them. Swift's CommandLine reads them from /proc, and has none where
// /proc is not mounted.
#ifndef CAI_ARGUMENTS_H
#define CAI_ARGUMENTS_H

/// The number of arguments, with the program's name.
int cai_argument_count(void);

/// An argument by its index, 0..<cai_argument_count(): a zero-terminated string that lives as long as the process.
const char *cai_argument(int index);

#endif
