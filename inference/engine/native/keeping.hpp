// The keys and values of one head of one sequence, kept in bytes in a ring of columns, each key and each value with a scale
// of its own.
#pragma once

#include "matrix.hpp"

namespace lnh {

constexpr int COLUMNS = 4 * LANES;

// Blocks of 64 columns, read from end to end. In a block, keys: for GROUP components after the other those of 64 columns; the
// scales of keys and of values; values: for GROUP columns after the other those of each component (these are multiplied by
// what has no sign, and so have theirs).
class Memory {
  public:
    // `size` is a multiple of LANES.
    Memory(unsigned char *from, int size) : from_(from), size_(size) {}

    // What `columns` take; the last block is as long as the others, but what is beyond these is never read.
    static std::size_t bytes(int columns, int size) {
        const int rest = padded(columns % COLUMNS, GROUP);
        return columns / COLUMNS * block_bytes(size) + (rest ? before_values(size) + std::size_t(rest) * size : 0);
    }

    int size() const { return size_; }
    const unsigned char *start() const { return from_; }
    std::uint8_t *keys(int block) const { return from_ + block * block_bytes(size_); }
    float *key_scales(int block) const { return reinterpret_cast<float *>(keys(block) + std::size_t(COLUMNS) * size_); }
    float *value_scales(int block) const { return key_scales(block) + COLUMNS; }
    std::uint8_t *values(int block) const { return keys(block) + before_values(size_); }

    // `room` has space for `size` numbers.
    void write(const float *key, const float *value, int at, std::int16_t *room) {
        const int block = at / COLUMNS, column = at % COLUMNS;
        std::int32_t total;
        key_scales(block)[column] = take_integers(key, size_, Coarse::MOST, room, total);
        std::uint8_t *to = keys(block) + column * GROUP;
        for (int d = 0; d < size_; d += GROUP, to += GROUP * COLUMNS) {
            std::uint8_t group[GROUP];
            for (int i = 0; i < GROUP; i++) group[i] = std::uint8_t(room[d + i] + OFFSET);
            std::memcpy(to, group, GROUP);
        }
        value_scales(block)[column] = take_integers(value, size_, Coarse::MOST, room, total);
        to = values(block) + std::size_t(column / GROUP) * GROUP * size_;
        // All bytes of a word together, for the others are those of columns beside it.
        Word keep = 0xFF;
        keep = Word(~(keep << 8 * (column % GROUP)));
        for (int d = 0; d < size_; d++, to += GROUP) {
            Word word;
            std::memcpy(&word, to, GROUP);
            word = Word((word & keep) | Word(std::uint8_t(room[d])) << 8 * (column % GROUP));
            std::memcpy(to, &word, GROUP);
        }
    }

  private:
    static std::size_t before_values(int size) { return std::size_t(COLUMNS) * (size + 2 * sizeof(float)); }
    static std::size_t block_bytes(int size) { return before_values(size) + std::size_t(COLUMNS) * size; }

    using Word = std::conditional_t<GROUP == 4, std::uint32_t, std::uint16_t>;

    unsigned char *from_;
    int size_;
};

}  // namespace lnh
