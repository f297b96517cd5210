// One query over the keys and values of one sequence, kept in half precision in a ring of `window` columns.
#pragma once

#include <cmath>

#include "matrix.hpp"

namespace lnh {

constexpr int COLUMNS = 4 * LANES;

// Keys: panels of 64 columns; in a panel, the 64 first components, the 64 second ones, and so on. Values: by column.
struct Memory {
    Half *keys, *values;
};

// Asks for two lines that are wanted soon.
static inline void fetch(const Half *from) {
    __builtin_prefetch(from, 0, 2);
    __builtin_prefetch(from + COLUMNS / 2, 0, 2);
}

static inline void write_column(Memory memory, const float *key, const float *value, int size, int at) {
    Half *to = memory.keys + std::size_t(at / COLUMNS) * COLUMNS * size + at % COLUMNS;
    for (int d = 0; d < size; d += LANES) {
        Half lane[LANES];
        store_half(lane, load(key + d));
        for (int i = 0; i < LANES; i++) to[std::size_t(d + i) * COLUMNS] = lane[i];
        store_half(memory.values + std::size_t(at) * size + d, load(value + d));
    }
}

// The values of J lanes, weighed by the scores of G queries.
template <int G, int J>
static void mix_values(const Half *values, const Half *next, int size, int count, const float *scores, int columns,
                       const float *total, float *out) {
    Lanes sums[G][J];
#pragma GCC unroll 8
    for (int g = 0; g < G; g++)
#pragma GCC unroll 8
        for (int j = 0; j < J; j++) sums[g][j] = all(0.0f);
    for (int t = 0; t < count; t++, values += size, next += size) {
        fetch(next);
        Lanes value[J];
#pragma GCC unroll 8
        for (int j = 0; j < J; j++) value[j] = load_half(values + j * LANES);
#pragma GCC unroll 8
        for (int g = 0; g < G; g++) {
            const Lanes weight = all(scores[std::size_t(g) * columns + t]);
#pragma GCC unroll 8
            for (int j = 0; j < J; j++) sums[g][j] = fma(weight, value[j], sums[g][j]);
        }
    }
#pragma GCC unroll 8
    for (int g = 0; g < G; g++)
#pragma GCC unroll 8
        for (int j = 0; j < J; j++) store(out + g * size + j * LANES, sums[g][j] / all(total[g]));
}

// G queries [G, size], scaled already, that share keys and values -> out [G, size]. `scores` is [G, columns] scratch; `next`
// is what comes after this one, fetched meanwhile: a prefetcher does not know where to go from the end of a sequence.
template <int G>
static void attend(const float *query, Memory memory, Memory next, int size, int count, float *scores, float *out) {
    const int columns = padded(count, COLUMNS);
    for (int first = 0; first < columns; first += COLUMNS) {
        const Half *keys = memory.keys + std::size_t(first) * size, *soon = next.keys + std::size_t(first) * size;
        Lanes sums[G][4];
#pragma GCC unroll 8
        for (int g = 0; g < G; g++)
#pragma GCC unroll 8
            for (int j = 0; j < 4; j++) sums[g][j] = all(0.0f);
        for (int d = 0; d < size; d++, keys += COLUMNS, soon += COLUMNS) {
            fetch(soon);
            Lanes key[4];
#pragma GCC unroll 8
            for (int j = 0; j < 4; j++) key[j] = load_half(keys + j * LANES);
#pragma GCC unroll 8
            for (int g = 0; g < G; g++) {
                const Lanes component = all(query[g * size + d]);
#pragma GCC unroll 8
                for (int j = 0; j < 4; j++) sums[g][j] = fma(component, key[j], sums[g][j]);
            }
        }
#pragma GCC unroll 8
        for (int g = 0; g < G; g++)
#pragma GCC unroll 8
            for (int j = 0; j < 4; j++) store(scores + std::size_t(g) * columns + first + j * LANES, sums[g][j]);
    }
    float total[G];
#pragma GCC unroll 8
    for (int g = 0; g < G; g++) {
        float *score = scores + std::size_t(g) * columns;
        for (int t = count; t < columns; t++) score[t] = -INFINITY;
        Lanes most = load(score);
        for (int t = LANES; t < columns; t += LANES) most = larger(most, load(score + t));
        const Lanes top = all(largest(most));
        Lanes sums = all(0.0f);
        for (int t = 0; t < columns; t += LANES) {
            const Lanes weight = exponential(load(score + t) - top);
            store(score + t, weight);
            if (t + LANES <= count) {
                sums = sums + weight;
                continue;
            }
            for (int i = std::max(0, count - t); i < LANES; i++) score[t + i] = 0.0f;
            sums = sums + load(score + t);
        }
        total[g] = sum(sums);
    }
    int d = 0;
    for (; d + 4 * LANES <= size; d += 4 * LANES)
        mix_values<G, 4>(memory.values + d, next.values + d, size, count, scores, columns, total, out + d);
    for (; d < size; d += LANES)
        mix_values<G, 1>(memory.values + d, next.values + d, size, count, scores, columns, total, out + d);
}

static inline void attend(int group, const float *query, Memory memory, Memory next, int size, int count, float *scores,
                          float *out) {
    switch (group) {
        case 1: return attend<1>(query, memory, next, size, count, scores, out);
        case 2: return attend<2>(query, memory, next, size, count, scores, out);
        case 4: return attend<4>(query, memory, next, size, count, scores, out);
        default:
            for (int g = 0; g < group; g++)
                attend<1>(query + g * size, memory, next, size, count, scores, out + g * size);
    }
}

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

}  // namespace lnh
