// Sixteen floats at a time, on AVX-512, AVX2 or NEON.
//
// Every operation rounds once a lane, the same way on each of them, and nothing depends on the width of a register: the
// same weights and inputs give the same bits on any of these machines. Other machines do not compile this, on purpose:
// without fused multiply-add it would be slower than what it replaces.
#pragma once

#include <cstdint>
#include <initializer_list>

namespace lnh {

constexpr int LANES = 16;
using Half = std::uint16_t;

}  // namespace lnh

#if defined(__AVX512F__)
#include <immintrin.h>

namespace lnh {

struct Lanes {
    __m512 a;
};

static inline Lanes load(const float *from) { return {_mm512_loadu_ps(from)}; }
static inline Lanes load_half(const Half *from) {
    return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(from)))};
}
static inline void store(float *to, Lanes x) { _mm512_storeu_ps(to, x.a); }
static inline void store_half(Half *to, Lanes x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), _mm512_cvtps_ph(x.a, _MM_FROUND_TO_NEAREST_INT));
}
static inline Lanes all(float x) { return {_mm512_set1_ps(x)}; }
static inline Lanes fma(Lanes x, Lanes y, Lanes z) { return {_mm512_fmadd_ps(x.a, y.a, z.a)}; }
static inline Lanes operator+(Lanes x, Lanes y) { return {_mm512_add_ps(x.a, y.a)}; }
static inline Lanes operator-(Lanes x, Lanes y) { return {_mm512_sub_ps(x.a, y.a)}; }
static inline Lanes operator*(Lanes x, Lanes y) { return {_mm512_mul_ps(x.a, y.a)}; }
static inline Lanes operator/(Lanes x, Lanes y) { return {_mm512_div_ps(x.a, y.a)}; }
static inline Lanes larger(Lanes x, Lanes y) { return {_mm512_max_ps(x.a, y.a)}; }
static inline Lanes smaller(Lanes x, Lanes y) { return {_mm512_min_ps(x.a, y.a)}; }
// 2 to the power of the integer that stands in the low bits of each lane.
static inline Lanes power_of_two(Lanes bits) {
    const __m512i exponent = _mm512_add_epi32(_mm512_castps_si512(bits.a), _mm512_set1_epi32(127));
    return {_mm512_castsi512_ps(_mm512_slli_epi32(exponent, 23))};
}
// One bit for each lane in which they are the same.
static inline unsigned equal(Lanes x, Lanes y) { return _mm512_cmpeq_ps_mask(x.a, y.a); }
static inline __m256 lower_half(Lanes x) { return _mm512_castps512_ps256(x.a); }
static inline __m256 upper_half(Lanes x) { return _mm512_castps512_ps256(_mm512_shuffle_f32x4(x.a, x.a, 0xEE)); }
// The first `count` lanes, and `rest` in the others.
static inline Lanes first_of(Lanes x, int count, float rest) {
    return {_mm512_mask_mov_ps(_mm512_set1_ps(rest), __mmask16((1u << count) - 1), x.a)};
}

}  // namespace lnh

#elif defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#include <immintrin.h>

namespace lnh {

struct Lanes {
    __m256 a, b;
};

static inline Lanes load(const float *from) { return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)}; }
static inline Lanes load_half(const Half *from) {
    const auto *at = reinterpret_cast<const __m128i *>(from);
    return {_mm256_cvtph_ps(_mm_loadu_si128(at)), _mm256_cvtph_ps(_mm_loadu_si128(at + 1))};
}
static inline void store(float *to, Lanes x) {
    _mm256_storeu_ps(to, x.a);
    _mm256_storeu_ps(to + 8, x.b);
}
static inline void store_half(Half *to, Lanes x) {
    auto *at = reinterpret_cast<__m128i *>(to);
    _mm_storeu_si128(at, _mm256_cvtps_ph(x.a, _MM_FROUND_TO_NEAREST_INT));
    _mm_storeu_si128(at + 1, _mm256_cvtps_ph(x.b, _MM_FROUND_TO_NEAREST_INT));
}
static inline Lanes all(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
static inline Lanes fma(Lanes x, Lanes y, Lanes z) {
    return {_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}
static inline Lanes operator+(Lanes x, Lanes y) { return {_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)}; }
static inline Lanes operator-(Lanes x, Lanes y) { return {_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)}; }
static inline Lanes operator*(Lanes x, Lanes y) { return {_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)}; }
static inline Lanes operator/(Lanes x, Lanes y) { return {_mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b)}; }
static inline Lanes larger(Lanes x, Lanes y) { return {_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)}; }
static inline Lanes smaller(Lanes x, Lanes y) { return {_mm256_min_ps(x.a, y.a), _mm256_min_ps(x.b, y.b)}; }
static inline __m256 power_of_two(__m256 bits) {
    const __m256i exponent = _mm256_add_epi32(_mm256_castps_si256(bits), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
}
static inline Lanes power_of_two(Lanes bits) { return {power_of_two(bits.a), power_of_two(bits.b)}; }
// One bit for each lane in which they are the same.
static inline unsigned equal(Lanes x, Lanes y) {
    const int a = _mm256_movemask_ps(_mm256_cmp_ps(x.a, y.a, _CMP_EQ_OQ));
    const int b = _mm256_movemask_ps(_mm256_cmp_ps(x.b, y.b, _CMP_EQ_OQ));
    return unsigned(a | b << 8);
}
static inline __m256 lower_half(Lanes x) { return x.a; }
static inline __m256 upper_half(Lanes x) { return x.b; }
// The first `count` lanes, and `rest` in the others.
static inline Lanes first_of(Lanes x, int count, float rest) {
    const __m256i place = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i a = _mm256_cmpgt_epi32(_mm256_set1_epi32(count), place);
    const __m256i b = _mm256_cmpgt_epi32(_mm256_set1_epi32(count - 8), place);
    const __m256 other = _mm256_set1_ps(rest);
    return {_mm256_blendv_ps(other, x.a, _mm256_castsi256_ps(a)), _mm256_blendv_ps(other, x.b, _mm256_castsi256_ps(b))};
}

}  // namespace lnh

#elif defined(__aarch64__) && defined(__ARM_NEON)
#include <arm_neon.h>

namespace lnh {

struct Lanes {
    float32x4_t p[4];
};

template <class Make>
static inline Lanes each(Make make) {
    return {{make(0), make(1), make(2), make(3)}};
}

static inline Lanes load(const float *from) {
    return each([&](int i) { return vld1q_f32(from + 4 * i); });
}
static inline Lanes load_half(const Half *from) {
    return each([&](int i) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from + 4 * i))); });
}
static inline void store(float *to, Lanes x) {
    for (int i = 0; i < 4; i++) vst1q_f32(to + 4 * i, x.p[i]);
}
static inline void store_half(Half *to, Lanes x) {
    for (int i = 0; i < 4; i++) vst1_u16(to + 4 * i, vreinterpret_u16_f16(vcvt_f16_f32(x.p[i])));
}
static inline Lanes all(float x) {
    return each([&](int) { return vdupq_n_f32(x); });
}
static inline Lanes fma(Lanes x, Lanes y, Lanes z) {
    return each([&](int i) { return vfmaq_f32(z.p[i], x.p[i], y.p[i]); });
}
static inline Lanes operator+(Lanes x, Lanes y) {
    return each([&](int i) { return vaddq_f32(x.p[i], y.p[i]); });
}
static inline Lanes operator-(Lanes x, Lanes y) {
    return each([&](int i) { return vsubq_f32(x.p[i], y.p[i]); });
}
static inline Lanes operator*(Lanes x, Lanes y) {
    return each([&](int i) { return vmulq_f32(x.p[i], y.p[i]); });
}
static inline Lanes operator/(Lanes x, Lanes y) {
    return each([&](int i) { return vdivq_f32(x.p[i], y.p[i]); });
}
static inline Lanes larger(Lanes x, Lanes y) {
    return each([&](int i) { return vmaxq_f32(x.p[i], y.p[i]); });
}
static inline Lanes smaller(Lanes x, Lanes y) {
    return each([&](int i) { return vminq_f32(x.p[i], y.p[i]); });
}
static inline Lanes power_of_two(Lanes bits) {
    return each([&](int i) {
        const int32x4_t exponent = vaddq_s32(vreinterpretq_s32_f32(bits.p[i]), vdupq_n_s32(127));
        return vreinterpretq_f32_s32(vshlq_n_s32(exponent, 23));
    });
}
// The first `count` lanes, and `rest` in the others.
static inline Lanes first_of(Lanes x, int count, float rest) {
    float lane[LANES];
    store(lane, x);
    for (int i = count; i < LANES; i++) lane[i] = rest;
    return load(lane);
}
// One bit for each lane in which they are the same.
static inline unsigned equal(Lanes x, Lanes y) {
    float left[LANES], right[LANES];
    store(left, x);
    store(right, y);
    unsigned bits = 0;
    for (int i = 0; i < LANES; i++) bits |= unsigned(left[i] == right[i]) << i;
    return bits;
}

}  // namespace lnh

#else
#error "this machine has no fused multiply-add on vectors that we know of"
#endif

namespace lnh {

// The lanes joined by halves: 0 with 8, 1 with 9 and so on, then 0 with 4, always in this order.
#if defined(__AVX2__)
static inline float sum(Lanes x) {
    const __m256 eight = _mm256_add_ps(lower_half(x), upper_half(x));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
static inline float largest(Lanes x) {
    const __m256 eight = _mm256_max_ps(lower_half(x), upper_half(x));
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}
#else
static inline float sum(Lanes x) {
    const float32x4_t four = vaddq_f32(vaddq_f32(x.p[0], x.p[2]), vaddq_f32(x.p[1], x.p[3]));
    const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}
static inline float largest(Lanes x) {
    return vmaxvq_f32(vmaxq_f32(vmaxq_f32(x.p[0], x.p[2]), vmaxq_f32(x.p[1], x.p[3])));
}
#endif

static inline Lanes absolute(Lanes x) { return larger(x, all(0.0f) - x); }

// e^x within 2 units in the last place; x is held within -87..88.
static inline Lanes exponential(Lanes x) {
    x = smaller(larger(x, all(-87.0f)), all(88.0f));
    // Adding 1.5 * 2^23 leaves the nearest integer in the low bits.
    const Lanes magic = all(12582912.0f), bits = fma(x, all(1.44269504f), magic), whole = bits - magic;
    Lanes rest = fma(whole, all(-0.693359375f), x);
    rest = fma(whole, all(2.12194440e-4f), rest);
    Lanes series = all(1.0f / 5040);
    for (float coefficient : {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f})
        series = fma(series, rest, all(coefficient));
    return series * power_of_two(bits);
}

static inline Lanes sigmoid(Lanes x) { return all(1.0f) / (all(1.0f) + exponential(all(0.0f) - x)); }

static inline Lanes hyperbolic_tangent(Lanes x) {
    return all(1.0f) - all(2.0f) / (exponential(x + x) + all(1.0f));
}

}  // namespace lnh
