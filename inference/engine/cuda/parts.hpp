// What a song is on the card, and where everything lies. Mirrored by places.py and headers.py.
#pragma once

#include "machine.hpp"

namespace lnh {

constexpr int FIELDS = 5, HEAD = 0, VALUE = 1, SHAPE = 2, DURATION = 3, VELOCITY = 4;
constexpr int NONE = 0, END = 1, BAR = 2, TRACK = 3, NEW = 1, MIXED = 2, COPY = 3;
constexpr int PLAYERS = LNH_PLAYERS, POSITION = TRACK + PLAYERS, POSITIONS = LNH_POSITIONS;
constexpr int COPIES = LNH_COPIES, RIFFS = LNH_RIFFS, RIFF = COPY + COPIES, PITCH = RIFF + RIFFS;
constexpr int DRUM_SET = PITCH + 128, VALUES = LNH_VALUES, SHAPES = LNH_SHAPES, DURATIONS = LNH_DURATIONS;
constexpr int HEADS = POSITION + POSITIONS, VELOCITIES = LNH_VELOCITIES;
constexpr int CONTENT = LNH_CONTENT, BARS = LNH_BARS, CONTEXTS = LNH_CONTEXTS, STROKES = LNH_STROKES, ECHOES = LNH_ECHOES;
constexpr int MAX_HITS_AT_ONCE = LNH_MAX_HITS_AT_ONCE, LEVELS = LNH_LEVELS, WIDEST = VALUES;
constexpr int WORDS = POSITIONS / 32, CELL = POSITIONS / 16;
static_assert(POSITIONS % 32 == 0, "a set of positions is whole words");

// Cells of a plan; what is given has the number of its block, a tied cell lies TIED below zero by its bar.
constexpr int REST = -1, FREE = -2, FRESH = -3, TIED = -10;

LNH_FN int size_of(int field) {
    const int sizes[FIELDS] = {HEADS, VALUES, SHAPES, DURATIONS, VELOCITIES};
    return sizes[field];
}
LNH_FN bool repeats(int value) { return COPY <= value && value < PITCH; }
LNH_FN int copy_distance(int value) {
    const int distances[COPIES] = {LNH_COPY_DISTANCES};
    return distances[value - COPY];
}

struct Step {
    i32 at[FIELDS];
    LNH_FN int head() const { return at[HEAD]; }
    LNH_FN int value() const { return at[VALUE]; }
    LNH_FN bool is_hit() const { return at[HEAD] >= POSITION; }
    LNH_FN bool is_track() const { return TRACK <= at[HEAD] && at[HEAD] < POSITION; }
    LNH_FN int position() const { return at[HEAD] - POSITION; }
};

// Positions of a bar.
struct Places {
    u32 words[WORDS];
    LNH_FN void clear() {
        for (u32 &word : words) word = 0;
    }
    LNH_FN void add(int position) { words[position / 32] |= 1u << position % 32; }
    LNH_FN bool has(int position) const { return words[position / 32] >> position % 32 & 1; }
    LNH_FN int count() const {
        int total = 0;
        for (u32 word : words) total += ones(word);
        return total;
    }
    // The first after `position`, -1 without one; `position` may be -1.
    LNH_FN int after(int position) const {
        for (int word = (position + 1) / 32; word < WORDS; word++) {
            const u32 rest = word == (position + 1) / 32 ? words[word] >> (position + 1) % 32 << (position + 1) % 32
                                                         : words[word];
            if (rest) return word * 32 + lowest_one(rest);
        }
        return -1;
    }
    // The last at or before `position`, -1 without one.
    LNH_FN int until(int position) const {
        for (int at = position; at >= 0; at--)
            if (has(at)) return at;
        return -1;
    }
};

// What one player plays in one bar, as far as others hear it. `lowest` is one plus the lowest pitch at a position, or what
// the drums strike there (1 kick, 2 snare, 4 anything). `mark` stands for the hits: equal blocks have equal marks.
struct Block {
    u64 mark;
    Places onsets, kicks;
    i32 hits, is_drum, given;
    float content[CONTENT];
    u8 lowest[POSITIONS];
};

// What was played lately, the latest first.
struct Recent {
    i32 count;
    i16 items[RIFFS];
};

// All of a song that is fixed when it joins; 32-bit integers, in the order of headers.py.
struct Header {
    i32 players, bars, ahead, closes, free_order, mode, strict, past_bar;
    i32 max_rest, max_repeats, new_ending, has_density, has_plan, openings, guided, song_rows, keep_at;
    i32 role[PLAYERS], program[PLAYERS], is_drum[PLAYERS], low[PLAYERS], high[PLAYERS];
};

// How a song is drawn and led: TEMPERATURE, TOP_P, GUIDANCE, the onsets aimed at, and what inference/music/touch.py says.
enum Setting { LNH_SETTINGS, SETTINGS };
constexpr int DRUMMER = 1, BASSIST = 2, RHYTHM_PLAYER = 3;  // roles as a context has them

struct Slot {
    u64 seed;
    double onsets, blocks;          // of the busyness
    const i32 *opening;             // steps known at the start
    i32 *given;                     // where each given block begins, their hits, and room for those of fresh blocks
    const float *song, *blind_song; // [song_rows, C]: one for all, or one for each number of bars begun and role
    double settings[SETTINGS];      // in the order of headers.py
    Header h;
    i32 active, finished, forces, fed;
    Step last, forced, chosen;
    i32 rows, begun, player, position, gap, hits, together, in_bar, placed, bar_value, content_of;
    i32 row[PLAYERS], block_count[PLAYERS], rests[PLAYERS];
    i32 repeated, followed, opened, giving, giving_player, giving_hit, keep_at;
    i32 context[CONTEXTS], echo[ECHOES];
    Recent bars, riffs[PLAYERS];
    Block open;
};

// Whose content the last step shows.
constexpr int NOBODY = -1, EVERYBODY = PLAYERS;

// Pointers first, then sizes; in the order of places.py.
struct Place {
    Slot *slots;
    Block *blocks;                // [slots, PLAYERS, BARS]
    u64 *marks;                   // [slots, PLAYERS, BARS]
    i16 *rows, *cells;            // [slots, BARS, PLAYERS]
    const i32 *headers;           // [slots, sizeof(Header) / 4]
    const i64 *seeds, *lists;     // [slots]; [slots, 4]: opening, given, song, blind song
    const double *settings;       // [slots, SETTINGS]
    i32 *out;                     // [slots, OUT]
    float *content;               // [slots, CONTENT]
    const float *root_leaning, *shape_leaning, *chord_shares, *logarithms;
    const double *busy;
    const i32 *scales, *shape_masks;
    const u8 *drum_flags, *shapes_in;
    const float *field_tables, *context_tables, *content_table, *norms, *rates;
    const float *chosen_tables, *echo_tables;
    const i32 *context_at, *echo_at;
    float *x, *summary, *state, *logits, *blind_state, *blind_logits;
    Real *out_of, *normed, *joint, *mixed, *wide, *gated, *cache;
    i32 blind, width, layers, heads, kv_heads, hidden, cascade, window, slot_count;
};

constexpr int OUT = 8;  // the step, steps fed, bars closed, bars begun

}  // namespace lnh
