// Songs written from one step to the next: state, grammar and network together.
#pragma once

#include <deque>

#include "composer.hpp"
#include "grammar.hpp"

namespace lnh {

class Writer {
  public:
    Writer(Composer &composer, const Board &board, const Code &code)
        : composer_(composer), board_(board), code_(code), authors_(composer.slots()),
          widest_(*std::max_element(code.field_sizes, code.field_sizes + FIELDS)) {}

    // The song of a slot before its first step; whatever was there is forgotten.
    void begin(int slot, const Facts &facts) {
        Author &author = authors_.at(slot);
        author.grammar.begin(code_, facts);
        author.forced.clear();
        for (int i = 0; i < facts.forced; i++) author.forced.push_back(step_at(facts.steps + i * FIELDS));
        if (author.forced.empty()) throw std::invalid_argument("a song begins with a step that is known");
        board_.fed[slot] = 0;
        push(slot, take(author.forced));
    }

    // Feeds each song's last step and finds its next: on the board as `chosen`.
    void write(const Song *songs, int count, Workspace &w) {
        for (int i = 0; i < count; i++) show(songs[i].slot);
        composer_.step(songs, count, w);
        std::vector<Song> drawing, hits;
        for (int i = 0; i < count; i++)
            if (authors_[songs[i].slot].forced.empty()) drawing.push_back(songs[i]);
        draw(drawing, HEAD, HEAD, w);
        for (const Song &song : drawing)
            authors_[song.slot].grammar.band.echo(chosen(song.slot)[HEAD], board_.echo + std::size_t(song.slot) * ECHOES);
        draw(drawing, VALUE, VALUE, w);
        for (const Song &song : drawing)
            if (chosen(song.slot)[HEAD] >= code_.position()) hits.push_back(song);
        // What these may be follows from the value alone.
        draw(hits, SHAPE, VELOCITY, w);
        for (int i = 0; i < count; i++) advance(songs[i].slot);
    }

  private:
    struct Author {
        Grammar grammar;
        std::deque<Step> forced;
    };

    std::int32_t *chosen(int slot) const { return board_.chosen + std::size_t(slot) * FIELDS; }

    static Step take(std::deque<Step> &queue) {
        const Step step = queue.front();
        queue.pop_front();
        return step;
    }

    void show(int slot) {
        const Band &band = authors_[slot].grammar.band;
        std::memcpy(board_.fields + std::size_t(slot) * FIELDS, band.last.at, sizeof band.last.at);
        band.context(board_.context + std::size_t(slot) * CONTEXTS);
        board_.has_content[slot] = band.content(board_.content + std::size_t(slot) * CONTENTS);
        std::fill_n(chosen(slot), FIELDS, NONE);
    }

    void draw(const std::vector<Song> &songs, int first, int last, Workspace &w) {
        if (songs.empty()) return;
        for (const Song &song : songs) {
            Grammar &grammar = authors_[song.slot].grammar;
            board_.temperature[song.slot] = grammar.temperature(first, chosen(song.slot));
            for (int field = first; field <= last; field++) {
                const std::size_t entry = std::size_t(song.slot) * FIELDS + field;
                grammar.mask(field, chosen(song.slot), board_.mask + entry * widest_);
                board_.leans[entry] = grammar.leaning(field, chosen(song.slot), board_.leaning + entry * widest_);
            }
        }
        composer_.draw(songs.data(), int(songs.size()), first, last, w);
    }

    void advance(int slot) {
        std::deque<Step> &forced = authors_[slot].forced;
        push(slot, forced.empty() ? step_at(chosen(slot)) : take(forced));
        board_.fed[slot]++;
    }

    void push(int slot, const Step &step) {
        Author &author = authors_[slot];
        author.grammar.band.push(step);
        if (author.forced.empty()) author.grammar.forced([&](const Step &next) { author.forced.push_back(next); });
        std::memcpy(chosen(slot), step.at, sizeof step.at);
        const Band &band = author.grammar.band;
        board_.bars[2 * slot] = std::int32_t(band.rows.size());
        board_.bars[2 * slot + 1] = std::int32_t(band.rows.size()) + band.in_bar;
    }

    Composer &composer_;
    Board board_;
    Code code_;
    std::vector<Author> authors_;
    std::size_t widest_;
};

}  // namespace lnh
