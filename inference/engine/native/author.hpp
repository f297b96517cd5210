// One song of the native step: its state and where it writes.
#pragma once

#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

#include "../rules/grammar.hpp"
#include "../rules/leaning.hpp"

namespace lnh {

// As told.py hands it over.
struct Told {
    const i32 *header;
    const double *settings;  // [SETTINGS]
    const i32 *opening;      // [openings, FIELDS]
    const i16 *cells;        // [BARS, PLAYERS]
    const i32 *given;
    i32 given_size;
};

class Author {
  public:
    // A song before its first step; whatever was here is forgotten.
    void begin(const Tables &tables, const Told &told) {
        tables_ = tables;
        state = State{};
        std::memcpy(&state.h, told.header, sizeof state.h);
        if (state.h.players < 1 || state.h.players > PLAYERS || state.h.bars < 1 || state.h.bars > BARS)
            throw std::invalid_argument("there is no room for a song of so many players or bars");
        std::memcpy(state.settings, told.settings, sizeof state.settings);
        opening_.assign(told.opening, told.opening + std::size_t(state.h.openings) * FIELDS);
        given_.assign(told.given, told.given + told.given_size);
        cells_.assign(told.cells, told.cells + BARS * PLAYERS);
        state.opening = opening_.data();
        state.given = given_.data();
        if (!riffs_) riffs_.reset(new Riff[PLAYERS * BARS]);  // what nobody writes to is never there
        marks_.resize(PLAYERS * BARS);
        rows_.resize(BARS * PLAYERS);
        band().begin();
    }

    Band band() { return Band{state, Paper{riffs_.get(), marks_.data(), rows_.data(), cells_.data()}, tables_}; }

    // Takes a step; true if the next is known, which `next` then is.
    bool push(const Step &step, Step &next) {
        Band band = this->band();
        band.push(step);
        Grammar grammar(band);
        grammar.begin_giving();
        return grammar.force(next);
    }

    // Writes down the values of a field that are allowed after the fields of `chosen` before it, and what leans on these.
    Leaning allow(int field, const Step &chosen, u8 *mask, float *leaning) {
        Band band = this->band();
        Grammar grammar(band);
        Lead lead(band);
        const Allowed allowed = grammar.allowed(field, chosen);
        const Leaning leans = lead.leaning(field, chosen);
        const auto take = [&](int value) {
            mask[value] = 1;
            if (leans.leans) leaning[value] = lead.at(leans, field, value);
        };
        std::memset(mask, 0, size_of(field));
        for (u64 rest = allowed.low; rest; rest &= rest - 1) take(__builtin_ctzll(rest));
        const int stop = smaller(allowed.stop, size_of(field));
        for (int value = allowed.first; value < stop; value++)
            if (grammar.fits(allowed, value)) take(value);
        return leans;
    }

    State state;

  private:
    Tables tables_{};
    std::unique_ptr<Riff[]> riffs_;
    std::vector<u64> marks_;
    std::vector<i16> rows_, cells_;
    std::vector<i32> opening_, given_;
};

}  // namespace lnh
