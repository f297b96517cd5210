// The transformer: one step of many sequences, each row for itself.
#pragma once

#include "parts.hpp"
#include "turns.hpp"

namespace lnh {

class Trunk {
  public:
    Trunk(const Shape &shape, const std::vector<int> &field_sizes, const Sizes &sizes, const float *rates, Cursor &cursor,
          const Board &board)
        : s_(shape), board_(board), turns_(rates, head_size(), shape.window) {
        read_inputs(field_sizes, sizes, cursor);
        for (int layer = 0; layer < s_.layers; layer++) read_block(cursor);
        norm_ = vector(cursor.take(), s_.width);
        columns_ = padded(s_.window, COLUMNS);
        songs_.resize(std::size_t(2 * s_.slots) * s_.width);
        hidden_.resize(std::size_t(2 * s_.slots) * s_.width);
        cache_ = Pages(row_bytes() * 2 * s_.slots);
    }
    Trunk(const Trunk &) = delete;
    Trunk &operator=(const Trunk &) = delete;

    // The widest row that a matrix makes.
    int widest() const { return std::max(blocks_[0].gate_up.outputs(), blocks_[0].query_key_value.outputs()); }
    Glance glance() const { return Glance(s_.heads, columns_, head_size()); }

    // In the order in which a step reads them.
    template <class Work>
    void each_matrix(Work &&work) {
        for (Block &block : blocks_) {
            work(block.query_key_value);
            work(block.out);
            work(block.gate_up);
            work(block.down);
        }
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

    // One step of the rows of `w`; `after` adds to `w.ahead` what is read next.
    template <class After>
    void step(int rows, Workspace &w, After &&after) {
        const int width = s_.width, narrow = padded(width, PANEL);
        look_ahead(rows, w);
        after(w.ahead);
        w.ahead.begin();
        for (int i = 0; i < rows; i++) {
            embed(w.rows[i], w.inputs[i], w.x.get() + std::size_t(i) * narrow);
            turns_.show(board_.fed[w.inputs[i]], w.turn.get() + std::size_t(i) * head_size());
        }
        for (int layer = 0; layer < s_.layers; layer++) {
            attention(layer, rows, w);
            feed_forward(blocks_[layer], rows, w);
        }
        for (int i = 0; i < rows; i++)
            normalise(w.x.get() + std::size_t(i) * narrow, norm_.data(),
                      hidden_.data() + std::size_t(w.rows[i]) * width);
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

  private:
    int head_size() const { return s_.width / s_.heads; }
    int kv_width() const { return s_.kv_heads * head_size(); }
    std::size_t row_bytes() const { return Memory::bytes(columns_, head_size()) * s_.layers * s_.kv_heads; }

    Memory memory(int row, int layer, int head) const {
        const std::size_t before = (std::size_t(row) * s_.layers + layer) * s_.kv_heads + head;
        return Memory(cache_.as<unsigned char>() + before * Memory::bytes(columns_, head_size()), head_size());
    }

    // Columns that a slot's next step sees, its own among them.
    int seen(int slot) const { return int(std::min<std::int64_t>(board_.fed[slot] + 1, s_.window)); }

    // What a step reads, in that order.
    void look_ahead(int rows, Workspace &w) const {
        w.ahead.forget();
        for (int layer = 0; layer < s_.layers; layer++) {
            const Block &block = blocks_[layer];
            w.ahead.add(block.query_key_value.start(), block.query_key_value.bytes());
            for (int i = 0; i < rows; i++)
                for (int head = 0; head < s_.kv_heads; head++)
                    w.ahead.add(memory(w.rows[i], layer, head).start(),
                                Memory::bytes(seen(w.inputs[i]), head_size()));
            for (const auto *matrix : {&block.out, &block.gate_up, &block.down})
                w.ahead.add(matrix->start(), matrix->bytes());
        }
    }

    void read_inputs(const std::vector<int> &field_sizes, const Sizes &sizes, Cursor &cursor) {
        for (int size : field_sizes) field_tables_.emplace_back(cursor.take(), size, s_.width);
        for (int size : sizes.context) context_tables_.emplace_back(cursor.take(), size, s_.width);
        content_ = transposed(cursor.take(), s_.width, s_.content);
        for (int size : sizes.song) song_tables_.emplace_back(cursor.take(), size, s_.width);
        genres_ = transposed(cursor.take(), s_.width, s_.genres);
    }

    void read_block(Cursor &cursor) {
        Block block;
        block.attention_norm = vector(cursor.take(), s_.width);
        const float *query = cursor.take(), *key = cursor.take(), *value = cursor.take();
        block.query_key_value = stacked<Coarse>({query, key, value}, {}, {s_.width, kv_width(), kv_width()}, s_.width);
        block.out = Matrix<Coarse>(cursor.take(), nullptr, s_.width, s_.width);
        block.hidden_norm = vector(cursor.take(), s_.width);
        const float *gate = cursor.take(), *up = cursor.take();
        block.gate_up = stacked<Coarse>({gate, up}, {}, {s_.hidden, s_.hidden}, s_.width);
        block.down = Matrix<Coarse>(cursor.take(), nullptr, s_.width, s_.hidden);
        blocks_.push_back(std::move(block));
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
            if (amount == 0.0f) continue;
            const float *column = content_[k];
            for (int i = 0; i < s_.width; i++) x[i] += amount * column[i];
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
        const int size = head_size(), narrow = padded(s_.width, PANEL), wide = block.query_key_value.outputs();
        const int group = s_.heads / s_.kv_heads;
        for (int i = 0; i < rows; i++)
            normalise(w.x.get() + std::size_t(i) * narrow, block.attention_norm.data(),
                      w.normed.get() + std::size_t(i) * narrow);
        block.query_key_value.multiply(w.normed.get(), narrow, w.wide.get(), wide, rows, w.integers, w.ahead);
        const float scale = 1.0f / std::sqrt(float(size));
        Glance &glance = w.glance;
        for (int i = 0; i < rows; i++) {
            float *query = w.wide.get() + std::size_t(i) * wide, *key = query + s_.width, *value = key + kv_width();
            const float *angle = w.turn.get() + std::size_t(i) * size;
            const int at = int(board_.fed[w.inputs[i]] % s_.window);
            for (int head = 0; head < s_.heads; head++) turns_.rotate(query + head * size, angle);
            for (int j = 0; j < s_.width; j++) query[j] *= scale;
            glance.queries.take<Small>(query, size, size, s_.heads, Coarse::MOST);
            for (int head = 0; head < s_.kv_heads; head++) {
                turns_.rotate(key + head * size, angle);
                Memory part = memory(w.rows[i], layer, head);
                part.write(key + head * size, value + head * size, at, glance.column.data());
                attend(group, head * group, part, seen(w.inputs[i]), glance,
                       w.mixed.get() + std::size_t(i) * narrow + head * group * size, w.ahead);
            }
        }
        block.out.multiply(w.mixed.get(), narrow, w.normed.get(), narrow, rows, w.integers, w.ahead);
        add(w.x.get(), w.normed.get(), rows * narrow);
    }

    void feed_forward(const Block &block, int rows, Workspace &w) {
        const int narrow = padded(s_.width, PANEL), wide = block.gate_up.outputs();
        const int hidden = padded(s_.hidden, LANES);
        for (int i = 0; i < rows; i++)
            normalise(w.x.get() + std::size_t(i) * narrow, block.hidden_norm.data(),
                      w.normed.get() + std::size_t(i) * narrow);
        block.gate_up.multiply(w.normed.get(), narrow, w.wide.get(), wide, rows, w.integers, w.ahead);
        for (int i = 0; i < rows; i++) {
            const float *gate = w.wide.get() + std::size_t(i) * wide, *up = gate + s_.hidden;
            float *to = w.mixed.get() + std::size_t(i) * hidden;
            for (int j = 0; j < s_.hidden; j += LANES) {
                const Lanes x = load(gate + j);
                store(to + j, x * sigmoid(x) * load(up + j));
            }
        }
        block.down.multiply(w.mixed.get(), hidden, w.normed.get(), narrow, rows, w.integers, w.ahead);
        add(w.x.get(), w.normed.get(), rows * narrow);
    }

    Shape s_;
    Board board_;
    Turns turns_;
    std::vector<float> norm_;
    int columns_ = 0;
    std::vector<Table> field_tables_, context_tables_, song_tables_;
    Table content_, genres_;
    std::vector<Block> blocks_;
    std::vector<float> songs_, hidden_;
    Pages cache_;
};

}  // namespace lnh
