/* Compiles the code between BEGIN and END for the named processor features, independently of the compiler's flags. A
 * build that emulates these features defines both macros as empty. */
#ifndef CAI_TARGET_H
#define CAI_TARGET_H

#if !defined(CAI_BEGIN_TARGET)
#define CAI_PRAGMA(...) _Pragma(#__VA_ARGS__)
#if defined(__clang__)
#define CAI_BEGIN_TARGET(features) \
    CAI_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define CAI_END_TARGET _Pragma("clang attribute pop")
#else
#define CAI_BEGIN_TARGET(features) _Pragma("GCC push_options") CAI_PRAGMA(GCC target(features))
#define CAI_END_TARGET _Pragma("GCC pop_options")
#endif
#endif

/* Fused multiply-adds are explicit: bits may not depend on what a compiler contracts. GCC, which has no pragma for this,
 * needs -ffp-contract=off. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

/* Before a loop of constant length: unrolls it completely. */
#if defined(__clang__)
#define CAI_UNROLL _Pragma("clang loop unroll(full)")
#else
#define CAI_UNROLL _Pragma("GCC unroll 16")
#endif

#endif
