// The keys and values of one head of one sequence, kept in bytes in a ring of columns, each key and each value with a scale
// of its own.
#pragma once

#include "matrix.hpp"

namespace lnh {

constexpr int COLUMNS = 4 * LANES;

// Keys: panels of 64 columns; in a panel, for GROUP components after the other those of 64 columns. Values: for GROUP
// columns after the other those of each component; these are multiplied by what has no sign, and so have theirs.
struct Memory {
    std::uint8_t *keys, *values;
    float *key_scales, *value_scales;

    // `columns` is a multiple of COLUMNS, `size` one of LANES.
    Memory(unsigned char *from, int columns, int size)
        : keys(from), values(from + std::size_t(columns) * size),
          key_scales(reinterpret_cast<float *>(from + 2 * std::size_t(columns) * size)),
          value_scales(key_scales + columns) {}

    static std::size_t bytes(int columns, int size) { return std::size_t(columns) * (2 * size + 2 * sizeof(float)); }

    // `room` has space for `size` numbers.
    void write(const float *key, const float *value, int size, int at, std::int16_t *room) {
        std::int32_t total;
        key_scales[at] = take_integers(key, size, Coarse::MOST, room, total);
        std::uint8_t *to = keys + std::size_t(at / COLUMNS) * COLUMNS * size + at % COLUMNS * GROUP;
        for (int d = 0; d < size; d += GROUP, to += GROUP * COLUMNS)
            for (int i = 0; i < GROUP; i++) to[i] = std::uint8_t(room[d + i] + OFFSET);
        value_scales[at] = take_integers(value, size, Coarse::MOST, room, total);
        to = values + std::size_t(at / GROUP) * GROUP * size + at % GROUP;
        for (int d = 0; d < size; d++) to[d * GROUP] = std::uint8_t(room[d]);
    }
};

}  // namespace lnh
