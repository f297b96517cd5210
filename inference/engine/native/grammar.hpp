// Which steps may come next: the same as inference/tokens/grammar.py, which it is tested against.
#pragma once

#include "band.hpp"

namespace lnh {

class Grammar {
  public:
    Band band;

    void begin(const Code &code, const Facts &facts) {
        code_ = &code;
        facts_ = facts;
        band.begin(code, facts);
        rests_.assign(facts.players, 0);
        followed_ = repeated_ = 0;
        onsets_ = code.prior_blocks * facts.target;
        blocks_ = code.prior_blocks;
        numbers_.clear();
        const std::int32_t *hits = facts.hits;
        for (int i = 0; i < facts.blocks; hits += FIELDS * facts.sizes[i++]) {
            std::vector<Step> block;
            for (int n = 0; n < facts.sizes[i]; n++) block.push_back(step_at(hits + n * FIELDS));
            numbers_.push_back(band.number_of(block.data(), int(block.size())));
        }
        plan_.clear();
        if (facts.has_plan) plan_.assign(facts.cells, facts.cells + facts.bars * facts.players);
        const Touch &touch = facts.touch;
        again_ = touch.again ? Leaning(touch.again, touch.again + code.values()) : Leaning();
        pedal_ = touch.pedal ? Leaning(touch.pedal, touch.pedal + code.values()) : Leaning();
        facts_.touch.again = facts_.touch.pedal = nullptr;
        facts_.roster = nullptr;
        facts_.cells = facts_.sizes = facts_.hits = facts_.steps = nullptr;
    }

    // The steps that must follow the last one: a bar's given blocks.
    template <class Take>
    void forced(Take &&take) const {
        if (!facts_.has_plan || band.last.head() != BAR || code_->repeats(band.last.value())) return;
        for (int player = 0; player < band.players(); player++) {
            const int block = cell(player);
            if (block < 0) continue;
            Step step;
            step.at[HEAD] = TRACK + player;
            step.at[VALUE] = band.track_value(player, block);
            take(step);
            if (step.value() == NEW)
                for (const Step &hit : band.block(block).hits) take(hit);
        }
    }

    // Writes down the values of a field that are allowed, after the fields of `chosen` before it.
    void mask(int field, const std::int32_t *chosen, std::uint8_t *to) {
        const int head = chosen[HEAD];
        if (field == HEAD) follow();
        std::memset(to, 0, code_->field_sizes[field]);
        if (field == HEAD) return heads(to);
        if (field == VALUE) return values(head, to);
        const bool pitched = head >= code_->position() && chosen[VALUE] < code_->drum_set();
        if (head < code_->position() || (field != VELOCITY && !pitched)) {
            to[NONE] = 1;
        } else if (field == SHAPE) {
            shapes(chosen[VALUE] - code_->pitch(), to);
        } else {
            std::memset(to + 1, 1, code_->field_sizes[field] - 1);
        }
    }

    // Writes down what to add to the field's logits; false for nothing.
    bool leaning(int field, const std::int32_t *chosen, float *to) {
        const int size = code_->field_sizes[field];
        const bool kept = field == HEAD ? kept_head(to) : kept_rest(field, chosen, to);
        lead_.assign(size, 0.0f);
        if (!led(field, field == HEAD ? NONE : chosen[HEAD])) return kept;
        for (int i = 0; i < size; i++) to[i] = kept ? to[i] + lead_[i] : lead_[i];
        return true;
    }

    // At which the field is drawn.
    float temperature(int field, const std::int32_t *chosen) const {
        return float(facts_.temperature * touched(field, field == HEAD ? NONE : chosen[HEAD]));
    }

  private:
    const Player &player() const { return band.roster[band.slot == NOBODY ? 0 : band.slot]; }

    // -- what holds a song to its density, its key and its end

    bool kept_head(float *to) const {
        if (in_last_bar()) {
            std::memcpy(to, code_->ending_heads, code_->field_sizes[HEAD] * sizeof(float));
            return true;
        }
        const int level = facts_.has_density && inside() ? busyness() : 0;
        if (!level) return false;
        const float *gaps = code_->gaps + std::size_t(level + code_->levels) * (code_->positions + 1);
        const int from = std::max(0, band.position), position = code_->position();
        for (int head = 0; head < position; head++) to[head] = gaps[std::max(0, facts_.past_bar - position - from)];
        for (int head = position; head < code_->field_sizes[HEAD]; head++) to[head] = gaps[std::max(0, head - position - from)];
        return true;
    }

    bool kept_rest(int field, const std::int32_t *chosen, float *to) const {
        if (band.slot == NOBODY || chosen[HEAD] < code_->position() || player().is_drum) return false;
        const int size = code_->field_sizes[field];
        if (field == DURATION && in_last_bar()) {
            std::memcpy(to, code_->ending_durations, size * sizeof(float));
            return true;
        }
        if (facts_.mode < 0 || (field != VALUE && field != SHAPE)) return false;
        const int root = (chosen[VALUE] - code_->pitch()) % 12;
        const float *from = field == VALUE ? code_->roots + std::size_t(facts_.mode) * size
                                           : code_->shape_leanings + std::size_t(facts_.mode * 12 + root) * size;
        for (int i = 0; i < size; i++) to[i] = facts_.touch.key == 1 ? from[i] : from[i] * facts_.touch.key;
        return true;
    }

    bool inside() const { return band.is_hit(band.last) || (band.in_bar && band.writes()); }

    // -- how its players are led: the same as inference/tokens/lead.py

    int part() const { return band.slot == NOBODY ? int(NO_PART) : player().part; }

    double touched(int field, int head) const {
        const Touch &touch = facts_.touch;
        if (field != HEAD && head < code_->position()) return field == VALUE ? touch.form : 1.0;
        if (part() == DRUMMER) return touch.drums;
        if (field == HEAD) return touch.rhythm;
        return part() == BASSIST || part() == CHORDS ? touch.low : touch.high;
    }

    // Fills `lead_`; false where nobody is led.
    bool led(int field, int head) {
        if (field == HEAD) return inside() && lead_strokes();
        if (field != VALUE) return false;
        return head < code_->position() ? lead_form(head) : lead_value(head - code_->position());
    }

    bool lead_strokes() {
        const Touch &touch = facts_.touch;
        if (part() == DRUMMER || part() == NO_PART) return false;
        const std::vector<std::int16_t> *kicks = touch.kick && part() == BASSIST ? band.kicks_heard() : nullptr;
        const std::vector<std::int16_t> *riff = touch.riff ? band.riff_heard() : nullptr;
        if (kicks)
            for (int place : *kicks) lead_[code_->position() + place] += touch.kick;
        if (riff)
            for (int place : *riff) lead_[code_->position() + place] += touch.riff;
        return (kicks && !kicks->empty()) || (riff && !riff->empty());
    }

    // Towards what comes again, above all what those who have written this bar did.
    bool lead_form(int head) {
        bool leads = !again_.empty();
        if (leads) lead_ = again_;
        if (head < TRACK || !facts_.touch.page || band.bar_value_now != MIXED) return leads;
        band.finish_block();
        int written = 0;
        for (int player = 0; player < band.players(); player++) written += band.placed >> player & 1;
        if (!written) return leads;
        const float share = float(facts_.touch.page / written);
        page_.assign(lead_.size(), 0.0f);
        for (int player = 0; player < band.players(); player++) {
            if (!(band.placed >> player & 1)) continue;
            bool found = false;
            for (int copy = 0; copy < code_->copies; copy++) {
                if (band.row[player] == REST || !band.reaches(copy) || band.back(copy)[player] != band.row[player]) continue;
                page_[COPY + copy] += share;
                found = true;
            }
            if (!found) page_[NEW] += share;
        }
        for (std::size_t i = 0; i < lead_.size(); i++) lead_[i] += page_[i];
        return true;
    }

    bool lead_value(int at) {
        if (part() == DRUMMER) {
            if (!pedal_.empty()) lead_ = pedal_;
            return !pedal_.empty();
        }
        const int harmony = facts_.touch.has_chords ? band.harmony_heard(at) : 0;
        if (harmony < 2) return false;
        const int root = (harmony - (harmony >= 14 ? 14 : 2)) % 12;
        for (int value = code_->pitch(); value < code_->drum_set(); value++)
            lead_[value] = facts_.touch.chords[(value - code_->pitch() - root + 12) % 12];
        return true;
    }

    int busyness() const {
        const double missing = std::log(facts_.target * blocks_ / onsets_);
        return int(std::max<double>(-code_->levels, std::min<double>(code_->levels, std::nearbyint(missing / code_->level))));
    }

    // -- where the song stands

    bool is_last_bar() const {
        return facts_.closes && !facts_.ahead && int(band.rows.size()) + 1 == facts_.bars;
    }
    bool in_last_bar() const { return facts_.new_ending && band.in_bar && is_last_bar(); }

    // Catches up with the bars that were closed since the last step.
    void follow() {
        for (; followed_ < int(band.rows.size()); followed_++) {
            if (followed_ == facts_.ahead) std::fill(rests_.begin(), rests_.end(), 0);
            for (int player = 0; player < band.players(); player++) {
                const int block = band.rows[followed_][player];
                rests_[player] = block == REST ? rests_[player] + 1 : 0;
                if (block == REST) continue;
                onsets_ += double(band.block(block).onsets.size());
                blocks_ += 1;
            }
        }
    }

    // What is known of the bar being written; between bars, of the next.
    int cell(int player) const {
        if (!facts_.has_plan) return OPEN_FREE;
        const int known = plan_.at(band.rows.size() * band.players() + player);
        if (known >= 0) return numbers_[known];
        return known <= TIED ? band.rows.at(TIED - known)[player] : known;
    }
    template <class Is>
    bool any_cell(Is &&is) const {
        for (int player = 0; player < band.players(); player++)
            if (is(cell(player))) return true;
        return false;
    }
    static bool is_open(int cell) { return cell == OPEN_FREE || cell == OPEN_FRESH; }
    bool is_row() const { return !any_cell(is_open); }
    bool must_play(int player) const {
        const int known = cell(player);
        return known == OPEN_FRESH || (known == OPEN_FREE && rests_[player] >= facts_.max_rest);
    }
    int after_bar() const { return int(band.rows.size()) + 1 < facts_.bars ? BAR : END; }

    // -- heads

    void heads(std::uint8_t *to) {
        const Step &last = band.last;
        const int position = code_->position();
        if (!band.in_bar) {
            to[BAR] = 1;
        } else if (last.head() == BAR) {
            const bool again = code_->repeats(last.value());
            repeated_ = again && !is_row() ? repeated_ + 1 : 0;
            if (again)
                to[after_bar()] = 1;
            else
                next_tracks(any_cell([](int known) { return known != OPEN_FREE; }), to);
        } else if (band.is_track(last) && band.writes()) {
            allow(position, facts_.past_bar, to);
        } else {
            next_tracks(true, to);
            if (!band.is_hit(last) || (band.slot != NOBODY && cell(band.slot) >= 0)) return;
            const bool more = band.hits_at_position() < code_->hits_at_once && room_above();
            allow(last.head() + !more, facts_.past_bar, to);
        }
    }

    static void allow(int first, int end, std::uint8_t *to) {
        if (first < end) std::memset(to + first, 1, end - first);
    }

    void next_tracks(bool may_end, std::uint8_t *to) const {
        bool found = false, must = false;
        for (int player = facts_.free_order || band.slot == NOBODY ? 0 : band.slot + 1; player < band.players(); player++) {
            if (band.placed >> player & 1 || cell(player) == REST) continue;
            to[TRACK + player] = found = true;
            if (must_play(player) && !facts_.free_order) return;
        }
        for (int player = 0; player < band.players(); player++)
            must = must || (must_play(player) && !(band.placed >> player & 1));
        if ((may_end && !must) || !found) to[after_bar()] = 1;
    }

    bool room_above() const {
        if (band.slot == NOBODY) return false;
        const int start = band.last.value() + 1;
        if (!facts_.strict || start > code_->drum_set())
            return start < (band.last.value() >= code_->drum_set() ? code_->values() : code_->drum_set());
        for (int value = start; value < player().after_highest; value++)
            if (in_key(value)) return true;
        return false;
    }
    bool in_key(int value) const { return code_->scales[facts_.mode * 12 + (value - code_->pitch()) % 12]; }

    // -- values

    void values(int head, std::uint8_t *to) {
        if (head == END) {
            to[NONE] = 1;
        } else if (head == BAR) {
            bar_values(to);
        } else if (head < code_->position()) {
            track_values(head - TRACK, to);
        } else {
            int lowest = player().lowest;
            const int end = player().after_highest;
            if (band.is_hit(band.last) && band.last.head() == head) lowest = std::max(lowest, band.last.value() + 1);
            const bool strict = facts_.strict && end <= code_->drum_set();
            allow(lowest, std::min(strict ? end : std::max(lowest + 1, end), code_->values()), to);
            if (strict)
                for (int value = lowest; value < end; value++) to[value] = in_key(value);
        }
    }

    void shapes(int pitch, std::uint8_t *to) const {
        const int room = std::min(31, std::max(1, player().after_highest - pitch));
        const std::size_t key = std::max(0, facts_.mode) * 12 + pitch % 12;
        const std::uint8_t *within = code_->shapes_in + key * code_->field_sizes[SHAPE];
        for (int shape = 1; shape < code_->field_sizes[SHAPE]; shape++)
            to[shape] = code_->shapes[shape] >> room == 0 && (!facts_.strict || within[shape]);
    }

    void track_values(int player, std::uint8_t *to) const {
        to[NEW] = 1;
        const bool is_last = facts_.new_ending && is_last_bar();
        if (band.bar_value_now != MIXED || cell(player) == OPEN_FRESH || is_last) return;
        for (int copy = 0; copy < code_->copies; copy++)
            to[COPY + copy] = band.reaches(copy) && band.back(copy)[player] != REST;
        allow(code_->riff(), code_->riff() + band.riffs_known(player), to);
    }

    void bar_values(std::uint8_t *to) {
        // The bar before is still open while this one is asked for.
        band.finish_bar();
        follow();
        if (is_row()) {
            Row row;
            for (int player = 0; player < band.players(); player++) row.push_back(cell(player));
            to[band.bar_value(row)] = 1;
            return;
        }
        const bool is_last = facts_.new_ending && is_last_bar();
        bool mixed = false;
        for (int player = 0; player < band.players(); player++)
            mixed = mixed || (cell(player) >= 0 && code_->repeats(band.track_value(player, cell(player))));
        const bool free = any_cell([](int known) { return known == OPEN_FREE; });
        to[NEW] = !mixed;
        to[MIXED] = mixed || (!band.rows.empty() && free && !is_last);
        const bool fresh = any_cell([](int known) { return known == OPEN_FRESH; });
        if (is_last || repeated_ >= facts_.max_repeats || fresh) return;
        for (int copy = 0; copy < code_->copies; copy++) to[COPY + copy] = band.reaches(copy) && may_repeat(band.back(copy));
        for (int rank = 0; rank < band.bars_known(); rank++)
            to[code_->riff() + rank] = may_repeat(band.row_source(code_->riff() + rank));
    }

    // A row may come back that agrees with what is given, rests nobody who must play and not everybody.
    bool may_repeat(const Row &row) const {
        bool sounds = false;
        for (int player = 0; player < band.players(); player++) {
            const int known = cell(player);
            sounds = sounds || row[player] != REST;
            if (known == OPEN_FREE ? row[player] == REST && must_play(player) : row[player] != known) return false;
        }
        return sounds;
    }

    using Leaning = std::vector<float>;

    const Code *code_ = nullptr;
    Facts facts_{};
    Leaning again_, pedal_, lead_, page_;
    std::vector<int> rests_, numbers_, plan_;
    int followed_ = 0, repeated_ = 0;
    double onsets_ = 0, blocks_ = 0;
};

}  // namespace lnh
