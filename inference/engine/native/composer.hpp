// The network of inference/model for one step of many sequences, each row for itself.
#pragma once

#include "cascade.hpp"

namespace lnh {

class Composer {
  public:
    Composer(const Shape &shape, const std::int32_t *field_sizes, const std::int32_t *sizes, const float *rates,
             const float *const *weights, const Board &board)
        : Composer(shape, {field_sizes, field_sizes + FIELDS}, Sizes(shape, sizes), rates, Cursor{weights}, board) {}
    Composer(const Composer &) = delete;
    Composer &operator=(const Composer &) = delete;

    int slots() const { return s_.slots; }
    // How many weights of so many bytes a step of the trunk and a whole cascade cannot do without.
    std::size_t weights(std::size_t bytes_each) {
        std::size_t count = 0;
        each_matrix([&](const auto &matrix) { count += matrix.bytes_each() == bytes_each ? matrix.count() : 0; });
        return count;
    }

    Workspace workspace() const {
        const std::size_t rows = 2 * s_.slots;
        const int narrow = cascade_.narrowest(), wide = std::max(trunk_.widest(), cascade_.widest());
        const int mixed = std::max({narrow, padded(s_.hidden, LANES), 3 * s_.cascade});
        return Workspace{{}, {}, zeros(rows * narrow), zeros(rows * narrow), zeros(rows * wide), zeros(rows * mixed),
                         zeros(rows * s_.width / s_.heads), {}, {}, trunk_.glance(), {}};
    }

    // What the song adds to every input, once for each of its rows.
    void join(Song song) { trunk_.join(song); }

    // One step of the trunk.
    void step(const Song *songs, int count, Workspace &w) {
        trunk_.step(spread(songs, count, w), w, [&](Ahead &ahead) { cascade_.look_ahead(ahead); });
    }

    // Draws the fields first..last, each knowing those before it.
    void draw(const Song *songs, int count, int first, int last, Workspace &w) {
        const int rows = spread(songs, count, w);
        for (int field = first; field <= last; field++) {
            if (field == HEAD)
                cascade_.begin(trunk_, rows, w);
            else
                cascade_.advance(field, rows, w);
            cascade_.predict(field, rows, w);
            for (int i = 0; i < count; i++) choose(songs[i], field, w.hat);
        }
    }

    const float *logits(int slot) const { return cascade_.logits(slot); }

  private:
    Composer(const Shape &shape, const std::vector<int> &field_sizes, const Sizes &sizes, const float *rates, Cursor cursor,
             const Board &board)
        : s_(shape), board_(board), field_sizes_(field_sizes), trunk_(shape, field_sizes, sizes, rates, cursor, board),
          cascade_(shape, field_sizes, sizes, cursor, board) {
        widest_field_ = *std::max_element(field_sizes.begin(), field_sizes.end());
        std::size_t bytes = 0;
        each_matrix([&](const auto &matrix) { bytes += matrix.bytes(); });
        weights_ = Pages(bytes);
        unsigned char *memory = weights_.as<unsigned char>();
        each_matrix([&](auto &matrix) { memory = matrix.move_to(memory); });
    }

    static Aligned<float> zeros(std::size_t count) {
        Aligned<float> made = aligned<float>(count);
        std::fill_n(made.get(), count, 0.0f);
        return made;
    }

    // In the order in which a step reads them.
    template <class Work>
    void each_matrix(Work &&work) {
        trunk_.each_matrix(work);
        cascade_.each_matrix(work);
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

    void choose(Song song, int field, Hat &hat) {
        const int slot = song.slot, size = field_sizes_[field];
        float *logits = cascade_.logits(slot);
        if (song.guided) {
            const float *blind = cascade_.logits(slot + s_.slots);
            const float guidance = board_.guidance[slot];
            for (int i = 0; i < size; i++) logits[i] = blind[i] + guidance * (logits[i] - blind[i]);
        }
        const std::size_t entry = std::size_t(slot) * FIELDS + field, place = entry * widest_field_;
        const float noise = uniform(board_.seed[slot], std::uint64_t(board_.fed[slot]), std::uint64_t(field));
        board_.chosen[entry] = lnh::draw(logits, board_.mask + place, board_.leans[entry] ? board_.leaning + place : nullptr,
                                         size, board_.temperature[slot], board_.top_p[slot], noise, hat);
    }

    Shape s_;
    Board board_;
    std::vector<int> field_sizes_;
    int widest_field_ = 0;
    Trunk trunk_;
    Cascade cascade_;
    Pages weights_;
};

}  // namespace lnh
