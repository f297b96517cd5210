// The band code as inference/engine/native/band.py hands it over: its sizes and tables, and what one song is to be.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

namespace lnh {

constexpr int FIELDS = 5, HEAD = 0, VALUE = 1, SHAPE = 2, DURATION = 3, VELOCITY = 4;
constexpr int NONE = 0, END = 1, BAR = 2, TRACK = 3, NEW = 1, MIXED = 2, COPY = 3;
constexpr int CONTEXTS = 10, ECHOES = 6, CONTENTS = 62;
constexpr int NOBODY = -1, REST = -1, OPEN_FREE = -2, OPEN_FRESH = -3, TIED = -10;

// In the order of band.py.
struct Code {
    std::int32_t field_sizes[FIELDS];
    std::int32_t players, positions, copies, riffs, cell, hits_at_once, bar_cycle, bars_left, levels, kick, snare;
    double level, prior_blocks;
    const std::int32_t *distances, *shapes, *drums;   // [copies]; bit masks, of intervals [shapes] and of lanes [drum sets]
    const std::uint8_t *scales, *shapes_in;           // [modes, 12]; [modes, 12, shapes]
    const float *roots, *shape_leanings;              // [modes, values]; [modes, 12, shapes]
    const float *ending_heads, *ending_durations;     // [heads]; [durations]
    const float *gaps;                                // [2 * levels + 1, positions + 1]: by level and length of the gap

    int position() const { return TRACK + players; }
    int riff() const { return COPY + copies; }
    int pitch() const { return riff() + riffs; }
    int drum_set() const { return pitch() + 128; }
    int values() const { return field_sizes[VALUE]; }
    bool repeats(int value) const { return COPY <= value && value < pitch(); }
};

// Who a touch speaks of.
enum Part { DRUMMER, BASSIST, CHORDS, OTHER, NO_PART };

struct Player {
    std::int32_t role, program, is_drum, part, lowest, after_highest;
};

// How players are led; temperatures multiply that of the song.
struct Touch {
    double drums, rhythm, form, low, high, page;
    float kick, riff, key;
    std::int32_t has_chords;
    float chords[12];            // by semitones above what the first pitched player has
    const float *again, *pedal;  // [values], or null
};

// A cell of the plan is a block's number, REST, OPEN_FREE, OPEN_FRESH, or TIED less the bar it is tied to.
struct Facts {
    std::int32_t players, bars, ahead, closes, free_order, past_bar, mode, strict, has_density;
    std::int32_t max_rest, max_repeats, new_ending, has_plan, blocks, forced;
    double target, temperature;
    const Player *roster;
    const std::int32_t *cells, *sizes, *hits, *steps;  // [bars, players]; [blocks]; [their sum, FIELDS]; [forced, FIELDS]
    Touch touch;
};

struct Step {
    std::int32_t at[FIELDS] = {};

    int head() const { return at[HEAD]; }
    int value() const { return at[VALUE]; }
    bool operator==(const Step &other) const { return std::memcmp(at, other.at, sizeof at) == 0; }
};

static inline Step step_at(const std::int32_t *from) {
    Step step;
    std::memcpy(step.at, from, sizeof step.at);
    return step;
}

}  // namespace lnh
