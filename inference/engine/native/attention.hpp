// One query over the keys and values of one sequence.
#pragma once

#include <cmath>

#include "keeping.hpp"

namespace lnh {

// What a column is worth to a query, as integers of 14 bits: in two parts of 7 bits each where bytes are multiplied.
constexpr int PARTS = GROUP / 2;

// Scratch of attention: the queries as integers, and for each its scores and its shares by column; of a column being
// written, its integers.
struct Glance {
    Integral queries;
    std::vector<float> scores;
    std::vector<Small> shares;
    std::vector<std::int16_t> column;

    Glance(int heads, int columns, int size)
        : scores(std::size_t(heads) * columns), shares(std::size_t(heads) * PARTS * columns), column(size) {}
};

// Asks for what is wanted soon: as many bytes as four vectors of Few.
static inline void fetch(const std::uint8_t *from) {
#pragma GCC unroll 4
    for (int line = 0; line < GROUP; line++) __builtin_prefetch(from + 4 * LANES * line, 0, 2);
}

// Scores of G queries, those of `queries` from `first_query` on -> [G, columns]. `next` is what comes after this memory,
// fetched meanwhile: a prefetcher does not know where to go from the end of a sequence.
template <int G>
static void find_scores(const Small *query, const Integral &queries, int first_query, Memory memory, Memory next, int size,
                        int columns, float *scores) {
    for (int first = 0; first < columns; first += COLUMNS) {
        const std::uint8_t *keys = memory.keys + std::size_t(first) * size, *soon = next.keys + std::size_t(first) * size;
        Integers sums[G][4];
#pragma GCC unroll 8
        for (int g = 0; g < G; g++)
#pragma GCC unroll 8
            for (int j = 0; j < 4; j++) sums[g][j] = no_integers();
        for (int d = 0; d < size; d += GROUP, keys += GROUP * COLUMNS, soon += GROUP * COLUMNS) {
            fetch(soon);
            Few key[4];
#pragma GCC unroll 8
            for (int j = 0; j < 4; j++) key[j] = load_few(keys + GROUP * j * LANES);
#pragma GCC unroll 8
            for (int g = 0; g < G; g++) {
                const Few component = all_few(query + std::size_t(g) * queries.stride + d);
#pragma GCC unroll 8
                for (int j = 0; j < 4; j++) sums[g][j] = dot(sums[g][j], component, key[j]);
            }
        }
#pragma GCC unroll 8
        for (int j = 0; j < 4; j++) {
            const Lanes scale = load(memory.key_scales + first + j * LANES);
#pragma GCC unroll 8
            for (int g = 0; g < G; g++) {
                const Lanes exact = as_lanes(less(sums[g][j], queries.excess[first_query + g]));
                store(scores + std::size_t(g) * columns + first + j * LANES,
                      exact * (scale * all(queries.scales[first_query + g])));
            }
        }
    }
}

// Turns `count` scores into the exponentials that are the columns' shares, each times the scale of the column's values, as
// integers [PARTS, columns], with zeros up to the next whole vector. Returns what makes a mean of the sum that they weigh.
static float find_shares(float *score, const float *value_scales, int count, int columns, Small *shares) {
    const int end = padded(count, LANES);
    for (int t = count; t < end; t++) score[t] = -INFINITY;
    Lanes most = load(score);
    for (int t = LANES; t < end; t += LANES) most = larger(most, load(score + t));
    const Lanes top = all(largest(most));
    Lanes sums = all(0.0f), tallest = all(0.0f);
    for (int t = 0; t < end; t += LANES) {
        Lanes weight = exponential(load(score + t) - top);
        if (t + LANES > count) {
            store(score + t, weight);
            for (int i = count - t; i < LANES; i++) score[t + i] = 0.0f;
            weight = load(score + t);
        }
        sums = sums + weight;
        weight = weight * load(value_scales + t);
        tallest = larger(tallest, weight);
        store(score + t, weight);
    }
    // The largest integers whose products with bytes add up to less than 2^31.
    const int bound = std::min(128 * 128 - 1, 2147483647 / (Coarse::MOST * columns));
    const float limit = std::max(largest(tallest), 1e-30f);
    const Lanes up = all(float(bound) / limit);
    for (int t = 0; t < end; t += LANES) {
        const Integers share = rounded(load(score + t) * up);
        store(shares + t, PARTS == 1 ? share : upper(share));
        if (PARTS == 2) store(shares + columns + t, lower(share));
    }
    return limit / float(bound) / sum(sums);
}

// The values of J lanes, weighed by the shares [G, PARTS, columns] of G queries.
template <int G, int J>
static void mix_values(const std::uint8_t *values, const std::uint8_t *next, int size, int count, const Small *shares,
                       int columns, const float *means, float *out) {
    Integers sums[G][PARTS][J];
#pragma GCC unroll 8
    for (int g = 0; g < G; g++)
#pragma GCC unroll 8
        for (int part = 0; part < PARTS; part++)
#pragma GCC unroll 8
            for (int j = 0; j < J; j++) sums[g][part][j] = no_integers();
    for (int t = 0; t < count; t += GROUP, values += GROUP * size, next += GROUP * size) {
        fetch(next);
        Few value[J];
#pragma GCC unroll 8
        for (int j = 0; j < J; j++) value[j] = load_few(values + GROUP * j * LANES);
#pragma GCC unroll 8
        for (int g = 0; g < G; g++)
#pragma GCC unroll 8
            for (int part = 0; part < PARTS; part++) {
                const Few share = all_few(shares + std::size_t(g * PARTS + part) * columns + t);
#pragma GCC unroll 8
                for (int j = 0; j < J; j++) sums[g][part][j] = dot(sums[g][part][j], value[j], share);
            }
    }
#pragma GCC unroll 8
    for (int g = 0; g < G; g++)
#pragma GCC unroll 8
        for (int j = 0; j < J; j++) {
            const Integers exact = PARTS == 1 ? sums[g][0][j] : seven_up(sums[g][0][j]) + sums[g][PARTS - 1][j];
            store(out + g * size + j * LANES, as_lanes(exact) * all(means[g]));
        }
}

// G queries, those of `room.queries` from `first_query` on, that share keys and values -> out [G, size].
template <int G>
static void attend(int first_query, Memory memory, Memory next, int size, int count, Glance &room, float *out) {
    const int columns = padded(count, COLUMNS);
    const Small *query = room.queries.values<Small>() + std::size_t(first_query) * room.queries.stride;
    find_scores<G>(query, room.queries, first_query, memory, next, size, columns, room.scores.data());
    float means[G];
    for (int g = 0; g < G; g++)
        means[g] = find_shares(room.scores.data() + std::size_t(g) * columns, memory.value_scales, count, columns,
                               room.shares.data() + std::size_t(g) * PARTS * columns);
    int d = 0;
    for (; d + 4 * LANES <= size; d += 4 * LANES)
        mix_values<G, 4>(memory.values + GROUP * d, next.values + GROUP * d, size, count, room.shares.data(), columns,
                         means, out + d);
    for (; d < size; d += LANES)
        mix_values<G, 1>(memory.values + GROUP * d, next.values + GROUP * d, size, count, room.shares.data(), columns,
                         means, out + d);
}

static inline void attend(int group, int first_query, Memory memory, Memory next, int size, int count, Glance &room,
                          float *out) {
    switch (group) {
        case 1: return attend<1>(first_query, memory, next, size, count, room, out);
        case 2: return attend<2>(first_query, memory, next, size, count, room, out);
        case 4: return attend<4>(first_query, memory, next, size, count, room, out);
        default:
            for (int g = 0; g < group; g++)
                attend<1>(first_query + g, memory, next, size, count, room, out + g * size);
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
