// Products of small integers, added up in sixteen sums of 32 bits. Such sums are exact in any order, and so the same on
// every machine, whatever it multiplies at once.
//
// `Pairs` are 32 integers of 16 bits, two for each sum. `Few` are integers of 8 bits, GROUP for each sum: four where the
// machine multiplies bytes, else two, as Pairs. A number that is multiplied by many is a `Small`; what it is multiplied by
// is kept in bytes. Some machines want one of two bytes without a sign: then what has one is kept OFFSET too large, and
// whoever adds up begins with minus OFFSET times the sum of the Small ones.
#pragma once

#include <cstring>

#include "lanes.hpp"

#if defined(__AVX512F__)

namespace lnh {

struct Integers {
    __m512i a;
};
struct Pairs {
    __m512i a;
};

static inline Integers all_integers(std::int32_t x) { return {_mm512_set1_epi32(x)}; }
static inline Integers seven_up(Integers x) { return {_mm512_slli_epi32(x.a, 7)}; }
static inline Integers upper(Integers x) { return {_mm512_srai_epi32(x.a, 7)}; }
static inline Integers lower(Integers x) { return {_mm512_and_si512(x.a, _mm512_set1_epi32(127))}; }
static inline Integers operator+(Integers x, Integers y) { return {_mm512_add_epi32(x.a, y.a)}; }
static inline Integers rounded(Lanes x) { return {_mm512_cvtps_epi32(x.a)}; }
static inline Lanes as_lanes(Integers x) { return {_mm512_cvtepi32_ps(x.a)}; }
static inline void store(std::int32_t *to, Integers x) { _mm512_storeu_si512(to, x.a); }
static inline void store(std::int16_t *to, Integers x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), _mm512_cvtepi32_epi16(x.a));
}
static inline Pairs load_pairs(const std::int16_t *from) { return {_mm512_loadu_si512(from)}; }
static inline Pairs all_pairs(std::int32_t both) { return {_mm512_set1_epi32(both)}; }
#if defined(__AVX512VNNI__)
static inline Integers dot(Integers sum, Pairs x, Pairs y) { return {_mm512_dpwssd_epi32(sum.a, x.a, y.a)}; }

#define LNH_BYTES
constexpr int GROUP = 4, OFFSET = 128;
struct Few {
    __m512i a;
};

static inline void store(std::int8_t *to, Integers x) {
    _mm_storeu_si128(reinterpret_cast<__m128i *>(to), _mm512_cvtepi32_epi8(x.a));
}
static inline Few load_few(const std::uint8_t *from) { return {_mm512_loadu_si512(from)}; }
static inline Few all_few(std::int32_t group) { return {_mm512_set1_epi32(group)}; }
// Only x has a sign.
static inline Integers dot(Integers sum, Few x, Few y) { return {_mm512_dpbusd_epi32(sum.a, y.a, x.a)}; }
#else
static inline Integers dot(Integers sum, Pairs x, Pairs y) {
    const __m256i low = _mm256_madd_epi16(_mm512_castsi512_si256(x.a), _mm512_castsi512_si256(y.a));
    const __m256i high = _mm256_madd_epi16(_mm512_extracti64x4_epi64(x.a, 1), _mm512_extracti64x4_epi64(y.a, 1));
    return {_mm512_add_epi32(sum.a, _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1))};
}
// Bytes with a sign as 16 bits.
static inline Pairs widened(const std::uint8_t *from) {
    const auto *at = reinterpret_cast<const __m128i *>(from);
    const __m256i low = _mm256_cvtepi8_epi16(_mm_loadu_si128(at)), high = _mm256_cvtepi8_epi16(_mm_loadu_si128(at + 1));
    return {_mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1)};
}
#endif

}  // namespace lnh

#elif defined(__AVX2__)

namespace lnh {

struct Integers {
    __m256i a, b;
};
struct Pairs {
    __m256i a, b;
};

static inline Integers all_integers(std::int32_t x) { return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }
static inline Integers seven_up(Integers x) { return {_mm256_slli_epi32(x.a, 7), _mm256_slli_epi32(x.b, 7)}; }
static inline Integers upper(Integers x) { return {_mm256_srai_epi32(x.a, 7), _mm256_srai_epi32(x.b, 7)}; }
static inline Integers lower(Integers x) {
    return {_mm256_and_si256(x.a, _mm256_set1_epi32(127)), _mm256_and_si256(x.b, _mm256_set1_epi32(127))};
}
static inline Integers operator+(Integers x, Integers y) {
    return {_mm256_add_epi32(x.a, y.a), _mm256_add_epi32(x.b, y.b)};
}
static inline Integers rounded(Lanes x) { return {_mm256_cvtps_epi32(x.a), _mm256_cvtps_epi32(x.b)}; }
static inline Lanes as_lanes(Integers x) { return {_mm256_cvtepi32_ps(x.a), _mm256_cvtepi32_ps(x.b)}; }
static inline void store(std::int32_t *to, Integers x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), x.a);
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(to + 8), x.b);
}
// None of them is beyond 16 bits.
static inline void store(std::int16_t *to, Integers x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), _mm256_permute4x64_epi64(_mm256_packs_epi32(x.a, x.b), 0xD8));
}
static inline Pairs load_pairs(const std::int16_t *from) {
    const auto *at = reinterpret_cast<const __m256i *>(from);
    return {_mm256_loadu_si256(at), _mm256_loadu_si256(at + 1)};
}
static inline Pairs all_pairs(std::int32_t both) { return {_mm256_set1_epi32(both), _mm256_set1_epi32(both)}; }
static inline Integers dot(Integers sum, Pairs x, Pairs y) {
    return {_mm256_add_epi32(sum.a, _mm256_madd_epi16(x.a, y.a)), _mm256_add_epi32(sum.b, _mm256_madd_epi16(x.b, y.b))};
}
// Bytes with a sign as 16 bits.
static inline Pairs widened(const std::uint8_t *from) {
    const auto *at = reinterpret_cast<const __m128i *>(from);
    return {_mm256_cvtepi8_epi16(_mm_loadu_si128(at)), _mm256_cvtepi8_epi16(_mm_loadu_si128(at + 1))};
}

}  // namespace lnh

#else

namespace lnh {

struct Integers {
    int32x4_t p[4];
};
struct Pairs {
    int16x8_t p[4];
};

static inline Integers all_integers(std::int32_t x) {
    const int32x4_t same = vdupq_n_s32(x);
    return {{same, same, same, same}};
}
static inline Integers seven_up(Integers x) {
    for (int i = 0; i < 4; i++) x.p[i] = vshlq_n_s32(x.p[i], 7);
    return x;
}
static inline Integers upper(Integers x) {
    for (int i = 0; i < 4; i++) x.p[i] = vshrq_n_s32(x.p[i], 7);
    return x;
}
static inline Integers lower(Integers x) {
    for (int i = 0; i < 4; i++) x.p[i] = vandq_s32(x.p[i], vdupq_n_s32(127));
    return x;
}
static inline Integers operator+(Integers x, Integers y) {
    for (int i = 0; i < 4; i++) x.p[i] = vaddq_s32(x.p[i], y.p[i]);
    return x;
}
static inline Integers rounded(Lanes x) {
    return {{vcvtnq_s32_f32(x.p[0]), vcvtnq_s32_f32(x.p[1]), vcvtnq_s32_f32(x.p[2]), vcvtnq_s32_f32(x.p[3])}};
}
static inline Lanes as_lanes(Integers x) {
    return each([&](int i) { return vcvtq_f32_s32(x.p[i]); });
}
static inline void store(std::int32_t *to, Integers x) {
    for (int i = 0; i < 4; i++) vst1q_s32(to + 4 * i, x.p[i]);
}
static inline void store(std::int16_t *to, Integers x) {
    for (int i = 0; i < 4; i++) vst1_s16(to + 4 * i, vmovn_s32(x.p[i]));
}
static inline Pairs load_pairs(const std::int16_t *from) {
    return {{vld1q_s16(from), vld1q_s16(from + 8), vld1q_s16(from + 16), vld1q_s16(from + 24)}};
}
static inline Pairs all_pairs(std::int32_t both) {
    const int16x8_t pair = vreinterpretq_s16_s32(vdupq_n_s32(both));
    return {{pair, pair, pair, pair}};
}
static inline Integers dot(Integers sum, Pairs x, Pairs y) {
    for (int i = 0; i < 4; i++) {
        const int32x4_t low = vmull_s16(vget_low_s16(x.p[i]), vget_low_s16(y.p[i]));
        sum.p[i] = vaddq_s32(sum.p[i], vpaddq_s32(low, vmull_high_s16(x.p[i], y.p[i])));
    }
    return sum;
}
#if defined(__ARM_FEATURE_DOTPROD)

#define LNH_BYTES
constexpr int GROUP = 4, OFFSET = 0;
struct Few {
    int8x16_t p[4];
};

static inline void store(std::int8_t *to, Integers x) {
    for (int i = 0; i < 2; i++)
        vst1_s8(to + 8 * i, vmovn_s16(vcombine_s16(vmovn_s32(x.p[2 * i]), vmovn_s32(x.p[2 * i + 1]))));
}
static inline Few load_few(const std::uint8_t *from) {
    const auto *at = reinterpret_cast<const std::int8_t *>(from);
    return {{vld1q_s8(at), vld1q_s8(at + 16), vld1q_s8(at + 32), vld1q_s8(at + 48)}};
}
static inline Few all_few(std::int32_t group) {
    const int8x16_t same = vreinterpretq_s8_s32(vdupq_n_s32(group));
    return {{same, same, same, same}};
}
static inline Integers dot(Integers sum, Few x, Few y) {
    for (int i = 0; i < 4; i++) sum.p[i] = vdotq_s32(sum.p[i], x.p[i], y.p[i]);
    return sum;
}
#else
// Bytes with a sign as 16 bits.
static inline Pairs widened(const std::uint8_t *from) {
    const auto *at = reinterpret_cast<const std::int8_t *>(from);
    return {{vmovl_s8(vld1_s8(at)), vmovl_s8(vld1_s8(at + 8)), vmovl_s8(vld1_s8(at + 16)), vmovl_s8(vld1_s8(at + 24))}};
}
#endif

}  // namespace lnh

#endif

namespace lnh {

static inline std::int32_t sum(Integers x) {
    std::int32_t lane[LANES], total = 0;
    store(lane, x);
    for (std::int32_t one : lane) total += one;
    return total;
}

#if defined(LNH_BYTES)
using Small = std::int8_t;
#else
using Small = std::int16_t;
constexpr int GROUP = 2, OFFSET = 0;
using Few = Pairs;

static inline Few load_few(const std::uint8_t *from) { return widened(from); }
static inline Few all_few(std::int32_t group) { return all_pairs(group); }
#endif

// GROUP numbers, the same for all sums.
static inline Few all_few(const Small *from) {
    std::int32_t group;
    std::memcpy(&group, from, sizeof group);
    return all_few(group);
}
static inline Pairs all_pairs(const std::int16_t *from) {
    std::int32_t both;
    std::memcpy(&both, from, sizeof both);
    return all_pairs(both);
}

}  // namespace lnh
