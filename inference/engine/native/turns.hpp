// Where a step stands, as turns of the pairs of a query's or a key's components.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "lanes.hpp"

namespace lnh {

// Cosine and sine of an angle >= 0 in radians, by our own series: libraries differ in the last bit.
static inline void cosine_sine(double angle, float *cosine, float *sine) {
    const double quarter = std::floor(angle * 0.63661977236758134308 + 0.5);
    double rest = std::fma(-quarter, 1.57079632679489655800, angle);
    rest = std::fma(-quarter, 6.12323399573676603587e-17, rest);
    const double square = rest * rest;
    double s = 1.0, c = 1.0;
    for (int n = 16; n >= 2; n -= 2) {
        c = 1.0 - square * c / double(n * (n - 1));
        s = 1.0 - square * s / double((n + 1) * n);
    }
    s *= rest;
    const int quadrant = int(quarter) & 3;
    *cosine = float(quadrant == 0 ? c : quadrant == 1 ? -s : quadrant == 2 ? -c : s);
    *sine = float(quadrant == 0 ? s : quadrant == 1 ? c : quadrant == 2 ? -s : -c);
}

class Turns {
  public:
    // `rates` [size / 2] are radians a step.
    Turns(const float *rates, int size, int window)
        : rates_(rates, rates + size / 2), known_(std::size_t(window) * size), window_(window) {
        for (int position = 0; position < window; position++) find(position, known_.data() + std::size_t(position) * size);
    }

    // Cosines and sines [2, size / 2] at a position.
    void show(std::int64_t position, float *to) const {
        const std::size_t size = 2 * rates_.size();
        if (position < window_)
            std::memcpy(to, known_.data() + std::size_t(position) * size, size * sizeof(float));
        else
            find(position, to);
    }

    // x [size]: each component of its first half with that of its second.
    void rotate(float *x, const float *turn) const {
        const int half = int(rates_.size()), whole = half / LANES * LANES;
        for (int i = 0; i < whole; i += LANES) {
            const Lanes left = load(x + i), right = load(x + half + i), cosine = load(turn + i), sine = load(turn + half + i);
            store(x + i, left * cosine - right * sine);
            store(x + half + i, left * sine + right * cosine);
        }
        for (int i = whole; i < half; i++) {
            const float left = x[i], right = x[half + i], cosine = turn[i], sine = turn[half + i];
            x[i] = left * cosine - right * sine;
            x[half + i] = left * sine + right * cosine;
        }
    }

  private:
    void find(std::int64_t position, float *to) const {
        const int half = int(rates_.size());
        for (int i = 0; i < half; i++) cosine_sine(double(float(position) * rates_[i]), to + i, to + half + i);
    }

    std::vector<float> rates_, known_;
    std::int64_t window_;
};

}  // namespace lnh
