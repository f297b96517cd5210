// One query over the keys and values of one sequence.
#pragma once

#include <cmath>

#include "keeping.hpp"

namespace lnh {

// What a column is worth to a query, as integers of 14 bits: in two parts of 7 bits each where bytes are multiplied.
constexpr int PARTS = GROUP / 2;
// Of a block of the cache.
constexpr int SCALE_LINES = int(2 * COLUMNS * sizeof(float)) / LINE;

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

// Scores of G queries, those of `queries` from `first_query` on -> [G, padded count], of which those beyond `count` are
// -infinity up to the next whole vector. `most` are the largest of them, lane by lane.
template <int G>
static void find_scores(const Integral &queries, int first_query, Memory memory, int count, int columns, float *scores,
                        Lanes *most, Ahead &ahead) {
    const int size = memory.size();
    const Small *query = queries.values<Small>() + std::size_t(first_query) * queries.stride;
    for (int g = 0; g < G; g++) most[g] = all(-INFINITY);
    for (int first = 0; first < count; first += COLUMNS) {
        const std::uint8_t *keys = memory.keys(first / COLUMNS);
        Integers sums[G][4];
#pragma GCC unroll 8
        for (int g = 0; g < G; g++)
#pragma GCC unroll 8
            for (int j = 0; j < 4; j++) sums[g][j] = all_integers(queries.starts[first_query + g]);
#pragma GCC unroll 2
        for (int d = 0; d < size; d += GROUP, keys += GROUP * COLUMNS) {
            ahead.fetch<GROUP>();
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
        ahead.fetch<SCALE_LINES>();
        const float *scales = memory.key_scales(first / COLUMNS);
#pragma GCC unroll 8
        for (int j = 0; j < 4; j++) {
            const int here = count - first - j * LANES;
            if (here <= 0) break;
            const Lanes scale = load(scales + j * LANES);
#pragma GCC unroll 8
            for (int g = 0; g < G; g++) {
                Lanes score = as_lanes(sums[g][j]) * (scale * all(queries.scales[first_query + g]));
                if (here < LANES) score = first_of(score, here, -INFINITY);
                most[g] = larger(most[g], score);
                store(scores + std::size_t(g) * columns + first + j * LANES, score);
            }
        }
    }
}

// Turns `count` scores of each of G queries into the exponentials that are the columns' shares, each times the scale of the
// column's values, as integers [G, PARTS, columns], with zeros up to the next whole vector. `means` are what makes means of
// the sums that they weigh.
template <int G>
static void find_shares(float *scores, const Lanes *most, Memory memory, int count, int columns, Small *shares,
                        float *means) {
    Lanes top[G], sums[G], tallest[G];
#pragma GCC unroll 8
    for (int g = 0; g < G; g++) {
        top[g] = all(largest(most[g]));
        sums[g] = tallest[g] = all(0.0f);
    }
    for (int first = 0; first < count; first += COLUMNS) {
        const float *scales = memory.value_scales(first / COLUMNS);
        const int end = std::min(count, first + COLUMNS);
        for (int t = first; t < end; t += LANES, scales += LANES) {
            const Lanes scale = load(scales);
#pragma GCC unroll 8
            for (int g = 0; g < G; g++) {
                float *score = scores + std::size_t(g) * columns + t;
                Lanes weight = exponential(load(score) - top[g]);
                if (t + LANES > count) weight = first_of(weight, count - t, 0.0f);
                sums[g] = sums[g] + weight;
                weight = weight * scale;
                tallest[g] = larger(tallest[g], weight);
                store(score, weight);
            }
        }
    }
    // The largest integers whose products with bytes add up to less than 2^31.
    const int bound = std::min(128 * 128 - 1, 2147483647 / (Coarse::MOST * columns));
    Lanes up[G];
#pragma GCC unroll 8
    for (int g = 0; g < G; g++) {
        const float limit = std::max(largest(tallest[g]), 1e-30f);
        up[g] = all(float(bound) / limit);
        means[g] = limit / float(bound) / sum(sums[g]);
    }
    for (int t = 0; t < count; t += LANES)
#pragma GCC unroll 8
        for (int g = 0; g < G; g++) {
            const Integers share = rounded(load(scores + std::size_t(g) * columns + t) * up[g]);
            Small *to = shares + std::size_t(g) * PARTS * columns + t;
            store(to, PARTS == 1 ? share : upper(share));
            if (PARTS == 2) store(to + columns, lower(share));
        }
}

// The values of J lanes from `d` on, weighed by the shares [G, PARTS, columns] of G queries.
template <int G, int J>
static void mix_values(Memory memory, int d, int count, const Small *shares, int columns, const float *means, float *out,
                       Ahead &ahead) {
    const int size = memory.size();
    Integers sums[G][PARTS][J];
#pragma GCC unroll 8
    for (int g = 0; g < G; g++)
#pragma GCC unroll 8
        for (int part = 0; part < PARTS; part++)
#pragma GCC unroll 8
            for (int j = 0; j < J; j++) sums[g][part][j] = all_integers(0);
    for (int first = 0; first < count; first += COLUMNS) {
        const std::uint8_t *values = memory.values(first / COLUMNS) + GROUP * d;
        const int end = std::min(count, first + COLUMNS);
        for (int t = first; t < end; t += GROUP, values += GROUP * size) {
            ahead.fetch<GROUP * J / 4>();
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
static void attend(int first_query, Memory memory, int count, Glance &room, float *out, Ahead &ahead) {
    const int columns = padded(count, COLUMNS), size = memory.size();
    Lanes most[G];
    float means[G];
    find_scores<G>(room.queries, first_query, memory, count, columns, room.scores.data(), most, ahead);
    find_shares<G>(room.scores.data(), most, memory, count, columns, room.shares.data(), means);
    int d = 0;
    for (; d + 4 * LANES <= size; d += 4 * LANES)
        mix_values<G, 4>(memory, d, count, room.shares.data(), columns, means, out + d, ahead);
    for (; d < size; d += LANES)
        mix_values<G, 1>(memory, d, count, room.shares.data(), columns, means, out + d, ahead);
}

static inline void attend(int group, int first_query, Memory memory, int count, Glance &room, float *out, Ahead &ahead) {
    switch (group) {
        case 1: return attend<1>(first_query, memory, count, room, out, ahead);
        case 2: return attend<2>(first_query, memory, count, room, out, ahead);
        case 4: return attend<4>(first_query, memory, count, room, out, ahead);
        default:
            for (int g = 0; g < group; g++)
                attend<1>(first_query + g, memory, count, room, out + g * memory.size(), ahead);
    }
}

}  // namespace lnh
