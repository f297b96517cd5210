// Which values a field may have, and what it leans to: inference/tokens/grammar.py for one thread of a card.
#pragma once

#include "band.hpp"

namespace lnh {

// The values of one field that may be drawn: a set below 64 and a range above, or chord shapes.
struct Allowed {
    u64 low;
    i32 first, stop;
    i32 room, pitch_class;  // of chord shapes; room 0 for other fields
    i32 keeps_key;
    // What leans on the field.
    i32 ends, level, from, follows_key, comes_again, harmony;
    i32 pages;             // players who have written this bar
    i32 did[COPIES + 1];   // how many of them did what they did so long ago, or something new
    Places kicks, strokes;
    float temperature;
};

struct Grammar {
    Band &band;
    Slot &s;
    const Place &p;

    LNH_FN Grammar(Band &band) : band(band), s(band.s), p(band.p) {}

    LNH_FN Allowed allowed(int field) {
        Allowed a = {};
        if (field == HEAD) {
            follow();
            heads(a);
        } else if (field == VALUE) {
            values(a, s.chosen.head());
        } else {
            rest(a, field);
        }
        lean(a, field);
        return a;
    }

    LNH_FN bool may(const Allowed &a, int value) const {
        if (a.room) {
            if (value == NONE) return false;
            const int top = 31 - leading_zeros(u32(p.shape_masks[value]));
            return top < larger(a.room, 1) && (!a.keeps_key || in_key(value, a.pitch_class));
        }
        if (value < 64 && (a.low >> value & 1)) return true;
        if (value < a.first || value >= a.stop) return false;
        return !a.keeps_key || p.scales[s.h.mode - 1] >> (value - PITCH) % 12 & 1;
    }

    LNH_FN float leaning(const Allowed &a, int field, int value) const {
        if (field == HEAD) return a.ends ? (value > POSITION ? -LNH_ENDING_STROKE : 0.0f) : gap(a, value) + stroke(a, value);
        if (field == DURATION) return a.ends && value >= LNH_RINGING ? LNH_ENDING_LENGTH : 0.0f;
        if (field == VALUE && value < PITCH) return a.comes_again ? again(value) + page(a, value) : 0.0f;
        if (field == VALUE && value >= DRUM_SET) return p.drum_flags[value - DRUM_SET] & 1 ? setting(TOUCH_PEDAL) : 0.0f;
        if (field == VALUE) return scaled(a, p.root_leaning + (s.h.mode - 1) * VALUES + value) + above(a, value - PITCH);
        return scaled(a, p.shape_leaning + ((s.h.mode - 1) * 12 + a.pitch_class) * SHAPES + value);
    }

    // The next step that must come whatever the network thinks; false if it is to be drawn.
    LNH_FN bool force(Step &step) {
        if (s.opened < s.h.openings) {
            for (int field = 0; field < FIELDS; field++) step.at[field] = s.opening[s.opened * FIELDS + field];
            s.opened++;
            // As if these were the whole queue: the blocks of a bar follow its last one.
            if (s.opened == s.h.openings) s.giving = 0;
            return true;
        }
        return give(step);
    }

    // After a BAR step whose bar does not repeat, its given blocks come.
    LNH_FN void begin_giving() {
        if (s.opened < s.h.openings || s.giving) return;
        if (!s.h.has_plan || s.last.head() != BAR || repeats(s.last.value())) return;
        s.giving = 1;
        s.giving_player = 0;
        s.giving_hit = -1;
    }

  private:
    LNH_FN static int leading_zeros(u32 bits) {
#ifdef __CUDACC__
        return __clz(int(bits));
#else
        return __builtin_clz(bits);
#endif
    }
    LNH_FN bool in_key(int shape, int pitch_class) const {
        return p.shapes_in[((s.h.mode - 1) * 12 + pitch_class) * SHAPES + shape];
    }
    LNH_FN bool strict() const { return s.h.strict && s.h.mode; }

    LNH_FN bool give(Step &step) {
        if (!s.giving) return false;
        for (; s.giving_player < s.h.players; s.giving_player++, s.giving_hit = -1) {
            const int number = cell(s.giving_player);
            if (number < 0) continue;
            const Block &block = band.block(s.giving_player, number);
            if (s.giving_hit < 0) {
                // Nothing but the bar's own row changes meanwhile, so that this is what it was at the bar line.
                const int value = band.track_value(s.giving_player, number);
                step = Step{{TRACK + s.giving_player, value, NONE, NONE, NONE}};
                s.giving_hit = value == NEW ? 0 : block.hits;
                return true;
            }
            if (s.giving_hit == block.hits) continue;
            const i32 *hit = s.given + block.given + s.giving_hit * FIELDS;
            for (int field = 0; field < FIELDS; field++) step.at[field] = hit[field];
            s.giving_hit++;
            return true;
        }
        s.giving = 0;
        return false;
    }

    // -- what is known of the bar being written, between bars of the next

    LNH_FN int cell(int player) const {
        if (!s.h.has_plan) return FREE;
        const int code = band.cells_at(s.rows)[player];
        return code <= TIED ? band.row_at(TIED - code)[player] : code;
    }
    LNH_FN bool is_open(int code) const { return code == FREE || code == FRESH; }
    LNH_FN bool is_row() const {
        for (int player = 0; player < s.h.players; player++)
            if (is_open(cell(player))) return false;
        return true;
    }
    LNH_FN bool all_free() const {
        for (int player = 0; player < s.h.players; player++)
            if (cell(player) != FREE) return false;
        return true;
    }
    LNH_FN bool any(int code) const {
        for (int player = 0; player < s.h.players; player++)
            if (cell(player) == code) return true;
        return false;
    }

    LNH_FN void follow() {
        for (; s.followed < s.rows; s.followed++) {
            const i16 *row = band.row_at(s.followed);
            for (int player = 0; player < s.h.players; player++) {
                if (s.followed == s.h.ahead) s.rests[player] = 0;
                if (row[player] == REST) {
                    s.rests[player]++;
                    continue;
                }
                s.rests[player] = 0;
                s.onsets += band.block(player, row[player]).onsets.count();
                s.blocks += 1;
            }
        }
    }

    LNH_FN bool is_last_bar() const { return s.h.closes && !s.h.ahead && s.rows + 1 == s.h.bars; }
    LNH_FN bool must_play(int player) const {
        const int code = cell(player);
        return code == FRESH || (code == FREE && s.rests[player] >= s.h.max_rest);
    }
    LNH_FN int after_bar() const { return s.rows + 1 < s.h.bars ? BAR : END; }

    // -- heads

    LNH_FN void heads(Allowed &a) {
        if (!s.in_bar) {
            a.low = 1ull << BAR;
        } else if (s.last.head() == BAR) {
            const bool again = repeats(s.last.value());
            s.repeated = again && !is_row() ? s.repeated + 1 : 0;
            if (again)
                a.low = 1ull << after_bar();
            else
                next_tracks(a, !all_free());
        } else if (s.last.is_track() && !repeats(s.last.value())) {
            a.first = POSITION;
            a.stop = s.h.past_bar;
        } else {
            next_tracks(a, true);
            if (!s.last.is_hit() || (s.player >= 0 && cell(s.player) >= 0)) return;
            a.first = s.together < MAX_HITS_AT_ONCE && room_above() ? s.last.head() : s.last.head() + 1;
            a.stop = s.h.past_bar;
        }
    }

    LNH_FN void next_tracks(Allowed &a, bool may_end) {
        bool found = false;
        for (int player = s.h.free_order || s.player < 0 ? 0 : s.player + 1; player < s.h.players; player++) {
            if (s.placed >> player & 1 || cell(player) == REST) continue;
            a.low |= 1ull << (TRACK + player);
            found = true;
            if (must_play(player) && !s.h.free_order) return;
        }
        bool must = false;
        for (int player = 0; player < s.h.players; player++) must |= must_play(player) && !(s.placed >> player & 1);
        if ((may_end && !must) || !found) a.low |= 1ull << after_bar();
    }

    LNH_FN bool room_above() const {
        if (s.player < 0) return false;
        const int start = s.last.value() + 1;
        if (strict() && start <= DRUM_SET) {
            for (int value = start; value < s.h.high[s.player]; value++)
                if (p.scales[s.h.mode - 1] >> (value - PITCH) % 12 & 1) return true;
            return false;
        }
        return start < (s.last.value() >= DRUM_SET ? VALUES : DRUM_SET);
    }

    // -- values

    LNH_FN void values(Allowed &a, int head) {
        if (head == END) {
            a.low = 1ull << NONE;
        } else if (head == BAR) {
            a.low = bar_values();
        } else if (head < POSITION) {
            a.low = track_values(head - TRACK);
        } else {
            const int player = larger(s.player, 0);
            a.first = s.h.low[player];
            a.stop = s.h.high[player];
            if (s.last.is_hit() && s.last.head() == head) a.first = larger(a.first, s.last.value() + 1);
            a.keeps_key = strict() && a.stop <= DRUM_SET;
            if (!a.keeps_key) a.stop = larger(a.first + 1, a.stop);
        }
    }

    LNH_FN u64 track_values(int player) const {
        const bool is_last = s.h.new_ending && is_last_bar();
        u64 values = 1ull << NEW;
        if (s.bar_value != MIXED || cell(player) == FRESH || is_last) return values;
        for (int value = COPY; value < RIFF; value++)
            if (copy_distance(value) <= band.reach() && band.row_at(s.rows - copy_distance(value))[player] != REST)
                values |= 1ull << value;
        return values | ((1ull << s.riffs[player].count) - 1) << RIFF;
    }

    LNH_FN u64 bar_values() {
        band.finish_bar();
        follow();
        if (is_row()) return 1ull << given_bar_value();
        const bool is_last = s.h.new_ending && is_last_bar();
        u64 values = 1ull << NEW;
        if (given_repeats())
            values = 1ull << MIXED;
        else if (s.rows && any(FREE) && !is_last)
            values |= 1ull << MIXED;
        if (is_last || s.repeated >= s.h.max_repeats || any(FRESH)) return values;
        for (int value = COPY; value < RIFF; value++)
            if (copy_distance(value) <= band.reach() && may_repeat(band.row_source(value))) values |= 1ull << value;
        for (int rank = 0; rank < s.bars.count; rank++)
            if (may_repeat(band.row_source(RIFF + rank))) values |= 1ull << (RIFF + rank);
        return values;
    }

    LNH_FN bool given_repeats() const {
        for (int player = 0; player < s.h.players; player++) {
            const int code = cell(player);
            if (code >= 0 && repeats(band.track_value(player, code))) return true;
        }
        return false;
    }

    // The canonical value of a bar that is known altogether.
    LNH_FN int given_bar_value() const {
        i16 row[PLAYERS];
        for (int player = 0; player < PLAYERS; player++) row[player] = i16(player < s.h.players ? cell(player) : REST);
        for (int value = COPY; value < RIFF; value++)
            if (copy_distance(value) <= band.reach() && band.same(band.row_source(value), row)) return value;
        const int rank = band.row_rank(row);
        if (rank >= 0) return RIFF + rank;
        return given_repeats() ? MIXED : NEW;
    }

    LNH_FN bool may_repeat(const i16 *row) const {
        bool sounds = false;
        for (int player = 0; player < s.h.players; player++) {
            const int code = cell(player);
            sounds |= row[player] != REST;
            if (code == FREE ? row[player] == REST && must_play(player) : code != row[player]) return false;
        }
        return sounds;
    }

    // -- the fields of a hit

    LNH_FN void rest(Allowed &a, int field) const {
        const int value = s.chosen.value();
        const bool is_drum = value >= DRUM_SET;
        if (s.chosen.head() < POSITION || (is_drum && field != VELOCITY)) {
            a.low = 1ull << NONE;
        } else if (field == SHAPE) {
            // As the reference has it: a range of values, less a pitch.
            a.room = larger(1, s.h.high[larger(s.player, 0)] - (value - PITCH));
            a.pitch_class = (value - PITCH) % 12;
            a.keeps_key = strict();
        } else {
            a.first = 1;
            a.stop = size_of(field);
        }
    }

    // -- leanings

    LNH_FN float setting(Setting which) const { return float(s.settings[which]); }

    LNH_FN void lean(Allowed &a, int field) {
        const bool ends = s.h.new_ending && s.in_bar && is_last_bar();
        const int head = s.chosen.head(), role = s.player < 0 ? 0 : s.h.role[s.player];
        a.temperature = float(s.settings[TEMPERATURE] * s.settings[heat(field, head, role)]);
        if (field == HEAD) {
            a.ends = ends;
            if (!ends && (s.last.is_hit() || (s.last.is_track() && s.in_bar && !repeats(s.last.value())))) lean_stroke(a, role);
            return;
        }
        a.comes_again = field == VALUE && head < POSITION;
        if (a.comes_again && head >= TRACK && s.settings[TOUCH_PAGE] != 0.0 && s.bar_value == MIXED) look_around(a);
        if (s.player < 0 || head < POSITION || role == DRUMMER) return;
        if (field == DURATION) a.ends = ends;
        a.follows_key = s.h.mode && field <= SHAPE;
        if (field == SHAPE) a.pitch_class = (s.chosen.value() - PITCH) % 12;
        if (field == VALUE && (s.settings[TOUCH_UNISON] != 0.0 || s.settings[TOUCH_CHORD] != 0.0))
            a.harmony = Band::harmony(band.listen().first, head - POSITION);
    }

    // What those who have written this bar did with it.
    LNH_FN void look_around(Allowed &a) {
        band.close_block();
        for (int player = 0; player < s.h.players; player++) {
            if (!(s.placed >> player & 1)) continue;
            a.pages++;
            bool is_new = true;
            for (int copy = 0; copy < COPIES; copy++) {
                const int distance = copy_distance(COPY + copy);
                if (distance > band.reach() || band.row_at(s.rows - distance)[player] != s.row[player]) continue;
                if (s.row[player] == REST) continue;
                a.did[copy]++;
                is_new = false;
            }
            if (is_new) a.did[COPIES]++;
        }
    }

    LNH_FN Setting heat(int field, int head, int role) const {
        if (field == HEAD) return role == DRUMMER ? TOUCH_DRUMS : TOUCH_RHYTHM;
        if (head < POSITION) return TOUCH_FORM;
        if (role == DRUMMER) return TOUCH_DRUMS;
        return role == BASSIST || role == RHYTHM_PLAYER ? TOUCH_LOW : TOUCH_HIGH;
    }

    LNH_FN void lean_stroke(Allowed &a, int role) {
        if (s.h.has_density) a.level = level();
        a.from = larger(0, s.position);
        if (s.player < 0) return;
        const Band::Heard heard = band.listen();
        if (s.settings[TOUCH_KICK] != 0.0 && role == BASSIST && heard.drums) a.kicks = heard.drums->kicks;
        if (s.settings[TOUCH_RIFF] != 0.0 && role != DRUMMER && heard.first) a.strokes = heard.first->onsets;
    }

    // Tenths that are missing, on a logarithmic scale; the bounds come from the reference.
    LNH_FN int level() const {
        const double missing = s.settings[TARGET] * s.blocks / s.onsets;
        int level = -LEVELS;
        for (int bound = 0; bound < 2 * LEVELS; bound++) level += missing > p.busy[bound];
        return level;
    }

    LNH_FN float gap(const Allowed &a, int value) const {
        if (!a.level) return 0.0f;
        const float place = value < POSITION ? float(s.h.past_bar - POSITION) : float(value - POSITION);
        return float(-LNH_BUSY_STEP * a.level) * (fmaxf(0.0f, place - float(a.from)) / LNH_BUSY_QUARTER);
    }

    LNH_FN float stroke(const Allowed &a, int value) const {
        if (value < POSITION) return 0.0f;
        const float kick = a.kicks.has(value - POSITION) ? setting(TOUCH_KICK) : 0.0f;
        return kick + (a.strokes.has(value - POSITION) ? setting(TOUCH_RIFF) : 0.0f);
    }

    LNH_FN float again(int value) const {
        if (value < COPY) return 0.0f;
        const int distance = value < RIFF ? copy_distance(value) : 0;
        return setting(TOUCH_AGAIN) + (distance == 4 ? setting(TOUCH_FOUR) : distance == 8 ? setting(TOUCH_EIGHT) : 0.0f);
    }

    // Added up one after another, as the reference does.
    LNH_FN float page(const Allowed &a, int value) const {
        if (!a.pages || (value != NEW && (value < COPY || value >= RIFF))) return 0.0f;
        float sum = 0.0f;
        for (int more = a.did[value == NEW ? COPIES : value - COPY]; more; more--)
            sum += float(s.settings[TOUCH_PAGE] / a.pages);
        return sum;
    }

    LNH_FN float scaled(const Allowed &a, const float *leaning) const {
        return a.follows_key ? setting(TOUCH_KEY) * *leaning : 0.0f;
    }

    // What a lowest note is above what the first pitched player plays there.
    LNH_FN float above(const Allowed &a, int pitch) const {
        if (a.harmony < 2) return 0.0f;
        const int interval = (pitch + 24 - (a.harmony - (a.harmony >= 14 ? 14 : 2))) % 12;
        return interval ? setting(TOUCH_CHORD) * p.chord_shares[interval] : setting(TOUCH_UNISON);
    }
};

}  // namespace lnh
