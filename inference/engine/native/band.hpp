// The state of a song while its steps are written: the same as inference/tokens/state.py, which it is tested against.
#pragma once

#include <algorithm>
#include <cmath>

#include "code.hpp"

namespace lnh {

// What one player plays in one bar.
struct Riff {
    std::vector<Step> hits;
    std::vector<std::int16_t> onsets, lowest, kicks;  // `lowest` pitch, or mask of lanes, by onset
    std::vector<std::int32_t> masks;
    bool is_drum = false;
    double content[CONTENTS];
};

using Row = std::vector<std::int32_t>;  // the number of each player's block, or REST

// Distinct items, the most recently used first.
template <class Item>
struct Recency {
    std::vector<Item> items;

    void use(const Item &item) {
        const auto found = std::find(items.begin(), items.end(), item);
        if (found == items.end())
            items.insert(items.begin(), item);
        else
            std::rotate(items.begin(), found, found + 1);
    }
    int rank(const Item &item, int most) const {
        const auto end = items.begin() + std::min<std::size_t>(most, items.size());
        const auto found = std::find(items.begin(), end, item);
        return found == end ? -1 : int(found - items.begin());
    }
    int size(int most) const { return std::min<int>(most, int(items.size())); }
};

class Band {
  public:
    void begin(const Code &code, const Facts &facts) {
        *this = Band();
        code_ = &code;
        facts_ = facts;
        roster.assign(facts.roster, facts.roster + facts.players);
        riffs_.resize(facts.players);
        facts_.roster = nullptr;
    }

    // -- writing

    void push(const Step &step) {
        repeated_ = NOBODY;
        if (is_hit(step)) {
            if (!hits_.empty() && place(step) > position) gap_ = place(step) - position;
            hits_.push_back(step);
            position = place(step);
        } else if (is_track(step)) {
            finish_block();
            open_block(step);
        } else {
            finish_bar();
            if (step.head() == BAR) open_bar(step);
        }
        last = step;
    }

    // Closes the bar being written; nothing between bars.
    void finish_bar() {
        finish_block();
        if (!in_bar) return;
        rows.push_back(row);
        bars_.use(row);
        for (int player = 0; player < players(); player++)
            if (row[player] != REST) riffs_[player].use(row[player]);
        in_bar = false;
        slot = NOBODY;
    }

    // Puts what the current player wrote into the row; nothing when that is done.
    void finish_block() {
        if (hits_.empty() || slot == NOBODY) return;
        row[slot] = number_of(hits_.data(), int(hits_.size()));
        hits_.clear();
    }

    // The number of a block, the same for the same hits.
    int number_of(const Step *hits, int count) {
        for (std::size_t i = 0; i < blocks_.size(); i++) {
            const std::vector<Step> &known = blocks_[i].hits;
            if (int(known.size()) == count && std::equal(known.begin(), known.end(), hits)) return int(i);
        }
        blocks_.push_back(riff(hits, count));
        return int(blocks_.size()) - 1;
    }

    // -- repeats

    int reach() const {
        const int written = int(rows.size());
        return written < facts_.ahead ? written : written - facts_.ahead;
    }
    const Row &back(int copy) const { return rows[rows.size() - code_->distances[copy]]; }
    bool reaches(int copy) const { return code_->distances[copy] <= reach(); }
    const Row &row_source(int value) const {
        return value >= code_->riff() ? bars_.items.at(value - code_->riff()) : back(value - COPY);
    }
    int bars_known() const { return bars_.size(code_->riffs); }
    int riffs_known(int player) const { return riffs_[player].size(code_->riffs); }

    // The canonical BAR value of a row: nearest copy, else riff, else MIXED or NEW.
    int bar_value(const Row &wanted) const {
        for (int copy = 0; copy < code_->copies; copy++)
            if (reaches(copy) && back(copy) == wanted) return COPY + copy;
        const int rank = bars_.rank(wanted, code_->riffs);
        if (rank >= 0) return code_->riff() + rank;
        for (int player = 0; player < players(); player++)
            if (wanted[player] != REST && code_->repeats(track_value(player, wanted[player]))) return MIXED;
        return NEW;
    }
    int track_value(int player, int block) const {
        for (int copy = 0; copy < code_->copies; copy++)
            if (reaches(copy) && back(copy)[player] == block) return COPY + copy;
        const int rank = riffs_[player].rank(block, code_->riffs);
        return rank < 0 ? NEW : code_->riff() + rank;
    }

    // -- what the model is shown

    // False, and nothing written, where the last step repeats nothing.
    bool content(float *to) const {
        if (repeated_ == NOBODY) return false;
        double sums[CONTENTS] = {};
        int sounding = 0;
        for (int player = 0; player < players(); player++) {
            if (row[player] == REST || (repeated_ < players() && player != repeated_)) continue;
            const double *one = blocks_[row[player]].content;
            for (int i = 0; i < CONTENTS; i++) sums[i] += one[i];
            sounding++;
        }
        if (!sounding) return false;
        for (int i = 0; i < CONTENTS; i++) to[i] = float(sums[i] / sounding);
        return true;
    }

    void context(std::int32_t *to) const {
        std::fill(to, to + CONTEXTS, 0);
        show_player(slot, to);
        if (!in_bar) return;
        const int written = int(rows.size()), coming = written < facts_.ahead;
        const int bar = written - facts_.ahead + (coming ? facts_.bars : 0);
        const int end = facts_.bars - (coming ? 0 : facts_.ahead);
        to[2] = 1 + bar % code_->bar_cycle;
        to[3] = 1 + std::max(0, std::min<int>(code_->bars_left, end - bar));
        to[4] = 1 + coming;
        if (slot == NOBODY || !writes()) return;
        const Heard heard = listen();
        if (heard.drums) to[5] = next(heard.drums->kicks);
        if (heard.first) to[6] = next(heard.first->onsets);
        if (heard.last) to[7] = next(heard.last->onsets);
        if (heard.before) to[8] = next(heard.before->onsets);
        if (gap_ && position + gap_ < code_->positions) to[9] = position + gap_ + 1;
    }

    // Where the bass drum and the first pitched player strike; null where there is none.
    const std::vector<std::int16_t> *kicks_heard() const {
        const Heard heard = listen();
        return heard.drums ? &heard.drums->kicks : nullptr;
    }
    const std::vector<std::int16_t> *riff_heard() const {
        const Heard heard = listen();
        return heard.first ? &heard.first->onsets : nullptr;
    }
    int harmony_heard(int at) const { return harmony(listen().first, at); }

    void echo(int head, std::int32_t *to) const {
        std::fill(to, to + ECHOES, 0);
        if (TRACK <= head && head < code_->position()) return show_player(head - TRACK, to + 4);
        if (head < code_->position() || slot == NOBODY) return;
        const int at = head - code_->position();
        const Heard heard = listen();
        if (heard.drums) to[0] = drum_echo(heard.drums->masks, heard.drums->onsets, at);
        to[1] = harmony(heard.first, at);
        to[2] = harmony(heard.last, at);
        if (heard.before && !heard.before->is_drum) {
            const int index = struck(heard.before->onsets, at);
            if (index >= 0 && heard.before->onsets[index] == at) to[3] = 1 + heard.before->lowest[index];
        }
    }

    // -- questions

    int players() const { return facts_.players; }
    bool is_hit(const Step &step) const { return step.head() >= code_->position(); }
    bool is_track(const Step &step) const { return TRACK <= step.head() && step.head() < code_->position(); }
    // Whether a block is being written, or new hits are to follow.
    bool writes() const { return is_hit(last) || (is_track(last) && !code_->repeats(last.value())); }
    int hits_at_position() const {
        return int(std::count_if(hits_.begin(), hits_.end(), [&](const Step &hit) { return hit.head() == last.head(); }));
    }
    const Riff &block(int number) const { return blocks_[number]; }

    std::vector<Player> roster;
    std::vector<Row> rows;
    Row row;
    int slot = NOBODY, position = -1, bar_value_now = 0;
    unsigned placed = 0;
    bool in_bar = false;
    Step last;

  private:
    struct Heard {
        const Riff *drums = nullptr, *first = nullptr, *last = nullptr, *before = nullptr;
    };

    int place(const Step &hit) const { return hit.head() - code_->position(); }

    void open_bar(const Step &step) {
        in_bar = true;
        slot = NOBODY;
        placed = 0;
        bar_value_now = step.value();
        if (code_->repeats(step.value())) {
            row = Row(row_source(step.value()));
            repeated_ = players();
        } else {
            row.assign(players(), REST);
        }
    }

    void open_block(const Step &step) {
        slot = step.head() - TRACK;
        position = -1;
        gap_ = 0;
        if (!in_bar) return;
        placed |= 1u << slot;
        if (!code_->repeats(step.value())) return;
        const int value = step.value();
        row[slot] = value >= code_->riff() ? riffs_[slot].items.at(value - code_->riff()) : back(value - COPY)[slot];
        repeated_ = slot;
    }

    Riff riff(const Step *hits, int count) const {
        Riff made;
        made.hits.assign(hits, hits + count);
        made.is_drum = hits[0].value() >= code_->drum_set();
        for (const Step &hit : made.hits) {
            const int mask = made.is_drum ? code_->drums[hit.value() - code_->drum_set()] : 0;
            if (made.onsets.empty() || made.onsets.back() != place(hit)) {
                made.onsets.push_back(std::int16_t(place(hit)));
                made.lowest.push_back(std::int16_t(hit.value() - code_->pitch()));
                made.masks.push_back(mask);
            } else {
                made.masks.back() |= mask;
            }
        }
        if (made.is_drum)
            for (std::size_t i = 0; i < made.onsets.size(); i++)
                if (made.masks[i] & code_->kick) made.kicks.push_back(made.onsets[i]);
        fill_content(made);
        return made;
    }

    void fill_content(Riff &made) const {
        double *onsets = made.content, *classes = onsets + 16, *kicks = classes + 12, *snares = kicks + 16;
        std::fill(made.content, made.content + CONTENTS, 0.0);
        for (const Step &hit : made.hits) {
            const int cell = place(hit) / code_->cell;
            onsets[cell] = 1.0;
            if (made.is_drum) {
                const int mask = code_->drums[hit.value() - code_->drum_set()];
                kicks[cell] += (mask & code_->kick) != 0;
                snares[cell] += (mask & code_->snare) != 0;
                continue;
            }
            const int mask = code_->shapes[hit.at[SHAPE]];
            for (int interval = 0; mask >> interval; interval++)
                if (mask >> interval & 1) classes[(hit.value() - code_->pitch() + interval) % 12] += 1.0;
        }
        double total = 0.0;
        for (int i = 0; i < 12; i++) total += classes[i];
        for (int i = 0; i < 12; i++) classes[i] /= total ? total : 1.0;
        const int lowest = *std::min_element(made.lowest.begin(), made.lowest.end());
        made.content[CONTENTS - 2] = made.is_drum ? 0.0 : double(lowest) / 64 - 1;
        made.content[CONTENTS - 1] = std::log2(double(made.hits.size())) / 5;
    }

    // The complete blocks of the bar, and the current player's own of an earlier one.
    Heard listen() const {
        Heard heard;
        for (int player = 0; player < players(); player++) {
            if (player == slot || row[player] == REST) continue;
            const Riff *one = &blocks_[row[player]];
            (one->is_drum ? heard.drums : heard.first ? heard.last : heard.first) = one;
        }
        const Recency<int> &riffs = riffs_[slot == NOBODY ? 0 : slot];
        if (!riffs.items.empty()) heard.before = &blocks_[riffs.items[0]];
        return heard;
    }

    int next(const std::vector<std::int16_t> &onsets) const {
        const auto found = std::upper_bound(onsets.begin(), onsets.end(), position);
        return found == onsets.end() ? 0 : *found + 1;
    }

    // The index of the last onset at or before a place, -1 without one.
    static int struck(const std::vector<std::int16_t> &onsets, int at) {
        return int(std::upper_bound(onsets.begin(), onsets.end(), at) - onsets.begin()) - 1;
    }

    int drum_echo(const std::vector<std::int32_t> &masks, const std::vector<std::int16_t> &onsets, int at) const {
        const int index = struck(onsets, at);
        const int mask = index >= 0 && onsets[index] == at ? masks[index] : 0;
        if (!mask) return 1;
        const int both = ((mask & code_->kick) != 0) + 2 * ((mask & code_->snare) != 0);
        return both ? 1 + both : 5;
    }

    int harmony(const Riff *block, int at) const {
        if (!block) return 0;
        const int index = struck(block->onsets, at);
        if (index < 0) return 1;
        const int lowest = block->is_drum ? block->masks[index] : block->lowest[index];
        return (block->onsets[index] == at ? 2 : 14) + lowest % 12;
    }

    void show_player(int player, std::int32_t *to) const {
        if (player == NOBODY) return;
        to[0] = roster[player].role;
        to[1] = roster[player].program;
    }

    const Code *code_ = nullptr;
    Facts facts_{};
    std::vector<Riff> blocks_;
    std::vector<Step> hits_;
    std::vector<Recency<int>> riffs_;
    Recency<Row> bars_;
    int gap_ = 0, repeated_ = NOBODY;
};

}  // namespace lnh
