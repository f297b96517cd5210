// The head of the network: the fields of a step one after another, each row for itself.
#pragma once

#include "trunk.hpp"

namespace lnh {

class Cascade {
  public:
    Cascade(const Shape &shape, const std::vector<int> &field_sizes, const Sizes &sizes, Cursor &cursor, const Board &board)
        : s_(shape), board_(board), field_sizes_(field_sizes) {
        read(field_sizes, sizes.echo, cursor);
        state_.resize(std::size_t(2 * s_.slots) * state_stride());
        logits_.resize(std::size_t(2 * s_.slots) * logits_stride_);
    }

    // The widest row that a matrix reads, and that one makes.
    int narrowest() const { return std::max(summary_stride(), state_stride()); }
    int widest() const { return std::max({recurrent_.outputs(), start_.outputs(), logits_stride_}); }

    template <class Work>
    void each_matrix(Work &&work) {
        work(start_);
        work(recurrent_);
        for (auto &matrix : logits_of_) work(matrix);
    }

    // What the fields read, in that order.
    void look_ahead(Ahead &ahead) const {
        ahead.add(start_.start(), start_.bytes());
        for (const auto &matrix : logits_of_) {
            ahead.add(matrix.start(), matrix.bytes());
            if (&matrix == &logits_of_.front()) ahead.add(recurrent_.start(), recurrent_.bytes());
        }
    }

    float *logits(int row) { return logits_.data() + std::size_t(row) * logits_stride_; }
    const float *logits(int row) const { return logits_.data() + std::size_t(row) * logits_stride_; }

    // The state of the rows of `w` from which their first field is drawn.
    void begin(const Trunk &trunk, int rows, Workspace &w) {
        const int stride = start_.outputs();
        for (int i = 0; i < rows; i++)
            trunk.summarise(w.rows[i], w.inputs[i], w.normed.get() + std::size_t(i) * summary_stride());
        start_.multiply(w.normed.get(), summary_stride(), w.wide.get(), stride, rows, w.integers, w.ahead);
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < s_.cascade; j += LANES)
                store(state(w.rows[i]) + j, hyperbolic_tangent(load(w.wide.get() + std::size_t(i) * stride + j)));
    }

    // The state from which `field` is drawn, after the field before it was chosen.
    void advance(int field, int rows, Workspace &w) {
        const int width = s_.cascade, stride = recurrent_.outputs();
        for (int i = 0; i < rows; i++) each_input(field, w.inputs[i], [&](const float *row) { fetch(row, 3 * width); });
        gather(rows, w, state_.data(), state_stride(), state_stride());
        recurrent_.multiply(w.normed.get(), state_stride(), w.wide.get(), stride, rows, w.integers, w.ahead);
        for (int i = 0; i < rows; i++) {
            float *input = w.mixed.get();
            std::memcpy(input, input_bias_.data(), 3 * width * sizeof(float));
            each_input(field, w.inputs[i], [&](const float *row) { add(input, row, 3 * width); });
            const float *moved = w.wide.get() + std::size_t(i) * stride;
            float *old = state(w.rows[i]);
            for (int j = 0; j < width; j += LANES) {
                const Lanes reset = sigmoid(load(input + j) + load(moved + j));
                const Lanes keep = sigmoid(load(input + width + j) + load(moved + width + j));
                const Lanes fresh =
                    hyperbolic_tangent(fma(reset, load(moved + 2 * width + j), load(input + 2 * width + j)));
                store(old + j, fma(keep, load(old + j) - fresh, fresh));
            }
        }
    }

    // The logits of a field.
    void predict(int field, int rows, Workspace &w) {
        const Matrix<Fine> &matrix = logits_of_[field];
        gather(rows, w, state_.data(), state_stride(), state_stride());
        matrix.multiply(w.normed.get(), state_stride(), w.wide.get(), matrix.outputs(), rows, w.integers, w.ahead);
        for (int i = 0; i < rows; i++) {
            float *logits = logits_.data() + std::size_t(w.rows[i]) * logits_stride_;
            std::memcpy(logits, w.wide.get() + std::size_t(i) * matrix.outputs(), matrix.outputs() * sizeof(float));
            const int slot = w.inputs[i];
            const float *strength = logits + field_sizes_[field];
            if (field == HEAD)
                for (int k = s_.strokes; k < s_.contexts; k++)
                    pull(logits, field, board_.context[slot * s_.contexts + k], s_.head_offset, strength[k - s_.strokes]);
            else if (field == VALUE)
                pull(logits, field, board_.echo[slot * s_.echoes + s_.before], s_.value_offset, strength[0]);
        }
    }

  private:
    int summary_stride() const { return padded(2 * s_.width, PANEL); }
    int state_stride() const { return padded(s_.cascade, PANEL); }
    float *state(int row) { return state_.data() + std::size_t(row) * state_stride(); }

    void read(const std::vector<int> &sizes, const std::vector<int> &echo_sizes, Cursor &cursor) {
        const int width = s_.cascade;
        const float *weights = cursor.take(), *bias = cursor.take();
        start_ = Matrix<Coarse>(weights, bias, width, 2 * s_.width);
        std::vector<const float *> tables;
        for (int i = 0; i < FIELDS - 1 + s_.echoes; i++) tables.push_back(cursor.take());
        const float *from_input = cursor.take(), *from_state = cursor.take();
        const float *input_bias = cursor.take(), *state_bias = cursor.take();
        recurrent_ = Matrix<Coarse>(from_state, state_bias, 3 * width, width);
        input_bias_ = vector(input_bias, 3 * width);
        // What the recurrent cell makes of an embedding depends on its index alone.
        const Matrix<Fine> input(from_input, nullptr, 3 * width, width);
        for (int i = 0; i < FIELDS - 1; i++) chosen_tables_.push_back(through(input, tables[i], sizes[i]));
        for (int i = 0; i < s_.echoes; i++)
            echo_tables_.push_back(through(input, tables[FIELDS - 1 + i], echo_sizes[i]));
        const float *field_weights[FIELDS], *field_bias[FIELDS];
        for (int field = 0; field < FIELDS; field++) {
            field_weights[field] = cursor.take();
            field_bias[field] = cursor.take();
        }
        const int pulls[FIELDS] = {s_.contexts - s_.strokes, 1, 0, 0, 0};
        for (int field = 0; field < FIELDS; field++) {
            const int size = sizes[field];
            if (pulls[field]) {
                const float *pull = cursor.take(), *pull_bias = cursor.take();
                logits_of_.push_back(stacked<Fine>({field_weights[field], pull}, {field_bias[field], pull_bias},
                                             {size, pulls[field]}, width));
            } else {
                logits_of_.emplace_back(field_weights[field], field_bias[field], size, width);
            }
            logits_stride_ = std::max(logits_stride_, logits_of_.back().outputs());
        }
    }

    Table through(const Matrix<Fine> &input, const float *table, int size) const {
        const int stride = input.outputs(), width = 3 * s_.cascade;
        std::vector<float> wide(std::size_t(size) * stride), rows(std::size_t(size) * width);
        Integral integers;
        Ahead nothing;
        input.multiply(table, s_.cascade, wide.data(), stride, size, integers, nothing);
        for (int i = 0; i < size; i++)
            std::copy_n(wide.data() + std::size_t(i) * stride, width, rows.data() + std::size_t(i) * width);
        return Table(rows.data(), size, width);
    }

    // What a song's recurrent cell is given for a field: the field before it, and for values also the echo.
    template <class Work>
    void each_input(int field, int slot, Work &&work) const {
        work(chosen_tables_[field - 1][board_.chosen[slot * FIELDS + field - 1]]);
        if (field != VALUE) return;
        for (int column = 0; column < s_.echoes; column++)
            work(echo_tables_[column][board_.echo[slot * s_.echoes + column]]);
    }

    // Rows that lie apart, one after another in `w.normed`.
    void gather(int rows, Workspace &w, const float *from, int from_stride, int stride) const {
        for (int i = 0; i < rows; i++)
            std::memcpy(w.normed.get() + std::size_t(i) * stride, from + std::size_t(w.rows[i]) * from_stride,
                        std::min(from_stride, stride) * sizeof(float));
    }

    void pull(float *logits, int field, int place, int offset, float strength) const {
        if (place <= 0) return;
        if (place + offset >= field_sizes_[field]) throw std::out_of_range("a pull is outside its field");
        logits[place + offset] += strength;
    }

    Shape s_;
    Board board_;
    std::vector<int> field_sizes_;
    std::vector<Table> chosen_tables_, echo_tables_;
    Matrix<Coarse> start_, recurrent_;
    std::vector<Matrix<Fine>> logits_of_;
    std::vector<float> input_bias_, state_, logits_;
    int logits_stride_ = 0;
};

}  // namespace lnh
