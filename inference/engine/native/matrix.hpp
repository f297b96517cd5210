// Matrices of small integers, laid out for reading once from end to end.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "lanes.hpp"

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

// Rows as integers, each with a scale of its own, so that a row never feels its neighbours.
struct Integral {
    std::vector<std::int16_t> values;
    std::vector<float> scales;
    int stride = 0;

    // x [rows, x_stride], of which `count` numbers a row are taken, as integers within -most..most.
    void take(const float *x, int x_stride, int count, int rows, int most) {
        stride = padded(count, LANES);
        values.resize(std::size_t(rows) * stride);
        scales.resize(rows);
        for (int r = 0; r < rows; r++, x += x_stride) {
            float lane[LANES] = {};
            Lanes largest_so_far = all(0.0f);
            const int whole = count / LANES * LANES;
            for (int k = 0; k < whole; k += LANES) largest_so_far = larger(largest_so_far, absolute(load(x + k)));
            std::copy(x + whole, x + count, lane);
            const float top = std::max(largest(larger(largest_so_far, absolute(load(lane)))), 1e-30f);
            scales[r] = top / float(most);
            const Lanes up = all(float(most) / top);
            for (int k = 0; k < stride; k += LANES) {
                std::int32_t integer[LANES];
                store(integer, rounded((k < whole ? load(x + k) : load(lane)) * up));
                std::int16_t *to = values.data() + std::size_t(r) * stride + k;
                for (int i = 0; i < LANES; i++) to[i] = std::int16_t(integer[i]);
            }
        }
    }
};

// y = W x + b. Both W, by output, and x, by row, are rounded to integers of about 11 bits and a sign. Their products and
// sums are exact, so that no order of adding them can matter.
class Matrix {
  public:
    static constexpr int PANEL = 2 * LANES;
    // As many sums as there are registers for.
#if defined(__AVX512F__)
    static constexpr int ROWS_AT_ONCE = 8;
#else
    static constexpr int ROWS_AT_ONCE = 3;
#endif

    Matrix() = default;

    // `weights` is [outputs, inputs]; `bias` is [outputs] or null. Panels of 32 outputs; in a panel, for two inputs after
    // the other the 32 pairs of weights.
    Matrix(const float *weights, const float *bias, int outputs, int inputs)
        : outputs_(padded(outputs, PANEL)), inputs_(inputs), pairs_(padded(inputs, LANES) / 2),
          // The largest integers whose products add up to less than 2^31.
          most_(int(std::sqrt(2147483647.0 / padded(inputs, LANES)))),
          own_(aligned<std::int16_t>(std::size_t(outputs_) * 2 * pairs_)), weights_(own_.get()), scales_(outputs_, 0.0f),
          bias_(outputs_, 0.0f) {
        std::memset(weights_, 0, bytes());
        Integral rows;
        rows.take(weights, inputs, inputs, outputs, most_);
        for (int n = 0; n < outputs; n++) {
            scales_[n] = rows.scales[n];
            std::int16_t *panel = weights_ + std::size_t(n / PANEL) * PANEL * 2 * pairs_;
            for (int k = 0; k < 2 * pairs_; k++)
                panel[std::size_t(k / 2) * 2 * PANEL + n % PANEL * 2 + k % 2] = rows.values[std::size_t(n) * rows.stride + k];
        }
        if (bias) std::copy(bias, bias + outputs, bias_.begin());
    }

    // Outputs with those that only fill up the last panel.
    int outputs() const { return outputs_; }
    // Puts the weights there, and returns where they end; they must stay there.
    std::int16_t *move_to(std::int16_t *memory) {
        std::memcpy(memory, weights_, bytes());
        own_.reset();
        weights_ = memory;
        return memory + bytes() / sizeof(std::int16_t);
    }
    std::size_t bytes() const { return std::size_t(outputs_) * 2 * pairs_ * sizeof(std::int16_t); }

    // x [rows, x_stride] -> y [rows, y_stride], y_stride at least outputs(). A panel stays in the cache for all rows.
    void multiply(const float *x, int x_stride, float *y, int y_stride, int rows, Integral &room) const {
        room.take(x, x_stride, inputs_, rows, most_);
        for (int n = 0; n < outputs_; n += PANEL) {
            int left = rows, tiles = (rows + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE;
            for (int first = 0; tiles; tiles--) {
                const int now = (left + tiles - 1) / tiles;
                tile(now, n, room, first, y + std::size_t(first) * y_stride + n, y_stride);
                first += now;
                left -= now;
            }
        }
    }

  private:
    void tile(int rows, int n, const Integral &x, int first, float *y, int y_stride) const {
        switch (rows) {
            case 1: return tile<1>(n, x, first, y, y_stride);
            case 2: return tile<2>(n, x, first, y, y_stride);
            case 3: return tile<3>(n, x, first, y, y_stride);
            case 4: return tile<4>(n, x, first, y, y_stride);
            case 5: return tile<5>(n, x, first, y, y_stride);
            case 6: return tile<6>(n, x, first, y, y_stride);
            case 7: return tile<7>(n, x, first, y, y_stride);
            default: return tile<8>(n, x, first, y, y_stride);
        }
    }

    template <int R>
    void tile(int n, const Integral &x, int first, float *y, int y_stride) const {
        const std::int16_t *w = weights_ + std::size_t(n) * 2 * pairs_;
        const std::int16_t *rows = x.values.data() + std::size_t(first) * x.stride;
        Integers sums[R][2];
#pragma GCC unroll 8
        for (int r = 0; r < R; r++)
#pragma GCC unroll 8
            for (int j = 0; j < 2; j++) sums[r][j] = no_integers();
#pragma GCC unroll 2
        for (int k = 0; k < pairs_; k++, w += 2 * PANEL) {
            Pairs column[2];
#pragma GCC unroll 8
            for (int j = 0; j < 2; j++) column[j] = load_pairs(w + 2 * j * LANES);
#pragma GCC unroll 8
            for (int r = 0; r < R; r++) {
                std::int32_t both;
                std::memcpy(&both, rows + std::size_t(r) * x.stride + 2 * k, sizeof both);
                const Pairs input = all_pairs(both);
#pragma GCC unroll 8
                for (int j = 0; j < 2; j++) sums[r][j] = dot(sums[r][j], input, column[j]);
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

    int outputs_ = 0, inputs_ = 0, pairs_ = 0, most_ = 0;
    Aligned<std::int16_t> own_;
    std::int16_t *weights_ = nullptr;
    std::vector<float> scales_, bias_;
};

}  // namespace lnh
