// The state of a song while its steps are written: inference/tokens/state.py, which it is tested against.
#pragma once

#include "parts.hpp"

namespace lnh {

LNH_FN void use(Recent &recent, int item, int found) {
    int from = found >= 0 ? found : smaller(recent.count, RIFFS - 1);
    if (found < 0 && recent.count < RIFFS) recent.count++;
    for (; from > 0; from--) recent.items[from] = recent.items[from - 1];
    recent.items[0] = i16(item);
}

// A song, what it writes to, and the tables.
struct Band {
    State &s;
    const Paper paper;
    const Tables &t;

    LNH_FN Riff *riffs(int player) const { return paper.riffs + player * BARS; }
    LNH_FN u64 *marks(int player) const { return paper.marks + player * BARS; }
    LNH_FN const Riff &riff(int player, int number) const { return riffs(player)[number]; }
    LNH_FN i16 *row_at(int bar) const { return paper.rows + bar * PLAYERS; }
    LNH_FN i16 *cells_at(int bar) const { return paper.cells + bar * PLAYERS; }

    // -- writing

    // Of a state that holds what is told of the song, and nothing else but zeros.
    LNH_FN void begin() {
        s.onsets = LNH_PRIOR_BLOCKS * s.settings[TARGET];
        s.blocks = LNH_PRIOR_BLOCKS;
        s.keep_at = s.h.keep_at;
        s.player = s.position = -1;
        s.content_of = NOBODY;
        for (i32 &number : s.row) number = REST;
        clear_open();
        if (s.h.has_plan) know_given();
    }

    LNH_FN void push(const Step &step) {
        s.content_of = NOBODY;
        if (step.is_hit()) {
            if (s.hits && step.position() > s.position) s.gap = step.position() - s.position;
            s.together = s.hits && step.position() == s.position ? s.together + 1 : 1;
            if (is_kept()) keep(step);
            add_hit(step);
            s.hits++;
            s.position = step.position();
        } else if (step.is_track()) {
            close_block();
            open_block(step);
        } else {
            finish_bar();
            if (step.head() == BAR) open_bar(step);
        }
        s.last = step;
    }

    LNH_FN void finish_bar() {
        close_block();
        close_bar();
    }

    LNH_FN void close_block() {
        if (!s.hits || s.player < 0) return;
        const bool kept = is_kept();
        s.row[s.player] = intern(s.player, kept ? s.keep_at : -1);
        if (kept) s.keep_at += POSITIONS * MAX_HITS_AT_ONCE * FIELDS;
        s.hits = 0;
        clear_open();
    }

    // -- repeats

    LNH_FN int reach() const { return s.rows < s.h.ahead ? s.rows : s.rows - s.h.ahead; }
    LNH_FN bool reaches(int copy) const { return copy_distance(copy) <= reach(); }
    LNH_FN const i16 *back(int copy) const { return row_at(s.rows - copy_distance(copy)); }
    LNH_FN const i16 *row_source(int value) const {
        return value >= RIFF ? row_at(s.bars.items[value - RIFF]) : back(value);
    }

    // The row so many bars after the one being written (between bars: after the next) where it is known.
    LNH_FN const i16 *coming(int distance) const {
        const int place = s.rows + distance - s.h.bars;
        return 0 <= place && place < s.h.ahead && s.h.ahead <= s.rows ? row_at(place) : nullptr;
    }

    // The canonical BAR value of a row: nearest copy, else riff, else MIXED or NEW.
    LNH_FN int bar_value(const i16 *row) const {
        for (int value = COPY; value < RIFF; value++)
            if (reaches(value) && same(back(value), row)) return value;
        const int rank = row_rank(row);
        if (rank >= 0) return RIFF + rank;
        for (int player = 0; player < s.h.players; player++)
            if (row[player] != REST && repeats(track_value(player, row[player]))) return MIXED;
        return NEW;
    }

    LNH_FN int track_value(int player, int number) const {
        for (int value = COPY; value < RIFF; value++)
            if (reaches(value) && back(value)[player] == number) return value;
        const int rank = riff_rank(player, number);
        return rank < 0 ? NEW : RIFF + rank;
    }

    // -- what is heard

    struct Heard {
        const Riff *drums, *first, *last, *before;
    };

    // The complete blocks of the bar, and the current player's own of an earlier one.
    LNH_FN Heard listen() const {
        Heard heard = {nullptr, nullptr, nullptr, nullptr};
        for (int player = 0; player < s.h.players; player++) {
            if (s.row[player] == REST || player == s.player) continue;
            const Riff *one = &riff(player, s.row[player]);
            if (one->is_drum)
                heard.drums = one;
            else if (!heard.first)
                heard.first = one;
            else
                heard.last = one;
        }
        heard.before = last_of(larger(s.player, 0));
        return heard;
    }

    // What a player played last, in an earlier bar; null if nothing.
    LNH_FN const Riff *last_of(int player) const {
        const Recent &riffs = s.riffs[player];
        return riffs.count ? &riff(player, riffs.items[0]) : nullptr;
    }

    LNH_FN static int harmony(const Riff *heard, int position) {
        if (!heard) return 0;
        const int at = heard->onsets.until(position);
        return at < 0 ? 1 : (at == position ? 2 : 14) + (heard->lowest[at] - 1) % 12;
    }

    // -- what the network is shown

    LNH_FN void show_context(i32 *to) const {
        for (int column = 0; column < CONTEXTS; column++) to[column] = 0;
        show_player(s.player, to);
        if (!s.in_bar) return;
        const bool coming = s.rows < s.h.ahead;
        const int bar = s.rows - s.h.ahead + (coming ? s.h.bars : 0), last = s.h.bars - (coming ? 0 : s.h.ahead);
        to[2] = 1 + bar % LNH_BAR_CYCLE;
        to[3] = 1 + larger(0, smaller(LNH_MAX_BARS_LEFT, last - bar));
        to[4] = 1 + coming;
        if (s.player < 0 || !is_inside()) return;
        const Heard heard = listen();
        if (heard.drums) to[STROKES] = heard.drums->kicks.after(s.position) + 1;
        if (heard.first) to[STROKES + 1] = heard.first->onsets.after(s.position) + 1;
        if (heard.last) to[STROKES + 2] = heard.last->onsets.after(s.position) + 1;
        if (heard.before) to[STROKES + 3] = heard.before->onsets.after(s.position) + 1;
        const int again = s.position + s.gap;
        to[STROKES + 4] = s.gap && again < POSITIONS ? again + 1 : 0;
    }

    LNH_FN void show_echo(int head, i32 *to) const {
        for (int column = 0; column < ECHOES; column++) to[column] = 0;
        if (TRACK <= head && head < POSITION) return show_player(head - TRACK, to + ECHOES - 2);
        if (head < POSITION || s.player < 0) return;
        const int position = head - POSITION;
        const Heard heard = listen();
        if (heard.drums) to[0] = drum_echo(heard.drums->lowest[position]);
        to[1] = harmony(heard.first, position);
        to[2] = harmony(heard.last, position);
        if (heard.before && !heard.before->is_drum) to[3] = heard.before->lowest[position];
    }

    // One of the CONTENT numbers about what the last step repeats; 0 where it repeats nothing.
    LNH_FN float content(int column) const {
        double sum = 0.0;
        int sounding = 0;
        for (int player = 0; player < s.h.players; player++) {
            if ((s.content_of != EVERYBODY && s.content_of != player) || s.row[player] == REST) continue;
            sum += number_about(riff(player, s.row[player]), column);
            sounding++;
        }
        return sounding ? float(sum / sounding) : 0.0f;
    }

    // -- where the song stands

    // Whether a block is being written.
    LNH_FN bool is_inside() const {
        return s.last.is_hit() || (s.in_bar && s.last.is_track() && !repeats(s.last.value()));
    }
    LNH_FN bool is_last_bar() const { return s.h.closes && !s.h.ahead && s.rows + 1 == s.h.bars; }

  private:
    // Given blocks become numbers in their players' tables, and cells point there.
    LNH_FN void know_given() {
        for (int bar = 0; bar < s.h.bars; bar++)
            for (int player = 0; player < s.h.players; player++) {
                i16 &cell = cells_at(bar)[player];
                if (cell < 0) continue;
                const int from = s.given[cell], until = s.given[cell + 1];
                for (int at = from; at < until; at += FIELDS) add_hit(step_at(s.given + at));
                cell = i16(intern(player, from));
                clear_open();
            }
    }

    LNH_FN void clear_open() { s.open = Riff{}; }

    LNH_FN void add_hit(const Step &step) {
        Riff &open = s.open;
        const int position = step.position(), cell = position / CELL;
        if (open.hits == 0) open.is_drum = step.value() >= DRUM_SET;
        for (int number : step.at) open.mark = mix(open.mark ^ u64(number));
        open.hits++;
        open.onsets.add(position);
        open.counts[cell] = 1;
        if (open.is_drum) {
            const int flags = t.drum_flags[step.value() - DRUM_SET];
            open.lowest[position] |= u8(flags);
            if (flags & KICK_DRUM) open.kicks.add(position);
            open.counts[KICKS + cell] += bool(flags & KICK_DRUM);
            open.counts[SNARES + cell] += bool(flags & SNARE_DRUM);
            return;
        }
        const int pitch = step.value() - PITCH;
        if (!open.lowest[position]) open.lowest[position] = u8(1 + pitch);
        if (!open.bottom || pitch < open.bottom - 1) open.bottom = 1 + pitch;
        for (u32 mask = u32(t.shape_masks[step.at[SHAPE]]); mask; mask &= mask - 1) {
            open.counts[CLASSES + (pitch + lowest_one(mask)) % 12]++;
            open.tones++;
        }
    }

    // Block.content of the reference.
    LNH_FN double number_about(const Riff &one, int column) const {
        if (column == LOWEST) return one.is_drum ? 0.0 : double(one.bottom - 1) / 64 - 1;
        if (column > LOWEST) return t.logarithms[one.hits];
        const double count = one.counts[column];
        return CLASSES <= column && column < KICKS && one.tones ? count / one.tones : count;
    }

    // The number of the open block among its player's distinct ones.
    LNH_FN int intern(int player, int given) {
        const int count = s.block_count[player];
        u64 *known = marks(player);
        for (int number = 0; number < count; number++) {
            if (known[number] != s.open.mark) continue;
            if (riffs(player)[number].given < 0) riffs(player)[number].given = given;
            return number;
        }
        s.open.given = given;
        riffs(player)[count] = s.open;
        known[count] = s.open.mark;
        s.block_count[player] = count + 1;
        return count;
    }

    // Whether the block being written must come again in other bars of a plan, and so its hits be known.
    LNH_FN bool is_kept() const { return s.h.has_plan && s.in_bar && cells_at(s.rows)[s.player] == FRESH; }
    LNH_FN void keep(const Step &hit) const {
        for (int field = 0; field < FIELDS; field++) s.given[s.keep_at + s.hits * FIELDS + field] = hit.at[field];
    }

    LNH_FN void open_bar(const Step &step) {
        s.in_bar = 1;
        s.begun++;
        s.player = -1;
        s.placed = 0;
        s.bar_value = step.value();
        const i16 *source = repeats(step.value()) ? row_source(step.value()) : nullptr;
        for (int player = 0; player < PLAYERS; player++) s.row[player] = source ? source[player] : REST;
        if (source) s.content_of = EVERYBODY;
    }

    LNH_FN void open_block(const Step &step) {
        const int value = step.value();
        s.player = step.head() - TRACK;
        s.position = -1;
        s.gap = 0;
        if (!s.in_bar) return;
        s.placed |= 1 << s.player;
        if (!repeats(value)) return;
        s.row[s.player] = value >= RIFF ? s.riffs[s.player].items[value - RIFF] : back(value)[s.player];
        s.content_of = s.player;
    }

    LNH_FN void close_bar() {
        if (!s.in_bar) return;
        i16 *written = row_at(s.rows);
        for (int player = 0; player < PLAYERS; player++) written[player] = i16(s.row[player]);
        use(s.bars, s.rows, row_rank(written));
        for (int player = 0; player < s.h.players; player++)
            if (s.row[player] != REST) use(s.riffs[player], s.row[player], riff_rank(player, s.row[player]));
        s.rows++;
        s.in_bar = 0;
        s.player = -1;
    }

    LNH_FN bool same(const i16 *a, const i16 *b) const {
        for (int player = 0; player < s.h.players; player++)
            if (a[player] != b[player]) return false;
        return true;
    }
    LNH_FN int row_rank(const i16 *row) const {
        for (int rank = 0; rank < s.bars.count; rank++)
            if (same(row_at(s.bars.items[rank]), row)) return rank;
        return -1;
    }
    LNH_FN int riff_rank(int player, int number) const {
        const Recent &riffs = s.riffs[player];
        for (int rank = 0; rank < riffs.count; rank++)
            if (riffs.items[rank] == number) return rank;
        return -1;
    }

    LNH_FN static int drum_echo(int flags) {
        if (!flags) return 1;
        const int known = flags & (KICK_DRUM | SNARE_DRUM);
        return known ? 1 + known : 5;
    }

    LNH_FN void show_player(int player, i32 *to) const {
        if (player < 0) return;
        to[0] = s.h.role[player];
        to[1] = s.h.program[player];
    }
};

}  // namespace lnh
