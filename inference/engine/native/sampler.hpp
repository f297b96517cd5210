// Draws one value from masked logits: the same steps as inference/engine/sampler.py.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "../rules/noise.hpp"
#include "lanes.hpp"

namespace lnh {

// Values that may come, in ascending order, with a weight each, and the largest weight of each sixteen. Scratch.
class Candidates {
  public:
    int size() const { return size_; }
    int value(int index) const { return values_[index]; }

    // `mask` holds 0 and 1; `leaning` may be null.
    void gather(const float *logits, const std::uint8_t *mask, const float *leaning, int size) {
        const std::size_t most = std::size_t(size) + LANES;
        if (weights_.size() < most) {
            weights_.resize(most);
            values_.resize(most);
        }
        size_ = 0;
        int first = 0;
        for (; first + 8 <= size; first += 8) {
            std::uint64_t eight;
            std::memcpy(&eight, mask + first, sizeof eight);
            for (; eight; eight &= eight - 1) take(first + __builtin_ctzll(eight) / 8, logits, leaning);
        }
        for (; first < size; first++)
            if (mask[first]) take(first, logits, leaning);
    }

    // Probabilities.
    void weigh(float temperature) {
        const Lanes cooler = all(temperature);
        Lanes most = all(-INFINITY);
        each([&](float *weight, int count) {
            const Lanes scaled = first_of(load(weight) / cooler, count, -INFINITY);
            most = larger(most, scaled);
            store(weight, scaled);
        });
        const Lanes top = all(largest(most));
        each([&](float *weight, int) { store(weight, exponential(load(weight) - top)); });
        float total = 0.0f;
        for (int i = 0; i < size_; i++) total += weights_[i];
        const Lanes whole = all(total);
        peaks_.clear();
        each([&](float *weight, int count) {
            const Lanes share = first_of(load(weight) / whole, count, TAKEN);
            peaks_.push_back(largest(share));
            store(weight, share);
        });
        while (peaks_.size() % LANES) peaks_.push_back(TAKEN);
    }

    // The most probable one that was not taken yet, the first of several; `weight` is its probability.
    int take_best(float &weight) {
        Lanes most = load(peaks_.data());
        for (std::size_t i = LANES; i < peaks_.size(); i += LANES) most = larger(most, load(peaks_.data() + i));
        weight = largest(most);
        std::size_t part = 0;
        while (part + LANES < peaks_.size() && !equal(load(peaks_.data() + part), all(weight))) part += LANES;
        part += lowest(equal(load(peaks_.data() + part), all(weight)));
        float *sixteen = weights_.data() + LANES * part;
        const int lane = lowest(equal(load(sixteen), all(weight)));
        sixteen[lane] = TAKEN;
        peaks_[part] = largest(load(sixteen));
        return values_[LANES * part + lane];
    }

  private:
    static constexpr float TAKEN = -1.0f;

    static int lowest(unsigned bits) { return bits ? __builtin_ctz(bits) : 0; }

    void take(int value, const float *logits, const float *leaning) {
        weights_[size_] = leaning ? logits[value] + leaning[value] : logits[value];
        values_[size_++] = value;
    }

    template <class Work>
    void each(Work &&work) {
        for (int i = 0; i < size_; i += LANES) work(weights_.data() + i, std::min(LANES, size_ - i));
    }

    int size_ = 0;
    std::vector<float> weights_, peaks_;
    std::vector<int> values_;
};

struct Taken {
    float weight;
    int value;
};

struct Hat {
    Candidates candidates;
    std::vector<Taken> kept;
};

// `leaning` may be null; `hat` is scratch. Nucleus sampling by inverting the cumulated probabilities.
static int draw(const float *logits, const std::uint8_t *mask, const float *leaning, int size, float temperature,
                float top_p, float noise, Hat &hat) {
    Candidates &candidates = hat.candidates;
    candidates.gather(logits, mask, leaning, size);
    if (candidates.size() <= 1) return candidates.value(0);
    candidates.weigh(temperature);
    std::vector<Taken> &kept = hat.kept;
    kept.clear();
    float cumulated = 0.0f;
    while (int(kept.size()) < candidates.size()) {
        Taken best;
        best.value = candidates.take_best(best.weight);
        const float next = cumulated + best.weight;
        if (!kept.empty() && next - best.weight >= top_p) break;  // those before it are enough
        cumulated = next;
        kept.push_back(best);
    }
    const float threshold = noise * cumulated;
    float passed = 0.0f;
    for (std::size_t index = 0; index + 1 < kept.size(); index++) {
        passed += kept[index].weight;
        if (passed > threshold) return kept[index].value;
    }
    return kept.back().value;
}

}  // namespace lnh
