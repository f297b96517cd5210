// Songs written from one step to the next: state, grammar and network together.
#pragma once

#include "author.hpp"
#include "composer.hpp"

namespace lnh {

class Writer {
  public:
    Writer(Composer &composer, const Board &board, const Tables &tables)
        : composer_(composer), board_(board), tables_(tables), pens_(composer.slots()) {}

    // The song of a slot before its first step; whatever was there is forgotten.
    void begin(int slot, const Told &told) {
        Pen &pen = pens_.at(slot);
        pen.author.begin(tables_, told);
        if (!pen.author.state.h.openings) throw std::invalid_argument("a song begins with a step that is known");
        pen.author.state.opened = 1;
        board_.fed[slot] = 0;
        push(slot, step_at(pen.author.state.opening));
    }

    // Feeds each song's last step and finds its next: on the board as `chosen`.
    void write(const Song *songs, int count, Workspace &w) {
        for (int i = 0; i < count; i++) show(songs[i].slot);
        composer_.step(songs, count, w);
        std::vector<Song> drawing, hits;
        for (int i = 0; i < count; i++)
            if (!pens_[songs[i].slot].knows) drawing.push_back(songs[i]);
        draw(drawing, HEAD, HEAD, w);
        for (const Song &song : drawing)
            pens_[song.slot].author.band().show_echo(chosen(song.slot)[HEAD], board_.echo + std::size_t(song.slot) * ECHOES);
        draw(drawing, VALUE, VALUE, w);
        for (const Song &song : drawing)
            if (chosen(song.slot)[HEAD] >= POSITION) hits.push_back(song);
        // What these may be follows from the value alone.
        draw(hits, SHAPE, VELOCITY, w);
        for (int i = 0; i < count; i++) advance(songs[i].slot);
    }

  private:
    // `next` is the next step where one `knows` it beforehand.
    struct Pen {
        Author author;
        Step next;
        bool knows = false;
    };

    std::int32_t *chosen(int slot) const { return board_.chosen + std::size_t(slot) * FIELDS; }

    void show(int slot) {
        const Band band = pens_[slot].author.band();
        std::memcpy(board_.fields + std::size_t(slot) * FIELDS, band.s.last.at, sizeof band.s.last.at);
        band.show_context(board_.context + std::size_t(slot) * CONTEXTS);
        board_.has_content[slot] = band.s.content_of != NOBODY;
        for (int i = 0; i < CONTENT && board_.has_content[slot]; i++)
            board_.content[std::size_t(slot) * CONTENT + i] = band.content(i);
        std::fill_n(chosen(slot), FIELDS, NONE);
    }

    void draw(const std::vector<Song> &songs, int first, int last, Workspace &w) {
        if (songs.empty()) return;
        for (const Song &song : songs) {
            const Step so_far = step_at(chosen(song.slot));
            for (int field = first; field <= last; field++) {
                const std::size_t entry = std::size_t(song.slot) * FIELDS + field;
                float *leaning = board_.leaning + entry * VALUES;
                const Leaning leans = pens_[song.slot].author.allow(field, so_far, board_.mask + entry * VALUES, leaning);
                board_.leans[entry] = leans.leans != 0;
                if (field == first) board_.temperature[song.slot] = leans.temperature;
            }
        }
        composer_.draw(songs.data(), int(songs.size()), first, last, w);
    }

    void advance(int slot) {
        const Pen &pen = pens_[slot];
        push(slot, pen.knows ? Step(pen.next) : step_at(chosen(slot)));
        board_.fed[slot]++;
    }

    void push(int slot, const Step &step) {
        Pen &pen = pens_[slot];
        pen.knows = pen.author.push(step, pen.next);
        std::memcpy(chosen(slot), step.at, sizeof step.at);
        board_.bars[2 * slot] = pen.author.state.rows;
        board_.bars[2 * slot + 1] = pen.author.state.rows + pen.author.state.in_bar;
    }

    Composer &composer_;
    Board board_;
    Tables tables_;
    std::vector<Pen> pens_;
};

}  // namespace lnh
