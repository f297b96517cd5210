// What the rules need of a language in which there is no library: they are compiled for a processor and for a card.
#pragma once

#ifdef __CUDACC__
#define LNH_FN __device__ inline
#else
#define LNH_FN inline
#endif

namespace lnh {

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef short i16;
typedef int i32;
typedef long long i64;

#ifdef __CUDACC__
LNH_FN int ones(u32 bits) { return __popc(bits); }
LNH_FN int lowest_one(u32 bits) { return __ffs(int(bits)) - 1; }
LNH_FN int highest_one(u32 bits) { return 31 - __clz(int(bits)); }
#else
LNH_FN int ones(u32 bits) { return __builtin_popcount(bits); }
LNH_FN int lowest_one(u32 bits) { return __builtin_ctz(bits); }
LNH_FN int highest_one(u32 bits) { return 31 - __builtin_clz(bits); }
#endif

LNH_FN int smaller(int x, int y) { return x < y ? x : y; }
LNH_FN int larger(int x, int y) { return x > y ? x : y; }

}  // namespace lnh
