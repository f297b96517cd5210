// Which steps may come next: inference/tokens/grammar.py, which it is tested against.
#pragma once

#include "band.hpp"

namespace lnh {

// The values of one field that may be drawn: a set below 64, and those of a range that fit.
struct Allowed {
    u64 low;
    i32 first, stop;
    i32 keeps_key;
    i32 room, pitch_class;  // of chord shapes; room 0 for other fields
};

struct Grammar {
    Band &band;
    State &s;
    const Tables &t;

    LNH_FN Grammar(Band &band) : band(band), s(band.s), t(band.t) {}

    LNH_FN Allowed allowed(int field, const Step &chosen) {
        Allowed a = {};
        if (field == HEAD) {
            follow();
            heads(a);
        } else if (field == VALUE) {
            values(a, chosen.head());
        } else {
            rest(a, field, chosen);
        }
        return a;
    }

    LNH_FN bool may(const Allowed &a, int value) const {
        if (value < 64 && (a.low >> value & 1)) return true;
        return a.first <= value && value < a.stop && fits(a, value);
    }
    // Whether a value of the range is allowed.
    LNH_FN bool fits(const Allowed &a, int value) const {
        if (!a.room) return !a.keeps_key || in_key(value);
        if (highest_one(u32(t.shape_masks[value])) >= a.room) return false;
        return !a.keeps_key || t.shapes_in[((s.h.mode - 1) * 12 + a.pitch_class) * SHAPES + value];
    }

    // The next step that must come whatever the network thinks; false if it is to be drawn.
    LNH_FN bool force(Step &step) {
        if (s.opened < s.h.openings) {
            step = step_at(s.opening + s.opened * FIELDS);
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
    LNH_FN bool in_key(int value) const { return t.scales[s.h.mode - 1] >> (value - PITCH) % 12 & 1; }
    LNH_FN bool strict() const { return s.h.strict && s.h.mode; }

    LNH_FN bool give(Step &step) {
        if (!s.giving) return false;
        for (; s.giving_player < s.h.players; s.giving_player++, s.giving_hit = -1) {
            const int number = cell(s.giving_player);
            if (number < 0) continue;
            const Riff &riff = band.riff(s.giving_player, number);
            if (s.giving_hit < 0) {
                // Nothing but the bar's own row changes meanwhile, so that this is what it was at the bar line.
                const int value = band.track_value(s.giving_player, number);
                step = Step{{TRACK + s.giving_player, value, NONE, NONE, NONE}};
                s.giving_hit = value == NEW ? 0 : riff.hits;
                return true;
            }
            if (s.giving_hit == riff.hits) continue;
            step = step_at(s.given + riff.given + s.giving_hit * FIELDS);
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
        if (code <= RECALL) return FREE;
        return code <= TIED ? band.row_at(TIED - code)[player] : code;
    }
    LNH_FN bool any(int code) const {
        for (int player = 0; player < s.h.players; player++)
            if (cell(player) == code) return true;
        return false;
    }
    LNH_FN bool is_row() const { return s.h.has_plan && !any(FREE) && !any(FRESH); }
    LNH_FN bool all_free() const {
        for (int player = 0; player < s.h.players; player++)
            if (cell(player) != FREE) return false;
        return true;
    }

    // Catches up with the bars that were closed since the last step.
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
                s.onsets += band.riff(player, row[player]).onsets.count();
                s.blocks += 1;
            }
        }
    }

    LNH_FN bool ends_anew() const { return s.h.new_ending && band.is_last_bar(); }
    LNH_FN bool must_play(int player) const {
        const int code = cell(player);
        return code == FRESH || (code == FREE && s.rests[player] >= s.h.max_rest[player]);
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

    // Players who may come next: in order (any order if the header says so), none skipped who must play.
    LNH_FN void next_tracks(Allowed &a, bool may_end) const {
        bool found = false, must = false;
        for (int player = s.h.free_order || s.player < 0 ? 0 : s.player + 1; player < s.h.players; player++) {
            if (s.placed >> player & 1 || cell(player) == REST) continue;
            a.low |= 1ull << (TRACK + player);
            found = true;
            if (must_play(player) && !s.h.free_order) return;
        }
        for (int player = 0; player < s.h.players; player++) must |= must_play(player) && !(s.placed >> player & 1);
        if ((may_end && !must) || !found) a.low |= 1ull << after_bar();
    }

    LNH_FN bool room_above() const {
        if (s.player < 0) return false;
        const int start = s.last.value() + 1, stop = s.h.high[s.player];
        if (!strict() || stop > DRUM_SET) return start < stop;
        for (int value = start; value < stop; value++)
            if (in_key(value)) return true;
        return false;
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
        }
    }

    LNH_FN u64 track_values(int player) const {
        u64 values = 1ull << NEW;
        if (s.bar_value != MIXED || cell(player) == FRESH || ends_anew()) return values;
        for (int value = COPY; value < RIFF; value++)
            if (band.reaches(value) && band.back(value)[player] != REST) values |= 1ull << value;
        return values | ((1ull << s.riffs[player].count) - 1) << RIFF;
    }

    LNH_FN u64 bar_values() {
        // The bar before is still open while this one is asked for.
        band.finish_bar();
        follow();
        if (is_row()) return 1ull << known_bar_value();
        const bool is_last = ends_anew();
        u64 values = 1ull << NEW;
        if (given_repeats())
            values = 1ull << MIXED;
        else if (s.rows && any(FREE) && !is_last)
            values |= 1ull << MIXED;
        if (is_last || s.repeated >= s.h.max_repeats || any(FRESH)) return values;
        for (int value = COPY; value < RIFF; value++)
            if (band.reaches(value) && may_repeat(band.back(value))) values |= 1ull << value;
        for (int rank = 0; rank < s.bars.count; rank++)
            if (may_repeat(band.row_source(RIFF + rank))) values |= 1ull << (RIFF + rank);
        return values;
    }

    LNH_FN int known_bar_value() const {
        i16 row[PLAYERS];
        for (int player = 0; player < s.h.players; player++) row[player] = i16(cell(player));
        return band.bar_value(row);
    }

    LNH_FN bool given_repeats() const {
        for (int player = 0; player < s.h.players; player++) {
            const int code = cell(player);
            if (code >= 0 && repeats(band.track_value(player, code))) return true;
        }
        return false;
    }

    // A row may come back that agrees with what is given, rests nobody who must play and not everybody.
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

    LNH_FN void rest(Allowed &a, int field, const Step &chosen) const {
        const int value = chosen.value();
        const bool is_drum = value >= DRUM_SET;
        if (chosen.head() < POSITION || (is_drum && field != VELOCITY)) {
            a.low = 1ull << NONE;
            return;
        }
        a.first = 1;
        a.stop = size_of(field);
        if (field != SHAPE) return;
        a.room = s.h.high[larger(s.player, 0)] - value;
        a.pitch_class = (value - PITCH) % 12;
        a.keeps_key = strict();
    }
};

}  // namespace lnh
