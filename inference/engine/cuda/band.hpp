// The state of a song while its steps are written: inference/tokens/state.py for one thread of a card.
#pragma once

#include "parts.hpp"

namespace lnh {

LNH_FN u64 mix(u64 value) {
    value += 0x9E3779B97F4A7C15ull;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ull;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBull;
    return value ^ (value >> 31);
}

LNH_FN void use(Recent &recent, int item, int found) {
    int from = found >= 0 ? found : smaller(recent.count, RIFFS - 1);
    if (found < 0 && recent.count < RIFFS) recent.count++;
    for (; from > 0; from--) recent.items[from] = recent.items[from - 1];
    recent.items[0] = i16(item);
}

// A song and the tables it writes to.
struct Band {
    Slot &s;
    const Place &p;
    int slot;

    LNH_FN Block *blocks(int player) const { return p.blocks + (i64(slot) * PLAYERS + player) * BARS; }
    LNH_FN u64 *marks(int player) const { return p.marks + (i64(slot) * PLAYERS + player) * BARS; }
    LNH_FN const Block &block(int player, int number) const { return blocks(player)[number]; }
    LNH_FN i16 *row_at(int bar) const { return p.rows + (i64(slot) * BARS + bar) * PLAYERS; }
    LNH_FN i16 *cells_at(int bar) const { return p.cells + (i64(slot) * BARS + bar) * PLAYERS; }

    // -- writing

    LNH_FN void push(const Step &step) {
        s.content_of = NOBODY;
        if (step.is_hit()) {
            if (s.hits && step.position() > s.position) s.gap = step.position() - s.position;
            s.together = s.hits && step.position() == s.position ? s.together + 1 : 1;
            if (is_kept()) keep(step);
            add_hit(s.open, step);
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

    LNH_FN void clear_open() {
        Block &open = s.open;
        open.mark = 0;
        open.onsets.clear();
        open.kicks.clear();
        open.hits = open.is_drum = 0;
        open.given = -1;
        for (float &number : open.content) number = 0.0f;
        for (u8 &low : open.lowest) low = 0;
    }

    // Sums and counts first; `finish_content` makes of them what the network is shown.
    LNH_FN void add_hit(Block &open, const Step &step) const {
        const int position = step.position(), cell = position / CELL;
        if (open.hits == 0) open.is_drum = step.value() >= DRUM_SET;
        for (int number : step.at) open.mark = mix(open.mark ^ u64(number));
        open.hits++;
        open.onsets.add(position);
        open.content[cell] = 1.0f;
        if (open.is_drum) {
            const int flags = p.drum_flags[step.value() - DRUM_SET];
            open.lowest[position] |= u8(flags);
            if (flags & 1) open.kicks.add(position);
            open.content[28 + cell] += float(flags & 1);
            open.content[44 + cell] += float(flags >> 1 & 1);
            return;
        }
        const int pitch = step.value() - PITCH;
        if (!open.lowest[position]) open.lowest[position] = u8(1 + pitch);
        const u32 mask = u32(p.shape_masks[step.at[SHAPE]]);
        for (int interval = 0; mask >> interval; interval++)
            if (mask >> interval & 1) open.content[16 + (pitch + interval) % 12] += 1.0f;
    }

    LNH_FN void finish_content(Block &open) const {
        float total = 0.0f;
        for (int tone = 0; tone < 12; tone++) total += open.content[16 + tone];
        for (int tone = 0; tone < 12; tone++) open.content[16 + tone] /= total ? total : 1.0f;
        int lowest = 0;
        for (int at = 0; at < POSITIONS && !open.is_drum; at++)
            if (open.lowest[at] && (!lowest || open.lowest[at] < lowest)) lowest = open.lowest[at];
        open.content[60] = open.is_drum ? 0.0f : float(lowest - 1) / 64.0f - 1.0f;
        open.content[61] = p.logarithms[open.hits];
    }

    // The number of the open block among its player's distinct ones.
    LNH_FN int intern(int player, int given) {
        const int count = s.block_count[player];
        const u64 *known = marks(player);
        for (int number = 0; number < count; number++) {
            if (known[number] != s.open.mark) continue;
            if (blocks(player)[number].given < 0) blocks(player)[number].given = given;
            return number;
        }
        finish_content(s.open);
        s.open.given = given;
        blocks(player)[count] = s.open;
        marks(player)[count] = s.open.mark;
        s.block_count[player] = count + 1;
        return count;
    }

    // Whether the block being written must come again in other bars of a plan, and so its hits be known.
    LNH_FN bool is_kept() const { return s.h.has_plan && s.in_bar && cells_at(s.rows)[s.player] == FRESH; }
    LNH_FN void keep(const Step &hit) const {
        for (int field = 0; field < FIELDS; field++) s.given[s.keep_at + s.hits * FIELDS + field] = hit.at[field];
    }

    LNH_FN void close_block() {
        if (!s.hits || s.player < 0) return;
        const bool kept = is_kept();
        s.row[s.player] = intern(s.player, kept ? s.keep_at : -1);
        if (kept) s.keep_at += POSITIONS * MAX_HITS_AT_ONCE * FIELDS;
        s.hits = 0;
        clear_open();
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
        s.player = step.head() - TRACK;
        s.position = -1;
        s.gap = 0;
        if (!s.in_bar) return;
        s.placed |= 1 << s.player;
        if (!repeats(step.value())) return;
        s.row[s.player] = block_source(s.player, step.value());
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

    // -- repeats

    LNH_FN int reach() const { return s.rows < s.h.ahead ? s.rows : s.rows - s.h.ahead; }

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

    LNH_FN const i16 *row_source(int value) const {
        return value >= RIFF ? row_at(s.bars.items[value - RIFF]) : row_at(s.rows - copy_distance(value));
    }

    LNH_FN int block_source(int player, int value) const {
        return value >= RIFF ? s.riffs[player].items[value - RIFF] : row_at(s.rows - copy_distance(value))[player];
    }

    LNH_FN int track_value(int player, int number) const {
        for (int value = COPY; value < RIFF; value++)
            if (copy_distance(value) <= reach() && row_at(s.rows - copy_distance(value))[player] == number) return value;
        const int rank = riff_rank(player, number);
        return rank < 0 ? NEW : RIFF + rank;
    }

    // -- what is heard

    struct Heard {
        const Block *drums, *first, *last, *before;
    };

    LNH_FN Heard listen() const {
        Heard heard = {nullptr, nullptr, nullptr, nullptr};
        for (int player = 0; player < s.h.players; player++) {
            if (s.row[player] == REST || player == s.player) continue;
            const Block *one = &block(player, s.row[player]);
            if (one->is_drum)
                heard.drums = one;
            else if (!heard.first)
                heard.first = one;
            else
                heard.last = one;
        }
        if (s.riffs[s.player].count) heard.before = &block(s.player, s.riffs[s.player].items[0]);
        return heard;
    }

    LNH_FN static int harmony(const Block *heard, int position) {
        if (!heard) return 0;
        const int at = heard->onsets.until(position);
        return at < 0 ? 1 : (at == position ? 2 : 14) + (heard->lowest[at] - 1) % 12;
    }

    // -- what the network is shown

    LNH_FN void show_context() {
        for (i32 &number : s.context) number = 0;
        show_player(s.player, s.context);
        if (!s.in_bar) return;
        const bool coming = s.rows < s.h.ahead;
        const int bar = s.rows - s.h.ahead + (coming ? s.h.bars : 0), last = s.h.bars - (coming ? 0 : s.h.ahead);
        s.context[2] = 1 + bar % LNH_BAR_CYCLE;
        s.context[3] = 1 + larger(0, smaller(LNH_MAX_BARS_LEFT, last - bar));
        s.context[4] = 1 + coming;
        const bool writing = s.last.is_hit() || (s.last.is_track() && !repeats(s.last.value()));
        if (!writing || s.player < 0) return;
        const Heard heard = listen();
        if (heard.drums) s.context[STROKES] = heard.drums->kicks.after(s.position) + 1;
        if (heard.first) s.context[STROKES + 1] = heard.first->onsets.after(s.position) + 1;
        if (heard.last) s.context[STROKES + 2] = heard.last->onsets.after(s.position) + 1;
        if (heard.before) s.context[STROKES + 3] = heard.before->onsets.after(s.position) + 1;
        const int again = s.position + s.gap;
        s.context[STROKES + 4] = s.gap && again < POSITIONS ? again + 1 : 0;
    }

    LNH_FN void show_echo(int head) {
        for (i32 &number : s.echo) number = 0;
        if (TRACK <= head && head < POSITION) return show_player(head - TRACK, s.echo + ECHOES - 2);
        if (head < POSITION || s.player < 0) return;
        const int position = head - POSITION;
        const Heard heard = listen();
        if (heard.drums) s.echo[0] = drum_echo(heard.drums->lowest[position]);
        s.echo[1] = harmony(heard.first, position);
        s.echo[2] = harmony(heard.last, position);
        if (heard.before && !heard.before->is_drum) s.echo[3] = heard.before->lowest[position];
    }

  private:
    LNH_FN static int drum_echo(int flags) {
        if (!flags) return 1;
        return flags & 3 ? 1 + (flags & 3) : 5;
    }

    LNH_FN void show_player(int player, i32 *to) const {
        if (player < 0) return;
        to[0] = s.h.role[player];
        to[1] = s.h.program[player];
    }
};

}  // namespace lnh
