// Functions in place of newer ones of glibc, so that programs run with glibc 2.34 (RHEL 9, Amazon Linux 2023, Ubuntu 22.04).
#ifndef CAI_GLIBC_H
#define CAI_GLIBC_H

/// sqrt(x^2 + y^2), which Swift's library names and this program does not call: glibc 2.35 has a new version of it. Not visible
/// outside of the program or library that it is linked into.
__attribute__((visibility("hidden"))) float hypotf(float x, float y);

#endif
