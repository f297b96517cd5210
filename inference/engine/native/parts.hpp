// What the network is made of, and what lies between it and Python.
#pragma once

#include <cstdlib>
#include <stdexcept>

#include "../rules/parts.hpp"
#include "attention.hpp"
#include "pages.hpp"
#include "sampler.hpp"

namespace lnh {

constexpr int PLAYER_COLUMNS = 2;  // of a context; they come first

// The order of both structs is that of abi.py and of inference/engine/board.py.
struct Shape {
    std::int32_t width, layers, heads, kv_heads, hidden, cascade, window, slots, genres, content;
    std::int32_t contexts, songs, echoes, strokes, before, head_offset, value_offset;
};

// One entry a slot; `mask` and `leaning` are [slots, FIELDS, widest field].
struct Board {
    std::int32_t *fields, *context, *echo;
    const std::int32_t *song;
    float *content;
    const float *genres;
    std::uint8_t *has_content;
    std::int64_t *fed;
    const std::uint64_t *seed;
    float *temperature;
    const float *top_p, *guidance;
    std::uint8_t *mask, *leans;
    float *leaning;
    std::int32_t *chosen;
    const float *steer;
    std::int32_t *bars;  // [slots, 2]: closed, begun
};

// How many rows the tables have.
struct Sizes {
    std::vector<int> context, song, echo;

    Sizes(const Shape &shape, const std::int32_t *from)
        : context(from, from + shape.contexts), song(from + shape.contexts, from + shape.contexts + shape.songs),
          echo(from + shape.contexts + shape.songs, from + shape.contexts + shape.songs + shape.echoes) {}
};

// Reads the weights one after another.
struct Cursor {
    const float *const *next;
    const float *take() { return *next++; }
};

struct Table {
    std::vector<float> rows;
    int size = 0, width = 0;

    Table() = default;
    Table(const float *from, int size, int width) : rows(from, from + std::size_t(size) * width), size(size), width(width) {}

    const float *operator[](int index) const {
        if (index < 0 || index >= size) throw std::out_of_range("an index is outside its table");
        return rows.data() + std::size_t(index) * width;
    }
};

struct Block {
    std::vector<float> attention_norm, hidden_norm;
    Matrix<Coarse> query_key_value, out, gate_up, down;
};

// Scratch of one thread.
struct Workspace {
    std::vector<int> rows, inputs;
    Aligned<float> x, normed, wide, mixed, turn;
    Hat hat;
    Integral integers;
    Glance glance;
    Ahead ahead;
};

// A song's slot; when it is guided, its second sequence, which does not know the genre, has the row `slots` further on.
struct Song {
    int slot;
    bool guided;
};

static inline void add(float *to, const float *what, int count) {
    for (int i = 0; i < count; i++) to[i] += what[i];
}

template <class Kind>
static Matrix<Kind> stacked(std::initializer_list<const float *> parts, std::initializer_list<const float *> biases,
                             std::initializer_list<int> outputs, int inputs) {
    std::vector<float> weights, bias;
    auto size = outputs.begin();
    for (const float *part : parts) {
        weights.insert(weights.end(), part, part + std::size_t(*size) * inputs);
        size++;
    }
    size = outputs.begin();
    for (const float *part : biases) {
        bias.insert(bias.end(), part, part + *size);
        size++;
    }
    int total = 0;
    for (int count : outputs) total += count;
    return Matrix<Kind>(weights.data(), bias.empty() ? nullptr : bias.data(), total, inputs);
}

static inline std::vector<float> vector(const float *from, int count) { return {from, from + count}; }

static inline Table transposed(const float *matrix, int outputs, int inputs) {
    std::vector<float> columns(std::size_t(outputs) * inputs);
    for (int n = 0; n < outputs; n++)
        for (int k = 0; k < inputs; k++) columns[std::size_t(k) * outputs + n] = matrix[std::size_t(n) * inputs + k];
    return Table(columns.data(), inputs, outputs);
}

}  // namespace lnh
