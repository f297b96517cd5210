// The band code and what is known of a song while it is written. Sizes come from constants.py, what is told of a song from
// song.py, tables from tables.py.
#pragma once

#include "noise.hpp"

namespace lnh {

constexpr int FIELDS = 5, HEAD = 0, VALUE = 1, SHAPE = 2, DURATION = 3, VELOCITY = 4;
constexpr int NONE = 0, END = 1, BAR = 2, TRACK = 3, NEW = 1, MIXED = 2, COPY = 3;
constexpr int PLAYERS = LNH_PLAYERS, POSITION = TRACK + PLAYERS, POSITIONS = LNH_POSITIONS;
constexpr int COPIES = LNH_COPIES, RIFFS = LNH_RIFFS, RIFF = COPY + COPIES, PITCH = RIFF + RIFFS;
constexpr int DRUM_SET = PITCH + 128, VALUES = LNH_VALUES, SHAPES = LNH_SHAPES, DURATIONS = LNH_DURATIONS;
constexpr int HEADS = POSITION + POSITIONS, VELOCITIES = LNH_VELOCITIES;
constexpr int BARS = LNH_BARS, CONTEXTS = LNH_CONTEXTS, STROKES = LNH_STROKES, ECHOES = LNH_ECHOES;
constexpr int LATER = LNH_LATER;
constexpr int MAX_HITS_AT_ONCE = LNH_MAX_HITS_AT_ONCE, LEVELS = LNH_LEVELS;
constexpr int DRUMMER = LNH_DRUMMER, BASSIST = LNH_BASSIST, RHYTHM_PLAYER = LNH_RHYTHM_PLAYER,  // roles
              KEYS_PLAYER = LNH_KEYS_PLAYER;
constexpr int WORDS = POSITIONS / 32;
static_assert(POSITIONS % 32 == 0, "a set of positions is whole words");
static_assert(PITCH <= 64, "what is no note fits into a set of 64");

// Where the numbers about a block begin that the network is shown when it is repeated: onsets, shares of pitch classes,
// kicks and snares by sixteenth of the bar, lowest pitch, number of hits.
constexpr int CELLS = 16, CELL = POSITIONS / CELLS;
constexpr int CLASSES = CELLS, KICKS = CLASSES + 12, SNARES = KICKS + CELLS, COUNTS = SNARES + CELLS;
constexpr int LOWEST = COUNTS, CONTENT = LOWEST + 2;
static_assert(CONTENT == LNH_CONTENT, "the network is shown as many numbers");

// Nobody has the word; a player rests. Other cells of a plan: FREE, FRESH, the number of what is given, TIED less the bar
// that they are tied to, RECALL less the bar that they lean on, or
// SINCE less the bar before which what was played is leant away from.
constexpr int NOBODY = -1, EVERYBODY = PLAYERS;
constexpr int REST = -1, FREE = -2, FRESH = -3, TIED = -10, RECALL = -1000, SINCE = -2000;
static_assert(TIED - BARS > RECALL && RECALL - BARS > SINCE, "cells are told apart");

LNH_FN int size_of(int field) {
    const int sizes[FIELDS] = {HEADS, VALUES, SHAPES, DURATIONS, VELOCITIES};
    return sizes[field];
}
LNH_FN bool repeats(int value) { return COPY <= value && value < PITCH; }
LNH_FN int copy_distance(int value) {
    const int distances[COPIES] = {LNH_COPY_DISTANCES};
    return distances[value - COPY];
}
LNH_FN int later_distance(int which) {
    const int distances[LATER] = {LNH_LATER_DISTANCES};
    return distances[which];
}

struct Step {
    i32 at[FIELDS];
    LNH_FN int head() const { return at[HEAD]; }
    LNH_FN int value() const { return at[VALUE]; }
    LNH_FN bool is_hit() const { return at[HEAD] >= POSITION; }
    LNH_FN bool is_track() const { return TRACK <= at[HEAD] && at[HEAD] < POSITION; }
    LNH_FN int position() const { return at[HEAD] - POSITION; }
};

LNH_FN Step step_at(const i32 *from) { return Step{{from[0], from[1], from[2], from[3], from[4]}}; }

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
        const int from = position + 1;
        for (int word = from / 32; word < WORDS; word++) {
            const int before = word == from / 32 ? from % 32 : 0;
            const u32 rest = words[word] >> before << before;
            if (rest) return word * 32 + lowest_one(rest);
        }
        return -1;
    }
    // The last at or before `position`, -1 without one.
    LNH_FN int until(int position) const {
        for (int word = position / 32; word >= 0; word--) {
            const int beyond = word == position / 32 ? 31 - position % 32 : 0;
            const u32 rest = words[word] << beyond >> beyond;
            if (rest) return word * 32 + highest_one(rest);
        }
        return -1;
    }
};

// What a set of drums has, as flags: bass drum, snare, whatever stands for a snare, whatever keeps time; 4 is anything.
constexpr int KICK_DRUM = 1, SNARE_DRUM = 2, BACKBEAT = 8, TIMEKEEPER = 16;

// What one player plays in one bar, as far as others hear it. `lowest` is one plus the lowest pitch at a position, or what
// the drums strike there, as flags. `mark` stands for the hits: equal blocks have equal marks. `given`
// is where its hits lie among those that are given, if they must come again.
struct Riff {
    u64 mark;
    Places onsets, kicks;
    i32 hits, is_drum, given, tones, bottom;
    u16 counts[COUNTS];
    u8 lowest[POSITIONS];
};

// What was played lately, the latest first.
struct Recent {
    i32 count;
    i16 items[RIFFS];
};

// All of a song that is fixed when it joins; 32-bit integers, in the order of song.py. Without a key, `mode` is 0.
struct Header {
    i32 players, bars, ahead, closes, free_order, mode, strict, past_bar;
    i32 max_repeats, new_ending, has_density, has_plan, openings, keep_at;
    i32 role[PLAYERS], program[PLAYERS], low[PLAYERS], high[PLAYERS], max_rest[PLAYERS];
};

// How a song is drawn and led: TEMPERATURE, TOP_P, GUIDANCE, the onsets aimed at, and what inference/music/touch.py says.
enum Setting { LNH_SETTINGS, SETTINGS };

struct State {
    Header h;
    double settings[SETTINGS];
    double onsets, blocks;  // of the busyness
    const i32 *opening;     // steps known at the start
    i32 *given;             // where each given block begins, their hits, and room for those of fresh blocks
    Step last;
    i32 rows, begun, player, position, gap, hits, together, in_bar, placed, bar_value;
    i32 content_of;  // whose content the last step shows
    i32 row[PLAYERS], block_count[PLAYERS], rests[PLAYERS];
    i32 repeated, followed, opened, giving, giving_player, giving_hit, keep_at;
    Recent bars, riffs[PLAYERS];
    Riff open;
};

// What a song writes to.
struct Paper {
    Riff *riffs;        // [PLAYERS, BARS], the distinct ones of each player
    u64 *marks;         // [PLAYERS, BARS], of these
    i16 *rows, *cells;  // [BARS, PLAYERS]
};

// What holds for every song, in the order of tables.py.
struct Tables {
    const float *root_leaning, *shape_leaning;  // [modes, VALUES]; [modes, 12, SHAPES]
    const float *gaps;                          // [2 * LEVELS + 1, POSITIONS + 1]: by level and length of a gap
    const double *chord_shares, *logarithms;    // [12], by interval; [hits]
    const double *busy;                         // [2 * LEVELS], between levels
    const i32 *scales, *shape_masks;            // [modes] and [SHAPES], sets of semitones
    const u8 *drum_flags, *shapes_in;           // [drum sets], as `lowest` of a riff; [modes, 12, SHAPES]
};

}  // namespace lnh
