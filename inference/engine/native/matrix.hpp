// Matrices in half precision, laid out for reading once from end to end.
#pragma once

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

// y = W x + b. Panels of 64 outputs; in a panel, the 64 weights of the first input, of the second, and so on.
// An output is one chain of fused multiply-adds from the first input to the last, however many rows are multiplied.
class Matrix {
  public:
    static constexpr int PANEL = 4 * LANES;
    static constexpr int ROWS_AT_ONCE = 6;

    Matrix() = default;

    // `weights` is [outputs, inputs]; `bias` is [outputs] or null.
    Matrix(const float *weights, const float *bias, int outputs, int inputs)
        : outputs_(padded(outputs, PANEL)), inputs_(inputs), weights_(aligned<Half>(std::size_t(outputs_) * inputs)),
          bias_(outputs_, 0.0f) {
        Half *to = weights_.get();
        for (int panel = 0; panel < outputs_; panel += PANEL)
            for (int k = 0; k < inputs; k++)
                for (int n = panel; n < panel + PANEL; n += LANES, to += LANES) {
                    float lane[LANES];
                    for (int i = 0; i < LANES; i++)
                        lane[i] = n + i < outputs ? weights[std::size_t(n + i) * inputs + k] : 0.0f;
                    store_half(to, load(lane));
                }
        if (bias) std::copy(bias, bias + outputs, bias_.begin());
    }

    // Outputs with those that only fill up the last panel.
    int outputs() const { return outputs_; }
    std::size_t bytes() const { return std::size_t(outputs_) * inputs_ * sizeof(Half); }

    // x [rows, x_stride] -> y [rows, y_stride], y_stride at least outputs(). A panel stays in the cache for all rows.
    void multiply(const float *x, int x_stride, float *y, int y_stride, int rows) const {
        for (int n = 0; n < outputs_; n += PANEL) {
            int left = rows, tiles = (rows + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE;
            for (int first = 0; tiles; tiles--) {
                const int now = (left + tiles - 1) / tiles;
                tile(now, n, x + std::size_t(first) * x_stride, x_stride, y + std::size_t(first) * y_stride + n, y_stride);
                first += now;
                left -= now;
            }
        }
    }

  private:
    void tile(int rows, int n, const float *x, int x_stride, float *y, int y_stride) const {
        switch (rows) {
            case 1: return tile<1>(n, x, x_stride, y, y_stride);
            case 2: return tile<2>(n, x, x_stride, y, y_stride);
            case 3: return tile<3>(n, x, x_stride, y, y_stride);
            case 4: return tile<4>(n, x, x_stride, y, y_stride);
            case 5: return tile<5>(n, x, x_stride, y, y_stride);
            default: return tile<6>(n, x, x_stride, y, y_stride);
        }
    }

    template <int R>
    void tile(int n, const float *x, int x_stride, float *y, int y_stride) const {
        const Half *w = weights_.get() + std::size_t(n) * inputs_;
        Lanes sums[R][4];
        for (int r = 0; r < R; r++)
            for (int j = 0; j < 4; j++) sums[r][j] = load(bias_.data() + n + j * LANES);
        for (int k = 0; k < inputs_; k++, w += PANEL) {
            Lanes column[4];
            for (int j = 0; j < 4; j++) column[j] = load_half(w + j * LANES);
            for (int r = 0; r < R; r++) {
                const Lanes input = all(x[std::size_t(r) * x_stride + k]);
                for (int j = 0; j < 4; j++) sums[r][j] = fma(input, column[j], sums[r][j]);
            }
        }
        for (int r = 0; r < R; r++)
            for (int j = 0; j < 4; j++) store(y + std::size_t(r) * y_stride + j * LANES, sums[r][j]);
    }

    int outputs_ = 0, inputs_ = 0;
    Aligned<Half> weights_;
    std::vector<float> bias_;
};

}  // namespace lnh
