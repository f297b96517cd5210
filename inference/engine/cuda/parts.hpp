// What a song is on the card, and where everything lies. Mirrored by places.py.
#pragma once

#include "../rules/parts.hpp"
#include "machine.hpp"

namespace lnh {

constexpr int WIDEST = VALUES;

struct Slot : State {
    u64 seed;
    const float *song, *blind_song;  // [song_rows, C]: one for all, or those of a course (course_row)
    i32 guided, song_rows, active, forces, fed;
    Step forced, chosen;
    i32 context[CONTEXTS], echo[ECHOES];
};

// Pointers first, then sizes; in the order of places.py.
struct Place {
    Slot *slots;
    Riff *riffs;                  // [slots, PLAYERS, BARS]
    u64 *marks;                   // [slots, PLAYERS, BARS]
    i16 *rows, *cells;            // [slots, BARS, PLAYERS]
    const i32 *headers;           // [slots, sizeof(Header) / 4]
    const i64 *seeds, *lists;     // [slots]; [slots, LISTS]: opening, given, song, blind song, and whether guided, song rows
    const double *settings;       // [slots, SETTINGS]
    i32 *out;                     // [slots, OUT]
    float *content;               // [slots, CONTENT]
    Tables tables;
    const float *field_tables, *context_tables, *content_table, *norms, *rates;
    const float *chosen_tables, *echo_tables;
    const i32 *context_at, *echo_at;
    float *x, *summary, *state, *logits, *blind_state, *blind_logits;
    Real *out_of, *normed, *joint, *mixed, *wide, *gated, *cache;
    i32 blind, width, layers, heads, kv_heads, hidden, cascade, window, slot_count;
};

constexpr int LISTS = 6;
constexpr int OUT = 8;  // the step, steps fed, bars closed, bars begun

LNH_FN Paper paper_of(const Place &p, int slot) {
    const i64 riffs = i64(slot) * PLAYERS * BARS;
    return Paper{p.riffs + riffs, p.marks + riffs, p.rows + riffs, p.cells + riffs};
}

}  // namespace lnh
