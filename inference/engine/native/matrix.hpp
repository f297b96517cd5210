// Matrices of small integers, laid out for reading once from end to end.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "ahead.hpp"
#include "dots.hpp"

namespace lnh {

template <class T>
struct Freed {
    void operator()(T *memory) const { ::operator delete[](memory, std::align_val_t{64}); }
};
template <class T>
using Aligned = std::unique_ptr<T[], Freed<T>>;

template <class T>
static Aligned<T> aligned(std::size_t count) {
    return Aligned<T>(static_cast<T *>(::operator new[](count * sizeof(T), std::align_val_t{64})));
}

static inline int padded(int count, int to) { return (count + to - 1) / to * to; }

// Rounds numbers to integers within -most..most, up to the next multiple of LANES with zeros. Returns what they are to be
// multiplied by; `total` is their sum.
template <class Number>
static float take_integers(const float *x, int count, int most, Number *to, std::int32_t &total) {
    float rest[LANES] = {};
    const int whole = count / LANES * LANES;
    std::copy(x + whole, x + count, rest);
    Lanes largest_so_far = absolute(load(rest));
    for (int k = 0; k < whole; k += LANES) largest_so_far = larger(largest_so_far, absolute(load(x + k)));
    const float top = std::max(largest(largest_so_far), 1e-30f);
    const Lanes up = all(float(most) / top);
    Integers sums = all_integers(0);
    for (int k = 0; k < count; k += LANES) {
        const Integers integers = rounded((k < whole ? load(x + k) : load(rest)) * up);
        store(to + k, integers);
        sums = sums + integers;
    }
    total = sum(sums);
    return top / float(most);
}

// Rows as integers, each with a scale of its own, so that a row never feels its neighbours.
class Integral {
  public:
    // Of each row: what its integers are to be multiplied by, and what sums of their products begin with where the others
    // are OFFSET too large.
    std::vector<float> scales;
    std::vector<std::int32_t> starts;
    int stride = 0;

    template <class Number>
    const Number *values() const {
        return reinterpret_cast<const Number *>(values_.data());
    }

    // x [rows, x_stride], of which `count` numbers a row are taken.
    template <class Number>
    void take(const float *x, int x_stride, int count, int rows, int most) {
        stride = padded(count, LANES);
        values_.resize(std::size_t(rows) * stride * sizeof(Number));
        scales.resize(rows);
        starts.resize(rows);
        auto *to = reinterpret_cast<Number *>(values_.data());
        for (int r = 0; r < rows; r++, x += x_stride, to += stride) {
            scales[r] = take_integers(x, count, most, to, starts[r]);
            starts[r] *= -OFFSET;
        }
    }

  private:
    std::vector<unsigned char> values_;
};

// Integers of about 11 bits and a sign, the largest whose products add up to less than 2^31.
struct Fine {
    using Input = std::int16_t;
    using Weight = std::int16_t;
    static constexpr int AT_ONCE = 2, OFF = 0;
    static int most(int inputs) { return int(std::sqrt(2147483647.0 / padded(inputs, LANES))); }
    static Pairs load(const Weight *from) { return load_pairs(from); }
    static Pairs same(const Input *from) { return all_pairs(from); }
};

// Integers of 7 bits and a sign.
struct Coarse {
    using Input = Small;
    using Weight = std::uint8_t;
    static constexpr int AT_ONCE = GROUP, OFF = OFFSET;
    static constexpr int MOST = 127;
    static int most(int) { return MOST; }
    static Few load(const Weight *from) { return load_few(from); }
    static Few same(const Input *from) { return all_few(from); }
};

constexpr int PANEL = 2 * LANES;  // outputs that are found together

// y = W x + b. Both W, by output, and x, by row, are rounded to the integers of a kind. Their products and sums are exact,
// so that no order of adding them can matter.
template <class Kind>
class Matrix {
  public:
    using Weight = typename Kind::Weight;
    using Input = typename Kind::Input;
    // As many sums as there are registers for.
#if defined(__AVX512F__)
    static constexpr int ROWS_AT_ONCE = 8;
#else
    static constexpr int ROWS_AT_ONCE = 3;
#endif

    // Fewer rows read from end to end as fast as the processor itself guesses what comes.
    static constexpr int MANY = 3;

    Matrix() = default;

    // `weights` is [outputs, inputs]; `bias` is [outputs] or null. Panels of 32 outputs; in a panel, for one group of inputs
    // after the other the 32 groups of weights.
    Matrix(const float *weights, const float *bias, int outputs, int inputs)
        : outputs_(padded(outputs, PANEL)), inputs_(inputs), most_(Kind::most(inputs)), depth_(padded(inputs, LANES)),
          own_(aligned<Weight>(std::size_t(outputs_) * depth_)), weights_(own_.get()), scales_(outputs_, 0.0f),
          bias_(outputs_, 0.0f) {
        std::fill_n(weights_, std::size_t(outputs_) * depth_, Weight(Kind::OFF));
        Integral rows;
        rows.take<std::int16_t>(weights, inputs, inputs, outputs, most_);
        constexpr int group = Kind::AT_ONCE;
        for (int n = 0; n < outputs; n++) {
            scales_[n] = rows.scales[n];
            const std::int16_t *row = rows.values<std::int16_t>() + std::size_t(n) * rows.stride;
            Weight *panel = weights_ + std::size_t(n / PANEL) * PANEL * depth_ + n % PANEL * group;
            for (int k = 0; k < depth_; k++)
                panel[std::size_t(k / group) * group * PANEL + k % group] = Weight(row[k] + Kind::OFF);
        }
        if (bias) std::copy(bias, bias + outputs, bias_.begin());
    }

    // Outputs with those that only fill up the last panel.
    int outputs() const { return outputs_; }
    std::size_t count() const { return std::size_t(outputs_) * depth_; }
    std::size_t bytes_each() const { return sizeof(Weight); }
    std::size_t bytes() const { return count() * bytes_each(); }
    const void *start() const { return weights_; }
    // Puts the weights there, and returns where they end; they must stay there.
    unsigned char *move_to(unsigned char *memory) {
        std::memcpy(memory, weights_, bytes());
        own_.reset();
        weights_ = reinterpret_cast<Weight *>(memory);
        return memory + bytes();
    }

    // x [rows, x_stride] -> y [rows, y_stride], y_stride at least outputs(). A panel stays in the cache for all rows.
    void multiply(const float *x, int x_stride, float *y, int y_stride, int rows, Integral &room, Ahead &ahead) const {
        room.take<Input>(x, x_stride, inputs_, rows, most_);
        if (rows < MANY) ahead.pass(bytes());
        for (int n = 0; n < outputs_; n += PANEL) {
            int left = rows, tiles = (rows + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE;
            for (int first = 0; tiles; tiles--) {
                const int now = (left + tiles - 1) / tiles;
                tile(now, n, room, first, y + std::size_t(first) * y_stride + n, y_stride, ahead);
                first += now;
                left -= now;
            }
        }
    }

  private:
    void tile(int rows, int n, const Integral &x, int first, float *y, int y_stride, Ahead &ahead) const {
        switch (rows) {
            case 1: return tile<1>(n, x, first, y, y_stride, ahead);
            case 2: return tile<2>(n, x, first, y, y_stride, ahead);
            case 3: return tile<3>(n, x, first, y, y_stride, ahead);
            case 4: return tile<4>(n, x, first, y, y_stride, ahead);
            case 5: return tile<5>(n, x, first, y, y_stride, ahead);
            case 6: return tile<6>(n, x, first, y, y_stride, ahead);
            case 7: return tile<7>(n, x, first, y, y_stride, ahead);
            default: return tile<8>(n, x, first, y, y_stride, ahead);
        }
    }

    template <int R>
    void tile(int n, const Integral &x, int first, float *y, int y_stride, Ahead &ahead) const {
        constexpr int group = Kind::AT_ONCE;
        const Weight *w = weights_ + std::size_t(n) * depth_;
        const Input *rows = x.values<Input>() + std::size_t(first) * x.stride;
        Integers sums[R][2];
#pragma GCC unroll 8
        for (int r = 0; r < R; r++)
#pragma GCC unroll 8
            for (int j = 0; j < 2; j++) sums[r][j] = all_integers(Kind::OFF ? x.starts[first + r] : 0);
        for (int part = 0; part < depth_; part += LANES) {
            // The first of them reads what is new.
            if (R >= MANY && !first) ahead.fetch<LANES * PANEL * int(sizeof(Weight)) / LINE>();
#pragma GCC unroll 4
            for (int k = part; k < part + LANES; k += group, w += group * PANEL) {
                decltype(Kind::load(w)) column[2];
#pragma GCC unroll 8
                for (int j = 0; j < 2; j++) column[j] = Kind::load(w + group * j * LANES);
#pragma GCC unroll 8
                for (int r = 0; r < R; r++) {
                    const auto input = Kind::same(rows + std::size_t(r) * x.stride + k);
#pragma GCC unroll 8
                    for (int j = 0; j < 2; j++) sums[r][j] = dot(sums[r][j], input, column[j]);
                }
            }
        }
#pragma GCC unroll 8
        for (int j = 0; j < 2; j++) {
            const Lanes scale = load(scales_.data() + n + j * LANES), bias = load(bias_.data() + n + j * LANES);
#pragma GCC unroll 8
            for (int r = 0; r < R; r++)
                store(y + std::size_t(r) * y_stride + j * LANES,
                      fma(as_lanes(sums[r][j]), scale * all(x.scales[first + r]), bias));
        }
    }

    int outputs_ = 0, inputs_ = 0, most_ = 0, depth_ = 0;
    Aligned<Weight> own_;
    Weight *weights_ = nullptr;
    std::vector<float> scales_, bias_;
};

}  // namespace lnh
