// The network of inference/model for one step of many sequences, each row for itself.
#pragma once

#include "parts.hpp"

namespace lnh {

class Composer {
  public:
    Composer(const Shape &shape, const std::int32_t *field_sizes, const std::int32_t *sizes, const float *rates,
             const float *const *weights, const Board &board)
        : s_(shape), board_(board), rates_(rates, rates + head_size() / 2) {
        Cursor cursor{weights};
        field_sizes_.assign(field_sizes, field_sizes + FIELDS);
        read_sizes(sizes);
        read_inputs(cursor);
        for (int layer = 0; layer < s_.layers; layer++) read_block(cursor);
        norm_ = vector(cursor.take(), s_.width);
        read_cascade(cursor);
        columns_ = padded(s_.window, COLUMNS);
        const int rows = 2 * s_.slots;
        songs_.resize(std::size_t(rows) * s_.width);
        hidden_.resize(std::size_t(rows) * s_.width);
        state_.resize(std::size_t(rows) * padded(s_.cascade, Matrix::PANEL));
        logits_.resize(std::size_t(rows) * logits_stride_);
        cache_ = Pages(row_halves() * rows * sizeof(Half));
        weights_ = Pages(weight_bytes());
        std::int16_t *memory = weights_.as<std::int16_t>();
        for (Matrix *matrix : matrices()) memory = matrix->move_to(memory);
    }
    Composer(const Composer &) = delete;
    Composer &operator=(const Composer &) = delete;

    int slots() const { return s_.slots; }
    // Weights that a step of the trunk and a whole cascade cannot do without, in bytes.
    std::size_t weight_bytes() {
        std::size_t bytes = 0;
        for (Matrix *matrix : matrices()) bytes += matrix->bytes();
        return bytes;
    }

    Workspace workspace() const {
        const std::size_t rows = 2 * s_.slots;
        const int narrow = std::max(summary_stride(), state_stride());
        const int wide = std::max({recurrent_.outputs(), start_.outputs(), logits_stride_, blocks_[0].gate_up.outputs(),
                                   blocks_[0].query_key_value.outputs()});
        const int mixed = std::max({narrow, padded(s_.hidden, LANES), 3 * s_.cascade});
        return Workspace{{},
                         {},
                         zeros(rows * narrow),
                         zeros(rows * narrow),
                         zeros(rows * wide),
                         zeros(rows * mixed),
                         zeros(rows * head_size()),
                         zeros(std::size_t(s_.heads) * columns_),
                         {},
                         {}};
    }

    // What the song adds to every input, once for each of its rows.
    void join(Song song) {
        for (int row = song.slot; row < 2 * s_.slots; row += s_.slots) {
            float *to = songs_.data() + std::size_t(row) * s_.width;
            std::fill(to, to + s_.width, 0.0f);
            const bool knows_genre = row == song.slot;
            for (int genre = 0; genre < s_.genres; genre++) {
                const float asked = board_.genres[song.slot * s_.genres + genre];
                const float weight = knows_genre ? asked : float(genre + 1 == s_.genres);
                if (weight == 0.0f) continue;
                const float *embedding = genres_[genre];
                for (int i = 0; i < s_.width; i++) to[i] += weight * embedding[i];
            }
            for (int column = 0; column < s_.songs; column++)
                add(to, song_tables_[column][board_.song[song.slot * s_.songs + column]], s_.width);
            add(to, board_.steer + std::size_t(song.slot) * s_.width, s_.width);
            if (!song.guided) return;
        }
    }

    // One step of the trunk.
    void step(const Song *songs, int count, Workspace &w) {
        const int rows = spread(songs, count, w), width = s_.width, narrow = padded(width, Matrix::PANEL);
        for (int i = 0; i < rows; i++) {
            embed(w.rows[i], w.inputs[i], w.x.get() + std::size_t(i) * narrow);
            turn(board_.fed[w.inputs[i]], w.turn.get() + std::size_t(i) * head_size());
        }
        for (int layer = 0; layer < s_.layers; layer++) {
            attention(layer, rows, w);
            feed_forward(blocks_[layer], rows, w);
        }
        for (int i = 0; i < rows; i++)
            normalise(w.x.get() + std::size_t(i) * narrow, norm_.data(),
                      hidden_.data() + std::size_t(w.rows[i]) * width);
    }

    // Draws the fields first..last, each knowing those before it.
    void draw(const Song *songs, int count, int first, int last, Workspace &w) {
        const int rows = spread(songs, count, w);
        for (int field = first; field <= last; field++) {
            if (field == HEAD)
                begin(rows, w);
            else
                advance(field, rows, w);
            predict(field, rows, w);
            for (int i = 0; i < count; i++) choose(songs[i], field, w.room);
        }
    }

    const float *logits(int slot) const { return logits_.data() + std::size_t(slot) * logits_stride_; }

  private:
    int head_size() const { return s_.width / s_.heads; }
    int kv_width() const { return s_.kv_heads * head_size(); }
    std::size_t part_halves() const { return std::size_t(columns_) * head_size(); }
    std::size_t row_halves() const { return std::size_t(s_.layers) * s_.kv_heads * 2 * part_halves(); }
    static Aligned<float> zeros(std::size_t count) {
        Aligned<float> made = aligned<float>(count);
        std::fill_n(made.get(), count, 0.0f);
        return made;
    }
    static std::vector<float> vector(const float *from, int count) { return {from, from + count}; }

    // In the order in which a step reads them.
    std::vector<Matrix *> matrices() {
        std::vector<Matrix *> all;
        for (Block &block : blocks_) all.insert(all.end(), {&block.query_key_value, &block.out, &block.gate_up, &block.down});
        all.insert(all.end(), {&start_, &recurrent_});
        for (Matrix &matrix : logits_of_) all.push_back(&matrix);
        return all;
    }

    Memory memory(int row, int layer, int head) {
        Half *part = cache_.as<Half>() + row * row_halves() + (std::size_t(layer) * s_.kv_heads + head) * 2 * part_halves();
        return {part, part + part_halves()};
    }

    // What attention reads next: another head, another row or another layer.
    Memory after(int i, int rows, int layer, int head, const Workspace &w) {
        if (head + 1 < s_.kv_heads) return memory(w.rows[i], layer, head + 1);
        if (i + 1 < rows) return memory(w.rows[i + 1], layer, 0);
        return memory(w.rows[0], (layer + 1) % s_.layers, 0);
    }

    void read_sizes(const std::int32_t *from) {
        context_sizes_.assign(from, from + s_.contexts);
        from += s_.contexts;
        song_sizes_.assign(from, from + s_.songs);
        from += s_.songs;
        echo_sizes_.assign(from, from + s_.echoes);
        widest_field_ = *std::max_element(field_sizes_.begin(), field_sizes_.end());
    }

    void read_inputs(Cursor &cursor) {
        for (int size : field_sizes_) field_tables_.emplace_back(cursor.take(), size, s_.width);
        for (int size : context_sizes_) context_tables_.emplace_back(cursor.take(), size, s_.width);
        content_ = transposed(cursor.take(), s_.width, s_.content);
        for (int size : song_sizes_) song_tables_.emplace_back(cursor.take(), size, s_.width);
        genres_ = transposed(cursor.take(), s_.width, s_.genres);
    }

    void read_block(Cursor &cursor) {
        Block block;
        block.attention_norm = vector(cursor.take(), s_.width);
        const float *query = cursor.take(), *key = cursor.take(), *value = cursor.take();
        block.query_key_value = stacked({query, key, value}, {}, {s_.width, kv_width(), kv_width()}, s_.width);
        block.out = Matrix(cursor.take(), nullptr, s_.width, s_.width);
        block.hidden_norm = vector(cursor.take(), s_.width);
        const float *gate = cursor.take(), *up = cursor.take();
        block.gate_up = stacked({gate, up}, {}, {s_.hidden, s_.hidden}, s_.width);
        block.down = Matrix(cursor.take(), nullptr, s_.width, s_.hidden);
        blocks_.push_back(std::move(block));
    }

    void read_cascade(Cursor &cursor) {
        const int width = s_.cascade;
        const float *weights = cursor.take(), *bias = cursor.take();
        start_ = Matrix(weights, bias, width, 2 * s_.width);
        std::vector<const float *> tables;
        for (int i = 0; i < FIELDS - 1 + s_.echoes; i++) tables.push_back(cursor.take());
        const float *from_input = cursor.take(), *from_state = cursor.take();
        const float *input_bias = cursor.take(), *state_bias = cursor.take();
        recurrent_ = Matrix(from_state, state_bias, 3 * width, width);
        input_bias_ = vector(input_bias, 3 * width);
        // What the recurrent cell makes of an embedding depends on its index alone.
        const Matrix input(from_input, nullptr, 3 * width, width);
        for (int i = 0; i < FIELDS - 1; i++) chosen_tables_.push_back(through(input, tables[i], field_sizes_[i]));
        for (int i = 0; i < s_.echoes; i++)
            echo_tables_.push_back(through(input, tables[FIELDS - 1 + i], echo_sizes_[i]));
        const float *field_weights[FIELDS], *field_bias[FIELDS];
        for (int field = 0; field < FIELDS; field++) {
            field_weights[field] = cursor.take();
            field_bias[field] = cursor.take();
        }
        const int pulls[FIELDS] = {s_.contexts - s_.strokes, 1, 0, 0, 0};
        for (int field = 0; field < FIELDS; field++) {
            const int size = field_sizes_[field];
            if (pulls[field]) {
                const float *pull = cursor.take(), *pull_bias = cursor.take();
                logits_of_.push_back(stacked({field_weights[field], pull}, {field_bias[field], pull_bias},
                                             {size, pulls[field]}, width));
            } else {
                logits_of_.emplace_back(field_weights[field], field_bias[field], size, width);
            }
            logits_stride_ = std::max(logits_stride_, logits_of_.back().outputs());
        }
    }

    static Table transposed(const float *matrix, int outputs, int inputs) {
        std::vector<float> columns(std::size_t(outputs) * inputs);
        for (int n = 0; n < outputs; n++)
            for (int k = 0; k < inputs; k++) columns[std::size_t(k) * outputs + n] = matrix[std::size_t(n) * inputs + k];
        return Table(columns.data(), inputs, outputs);
    }

    Table through(const Matrix &input, const float *table, int size) const {
        const int stride = input.outputs(), width = 3 * s_.cascade;
        std::vector<float> wide(std::size_t(size) * stride), rows(std::size_t(size) * width);
        Integral integers;
        input.multiply(table, s_.cascade, wide.data(), stride, size, integers);
        for (int i = 0; i < size; i++)
            std::copy_n(wide.data() + std::size_t(i) * stride, width, rows.data() + std::size_t(i) * width);
        return Table(rows.data(), size, width);
    }

    // The rows of some songs; the input of a row is that of its song's slot.
    int spread(const Song *songs, int count, Workspace &w) const {
        w.rows.clear();
        w.inputs.clear();
        for (int i = 0; i < count; i++)
            for (int twin = 0; twin <= int(songs[i].guided); twin++) {
                w.rows.push_back(songs[i].slot + twin * s_.slots);
                w.inputs.push_back(songs[i].slot);
            }
        return int(w.rows.size());
    }

    void embed(int row, int slot, float *x) const {
        std::memcpy(x, songs_.data() + std::size_t(row) * s_.width, s_.width * sizeof(float));
        for (int field = 0; field < FIELDS; field++)
            add(x, field_tables_[field][board_.fields[slot * FIELDS + field]], s_.width);
        for (int column = 0; column < s_.contexts; column++)
            add(x, context_tables_[column][board_.context[slot * s_.contexts + column]], s_.width);
        if (!board_.has_content[slot]) return;
        for (int k = 0; k < s_.content; k++) {
            const float amount = board_.content[slot * s_.content + k];
            const float *column = content_[k];
            for (int i = 0; i < s_.width; i++) x[i] += amount * column[i];
        }
    }

    void turn(std::int64_t position, float *to) const {
        const int half = head_size() / 2;
        for (int i = 0; i < half; i++) cosine_sine(double(float(position) * rates_[i]), to + i, to + half + i);
    }

    void rotate(float *x, const float *turn) const {
        const int half = head_size() / 2;
        for (int i = 0; i < half; i++) {
            const float left = x[i], right = x[half + i], cosine = turn[i], sine = turn[half + i];
            x[i] = left * cosine - right * sine;
            x[half + i] = left * sine + right * cosine;
        }
    }

    void normalise(const float *x, const float *weight, float *to) const {
        Lanes squares = all(0.0f);
        for (int i = 0; i < s_.width; i += LANES) squares = fma(load(x + i), load(x + i), squares);
        const float mean = sum(squares) / float(s_.width);
        const Lanes scale = all(1.0f / std::sqrt(mean + 1.1920929e-7f));
        for (int i = 0; i < s_.width; i += LANES) store(to + i, load(x + i) * scale * load(weight + i));
    }

    void attention(int layer, int rows, Workspace &w) {
        const Block &block = blocks_[layer];
        const int size = head_size(), narrow = padded(s_.width, Matrix::PANEL), wide = block.query_key_value.outputs();
        const int group = s_.heads / s_.kv_heads;
        for (int i = 0; i < rows; i++)
            normalise(w.x.get() + std::size_t(i) * narrow, block.attention_norm.data(),
                      w.normed.get() + std::size_t(i) * narrow);
        block.query_key_value.multiply(w.normed.get(), narrow, w.wide.get(), wide, rows, w.integers);
        const float scale = 1.0f / std::sqrt(float(size));
        for (int i = 0; i < rows; i++) {
            float *query = w.wide.get() + std::size_t(i) * wide, *key = query + s_.width, *value = key + kv_width();
            const float *angle = w.turn.get() + std::size_t(i) * size;
            const std::int64_t fed = board_.fed[w.inputs[i]];
            const int at = int(fed % s_.window), seen = int(std::min<std::int64_t>(fed + 1, s_.window));
            for (int head = 0; head < s_.heads; head++) rotate(query + head * size, angle);
            for (int j = 0; j < s_.width; j++) query[j] *= scale;
            for (int head = 0; head < s_.kv_heads; head++) {
                rotate(key + head * size, angle);
                const Memory part = memory(w.rows[i], layer, head);
                write_column(part, key + head * size, value + head * size, size, at);
                attend(group, query + head * group * size, part, after(i, rows, layer, head, w), size, seen, w.scores.get(),
                       w.mixed.get() + std::size_t(i) * narrow + head * group * size);
            }
        }
        block.out.multiply(w.mixed.get(), narrow, w.normed.get(), narrow, rows, w.integers);
        add(w.x.get(), w.normed.get(), rows * narrow);
    }

    void feed_forward(const Block &block, int rows, Workspace &w) {
        const int narrow = padded(s_.width, Matrix::PANEL), wide = block.gate_up.outputs();
        const int hidden = padded(s_.hidden, LANES);
        for (int i = 0; i < rows; i++)
            normalise(w.x.get() + std::size_t(i) * narrow, block.hidden_norm.data(),
                      w.normed.get() + std::size_t(i) * narrow);
        block.gate_up.multiply(w.normed.get(), narrow, w.wide.get(), wide, rows, w.integers);
        for (int i = 0; i < rows; i++) {
            const float *gate = w.wide.get() + std::size_t(i) * wide, *up = gate + s_.hidden;
            float *to = w.mixed.get() + std::size_t(i) * hidden;
            for (int j = 0; j < s_.hidden; j += LANES) {
                const Lanes x = load(gate + j);
                store(to + j, x * sigmoid(x) * load(up + j));
            }
        }
        block.down.multiply(w.mixed.get(), hidden, w.normed.get(), narrow, rows, w.integers);
        add(w.x.get(), w.normed.get(), rows * narrow);
    }

    int summary_stride() const { return padded(2 * s_.width, Matrix::PANEL); }
    int state_stride() const { return padded(s_.cascade, Matrix::PANEL); }
    float *state(int row) { return state_.data() + std::size_t(row) * state_stride(); }

    void begin(int rows, Workspace &w) {
        const int stride = start_.outputs();
        for (int i = 0; i < rows; i++) summarise(w.rows[i], w.inputs[i], w.normed.get() + std::size_t(i) * summary_stride());
        start_.multiply(w.normed.get(), summary_stride(), w.wide.get(), stride, rows, w.integers);
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < s_.cascade; j += LANES)
                store(state(w.rows[i]) + j, hyperbolic_tangent(load(w.wide.get() + std::size_t(i) * stride + j)));
    }

    // The hidden state and, beside it, the song and the player as they were before the trunk.
    void summarise(int row, int slot, float *to) const {
        const std::size_t from = std::size_t(row) * s_.width;
        std::memcpy(to, hidden_.data() + from, s_.width * sizeof(float));
        to += s_.width;
        std::memcpy(to, songs_.data() + from, s_.width * sizeof(float));
        for (int column = 0; column < PLAYER_COLUMNS; column++)
            add(to, context_tables_[column][board_.context[slot * s_.contexts + column]], s_.width);
    }

    // Rows that lie apart, one after another in `w.normed`.
    void gather(int rows, Workspace &w, const float *from, int from_stride, int stride) const {
        for (int i = 0; i < rows; i++)
            std::memcpy(w.normed.get() + std::size_t(i) * stride, from + std::size_t(w.rows[i]) * from_stride,
                        std::min(from_stride, stride) * sizeof(float));
    }

    void advance(int field, int rows, Workspace &w) {
        const int width = s_.cascade, stride = recurrent_.outputs();
        gather(rows, w, state_.data(), state_stride(), state_stride());
        recurrent_.multiply(w.normed.get(), state_stride(), w.wide.get(), stride, rows, w.integers);
        for (int i = 0; i < rows; i++) {
            const int slot = w.inputs[i];
            float *input = w.mixed.get();
            std::memcpy(input, input_bias_.data(), 3 * width * sizeof(float));
            add(input, chosen_tables_[field - 1][board_.chosen[slot * FIELDS + field - 1]], 3 * width);
            if (field == VALUE)
                for (int column = 0; column < s_.echoes; column++)
                    add(input, echo_tables_[column][board_.echo[slot * s_.echoes + column]], 3 * width);
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

    void predict(int field, int rows, Workspace &w) {
        const Matrix &matrix = logits_of_[field];
        gather(rows, w, state_.data(), state_stride(), state_stride());
        matrix.multiply(w.normed.get(), state_stride(), w.wide.get(), matrix.outputs(), rows, w.integers);
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

    void pull(float *logits, int field, int place, int offset, float strength) const {
        if (place <= 0) return;
        if (place + offset >= field_sizes_[field]) throw std::out_of_range("a pull is outside its field");
        logits[place + offset] += strength;
    }

    void choose(Song song, int field, std::vector<Weighed> &room) {
        const int slot = song.slot, size = field_sizes_[field];
        float *logits = logits_.data() + std::size_t(slot) * logits_stride_;
        if (song.guided) {
            const float *blind = logits + std::size_t(s_.slots) * logits_stride_;
            const float guidance = board_.guidance[slot];
            for (int i = 0; i < size; i++) logits[i] = blind[i] + guidance * (logits[i] - blind[i]);
        }
        const std::size_t entry = std::size_t(slot) * FIELDS + field, place = entry * widest_field_;
        const float noise = uniform(board_.seed[slot], std::uint64_t(board_.fed[slot]), std::uint64_t(field));
        board_.chosen[entry] = lnh::draw(logits, board_.mask + place, board_.leans[entry] ? board_.leaning + place : nullptr,
                                         size, board_.temperature[slot], board_.top_p[slot], noise, room);
    }

    Shape s_;
    Board board_;
    std::vector<float> rates_, norm_, input_bias_;
    std::vector<int> field_sizes_, context_sizes_, song_sizes_, echo_sizes_;
    int widest_field_ = 0, columns_ = 0, logits_stride_ = 0;
    std::vector<Table> field_tables_, context_tables_, song_tables_, chosen_tables_, echo_tables_;
    Table content_, genres_;
    std::vector<Block> blocks_;
    Matrix start_, recurrent_;
    std::vector<Matrix> logits_of_;
    std::vector<float> songs_, hidden_, state_, logits_;
    Pages cache_, weights_;
};

}  // namespace lnh
