#pragma once

// The compiler makes one version of a function for each instruction set, and the library picks one when it is
// loaded. By feature, not by "arch=": that asks for one maker's processor and leaves all others with the slow
// default.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define IDN_TARGET_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define IDN_TARGET_CLONES
#endif
