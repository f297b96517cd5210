// What is added to the logits of a field, and how hot it is drawn: inference/tokens/{leaning,busyness,lead}.py, which it is
// tested against.
#pragma once

#include "band.hpp"

namespace lnh {

// What leans on one field.
struct Leaning {
    float temperature;
    i32 leans;  // 0: nothing does
    i32 ends, level, from, strikes, follows_key, comes_again, drums, harmony, pitch_class;
    i32 keeps_groove;     // whether a drummer is asked what comes again
    i32 section;          // what brings back the bar that this one is like; NEW where nothing does
    i32 since;            // the bar before which a new section leans away from what was played; NOBODY for none
    float pedal;  // what leans on the bass drum
    i32 missing;  // what of the kit has not been struck, as flags
    i32 later[LATER];     // what brings back what comes so many bars later; NEW where nothing does
    i32 pages;            // players who have written this bar
    i32 did[COPIES + 1];  // how many of them did what they did so long ago, or something new
    u32 classes;          // a bit for each pitch class that the others have in this bar
    i32 fuller;           // whether the player's chords are leant on
    i32 near;             // the lowest note before; NOBODY where it does not matter
    Places kicks, strokes;
};

struct Lead {
    Band &band;
    State &s;
    const Tables &t;

    LNH_FN Lead(Band &band) : band(band), s(band.s), t(band.t) {}

    // Asked for after what is allowed.
    LNH_FN Leaning leaning(int field, const Step &chosen) {
        Leaning l = {};
        const int head = field == HEAD ? NONE : chosen.head();
        l.temperature = temperature(field, head);
        if (field == HEAD)
            lean_head(l);
        else if (field == VALUE && head < POSITION)
            lean_form(l, head);
        else if (head >= POSITION && s.player >= 0)
            lean_hit(l, field, chosen);
        return l;
    }

    LNH_FN float at(const Leaning &l, int field, int value) const {
        if (field == HEAD) return (l.ends ? ending(value) : gap(l, value)) + stroke(l, value);
        if (field == DURATION) return l.ends && value >= LNH_RINGING ? LNH_ENDING_LENGTH : 0.0f;
        if (field == SHAPE) return scaled(l, t.shape_leaning, 12 * SHAPES, l.pitch_class * SHAPES + value) + full(l, value);
        if (field != VALUE) return 0.0f;
        if (l.comes_again) return again(l, value) + section(l, value) + later(l, value) + page(l, value);
        if (l.drums) return value >= DRUM_SET ? drum(l, t.drum_flags[value - DRUM_SET]) : 0.0f;
        const int pitch = value - PITCH;
        return scaled(l, t.root_leaning, VALUES, value) + (above(l, pitch) + among(l, pitch) + smooth(l, pitch));
    }

    LNH_FN float temperature(int field, int head) const {
        const double own = s.settings[TEMPERATURE];
        if (field > VALUE && head < POSITION) return float(own);
        return float(own * s.settings[heat(field, head)]);
    }

  private:
    LNH_FN float setting(Setting which) const { return float(s.settings[which]); }
    LNH_FN bool leans(Setting which) const { return s.settings[which] != 0.0; }
    LNH_FN int role() const { return s.player < 0 ? 0 : s.h.role[s.player]; }
    LNH_FN bool is_low() const { return role() == BASSIST || role() == RHYTHM_PLAYER; }
    LNH_FN bool is_chordal() const { return role() == RHYTHM_PLAYER || role() == KEYS_PLAYER; }
    LNH_FN bool ends() const { return s.h.new_ending && s.in_bar && band.is_last_bar(); }

    LNH_FN Setting heat(int field, int head) const {
        if (field != HEAD && head < POSITION) return TOUCH_FORM;
        if (role() == DRUMMER) return TOUCH_DRUMS;
        if (field == HEAD) return TOUCH_RHYTHM;
        return is_low() ? TOUCH_LOW : TOUCH_HIGH;
    }

    // -- where the next stroke falls

    LNH_FN void lean_head(Leaning &l) const {
        const bool inside = band.is_inside();
        l.ends = ends();
        l.level = !l.ends && inside && s.h.has_density ? level() : 0;
        l.from = larger(0, s.position);
        if (inside && s.player >= 0) lean_stroke(l);
        l.leans = l.ends || l.level || l.strikes;
    }

    LNH_FN void lean_stroke(Leaning &l) const {
        const bool to_kicks = leans(TOUCH_KICK) && role() == BASSIST, to_strokes = leans(TOUCH_RIFF);
        if (!to_kicks && !to_strokes) return;
        const Band::Heard heard = band.listen();
        if (to_kicks && heard.drums) l.kicks = heard.drums->kicks;
        if (to_strokes && heard.first) l.strokes = heard.first->onsets;
        l.strikes = 1;
    }

    // Tenths that are missing, on a logarithmic scale; the bounds come from the reference.
    LNH_FN int level() const {
        const double missing = s.settings[TARGET] * s.blocks / s.onsets;
        int level = -LEVELS;
        for (int bound = 0; bound < 2 * LEVELS; bound++) level += missing > t.busy[bound];
        return level;
    }

    LNH_FN float gap(const Leaning &l, int value) const {
        if (!l.level) return 0.0f;
        const int place = (value < POSITION ? s.h.past_bar : value) - POSITION;
        return t.gaps[(l.level + LEVELS) * (POSITIONS + 1) + larger(0, place - l.from)];
    }

    LNH_FN static float ending(int value) { return value > POSITION ? -LNH_ENDING_STROKE : 0.0f; }

    LNH_FN float stroke(const Leaning &l, int value) const {
        if (!l.strikes || value - POSITION <= s.position) return 0.0f;  // once at each place
        const float kick = l.kicks.has(value - POSITION) ? setting(TOUCH_KICK) : 0.0f;
        return kick + (l.strokes.has(value - POSITION) ? setting(TOUCH_RIFF) : 0.0f);
    }

    // -- what comes again

    LNH_FN void lean_form(Leaning &l, int head) {
        l.comes_again = 1;
        l.keeps_groove = head >= TRACK && s.h.role[head - TRACK] == DRUMMER;
        l.section = NEW;
        l.since = NOBODY;
        if (leans(TOUCH_SECTION)) look_back(l, head);
        if (head >= TRACK && leans(TOUCH_PAGE) && s.bar_value == MIXED) look_around(l);
        if (leans(TOUCH_LATER)) look_ahead(l, head);
        l.leans = l.pages || leans(TOUCH_GROOVE) || leans(TOUCH_SECTION) || leans(TOUCH_LATER) || leans(TOUCH_AGAIN) ||
                  leans(TOUCH_ONE) || leans(TOUCH_TWO) || leans(TOUCH_FOUR) || leans(TOUCH_EIGHT) || leans(TOUCH_FAR);
    }

    // What those who have written this bar did with it.
    LNH_FN void look_around(Leaning &l) {
        band.close_block();
        for (int player = 0; player < s.h.players; player++) {
            if (!(s.placed >> player & 1)) continue;
            l.pages++;
            bool is_new = true;
            for (int value = COPY; value < RIFF; value++) {
                if (s.row[player] == REST || !band.reaches(value) || band.back(value)[player] != s.row[player]) continue;
                l.did[value - COPY]++;
                is_new = false;
            }
            l.did[COPIES] += is_new;
        }
    }

    // The bar that this one is like, and how this bar or player would bring it; or where a new section began.
    LNH_FN void look_back(Leaning &l, int head) const {
        const int player = head < TRACK ? 0 : head - TRACK;
        if (!s.h.has_plan || s.rows >= s.h.bars) return;
        const int cell = band.cells_at(s.rows)[player], bar = (cell <= SINCE ? SINCE : RECALL) - cell;
        if (cell > RECALL || bar > s.rows) return;
        if (cell <= SINCE) {
            if (!l.keeps_groove) l.since = bar;
        } else if (bar < s.rows) {
            const i16 *row = band.row_at(bar);
            if (head < TRACK)
                l.section = band.bar_value(row);
            else if (row[player] != REST)
                l.section = band.track_value(player, row[player]);
        }
    }

    LNH_FN float section(const Leaning &l, int value) const {
        if (!repeats(value)) return 0.0f;
        if (l.since == NOBODY) return l.section == value ? setting(TOUCH_SECTION) : 0.0f;
        const bool is_before = value >= RIFF || copy_distance(value) > s.rows - l.since;
        return is_before ? -setting(TOUCH_SECTION) : 0.0f;
    }

    // What is known to come later, and how this bar or player would bring it.
    LNH_FN void look_ahead(Leaning &l, int head) const {
        for (int which = 0; which < LATER; which++) {
            const i16 *row = band.coming(later_distance(which));
            l.later[which] = NEW;
            if (!row) continue;
            if (head < TRACK)
                l.later[which] = band.bar_value(row);
            else if (row[head - TRACK] != REST)
                l.later[which] = band.track_value(head - TRACK, row[head - TRACK]);
        }
    }

    // Added up one after another, as the reference does.
    LNH_FN float later(const Leaning &l, int value) const {
        float sum = 0.0f;
        for (int which = 0; which < LATER; which++)
            if (repeats(value) && l.later[which] == value) sum += setting(TOUCH_LATER);
        return sum;
    }

    LNH_FN float again(const Leaning &l, int value) const {
        if (value < COPY) return 0.0f;
        const int distance = value < RIFF ? copy_distance(value) : 0;
        float more = 0.0f;
        if (distance == 1) more = setting(TOUCH_ONE);
        if (distance == 2) more = setting(TOUCH_TWO);
        if (distance == 4) more = setting(TOUCH_FOUR);
        if (distance == 8) more = setting(TOUCH_EIGHT);
        if (distance >= LNH_FAR) more = setting(TOUCH_FAR);
        return setting(TOUCH_AGAIN) + more + (l.keeps_groove ? setting(TOUCH_GROOVE) : 0.0f);
    }

    // Added up one after another, as the reference does.
    LNH_FN float page(const Leaning &l, int value) const {
        if (!l.pages || (value != NEW && (value < COPY || value >= RIFF))) return 0.0f;
        float sum = 0.0f;
        for (int more = l.did[value == NEW ? COPIES : value - COPY]; more; more--)
            sum += float(s.settings[TOUCH_PAGE] / l.pages);
        return sum;
    }

    // -- notes

    // A drummer who comes after pitched players strikes the bass drum where the first of them does.
    LNH_FN void lean_pedal(Leaning &l, int position) const {
        const Riff *first = leans(TOUCH_KICK) ? band.listen().first : nullptr;
        const bool joins = first && first->onsets.has(position);
        l.pedal = float(s.settings[TOUCH_PEDAL] + (joins ? s.settings[TOUCH_KICK] : 0.0));
    }

    // Of the kit, struck neither in the player's last block nor in this one so far; a snare is not missed on the first beat.
    LNH_FN int missing(int position) const {
        const Riff *before = band.last_of(s.player);
        int struck = position < LNH_QUARTER ? BACKBEAT : 0;
        for (int at = 0; at < POSITIONS; at++) struck |= s.open.lowest[at] | (before ? before->lowest[at] : 0);
        return (KICK_DRUM | BACKBEAT | TIMEKEEPER) & ~struck;
    }

    LNH_FN float drum(const Leaning &l, int flags) const {
        const float pedal = flags & KICK_DRUM ? l.pedal : 0.0f;
        const int found = ones(u32(flags & l.missing));
        return found ? pedal + float(s.settings[TOUCH_KIT] * found) : pedal;
    }

    LNH_FN void lean_hit(Leaning &l, int field, const Step &chosen) const {
        if (role() == DRUMMER) {
            l.drums = 1;
            if (field != VALUE) return;
            lean_pedal(l, chosen.head() - POSITION);
            if (leans(TOUCH_KIT)) l.missing = missing(chosen.head() - POSITION);
            l.leans = l.pedal != 0.0f || l.missing;
            return;
        }
        l.ends = field == DURATION && ends();
        l.follows_key = s.h.mode && field <= SHAPE;
        if (field == SHAPE) l.pitch_class = (chosen.value() - PITCH) % 12;
        if (field == VALUE && (leans(TOUCH_UNISON) || leans(TOUCH_CHORD)))
            l.harmony = Band::harmony(band.listen().first, chosen.head() - POSITION);
        if (field == VALUE && leans(TOUCH_TONES)) l.classes = classes();
        l.near = field == VALUE && leans(TOUCH_SMOOTH) && !is_low() ? near(chosen.head() - POSITION) : NOBODY;
        l.fuller = field == SHAPE && leans(TOUCH_FULL) && is_chordal();
        l.leans = l.ends || l.follows_key || l.harmony >= 2 || l.classes || l.near != NOBODY || l.fuller;
    }

    // Of what the others have written of this bar.
    LNH_FN u32 classes() const {
        u32 found = 0;
        for (int player = 0; player < s.h.players; player++) {
            if (s.row[player] == REST || player == s.player) continue;
            const u16 *counts = band.riff(player, s.row[player]).counts + CLASSES;
            for (int pitch_class = 0; pitch_class < 12; pitch_class++)
                if (counts[pitch_class]) found |= 1u << pitch_class;
        }
        return found;
    }

    LNH_FN float among(const Leaning &l, int pitch) const {
        return pitch >= 0 && l.classes >> pitch % 12 & 1 ? setting(TOUCH_TONES) : 0.0f;
    }

    // The lowest note of the hit before, which may be in the player's last block.
    LNH_FN int near(int position) const {
        if (position == s.position) return NOBODY;
        const Riff *last = s.hits ? &s.open : band.last_of(s.player);
        return last ? last->lowest[last->onsets.until(POSITIONS - 1)] - 1 : NOBODY;
    }

    LNH_FN float smooth(const Leaning &l, int pitch) const {
        const int apart = pitch - l.near;
        if (l.near == NOBODY || pitch < 0 || pitch > 127 || !apart || apart < -2 || apart > 2) return 0.0f;
        return setting(TOUCH_SMOOTH);
    }

    LNH_FN float full(const Leaning &l, int shape) const {
        if (!l.fuller || !shape) return 0.0f;
        return float(s.settings[TOUCH_FULL] * (ones(u32(t.shape_masks[shape])) - 1));
    }

    // Of a table with `size` numbers for each mode.
    LNH_FN float scaled(const Leaning &l, const float *table, int size, int index) const {
        return l.follows_key ? setting(TOUCH_KEY) * table[(s.h.mode - 1) * size + index] : 0.0f;
    }

    // What a lowest note is above what the first pitched player plays there.
    LNH_FN float above(const Leaning &l, int pitch) const {
        if (l.harmony < 2) return 0.0f;
        const int interval = (pitch + 24 - (l.harmony - (l.harmony >= 14 ? 14 : 2))) % 12;
        return interval ? float(s.settings[TOUCH_CHORD] * t.chord_shares[interval]) : setting(TOUCH_UNISON);
    }
};

}  // namespace lnh
