// Draws one value from masked logits: the same steps as inference/engine/sampler.py.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "../rules/noise.hpp"
#include "lanes.hpp"

namespace lnh {

constexpr std::size_t SORTED_AT_ONCE = 12;

struct Weighed {
    float weight;
    int value;
};

// `leaning` may be null; `room` is scratch. Nucleus sampling by inverting the cumulated probabilities.
static int draw(const float *logits, const std::uint8_t *mask, const float *leaning, int size, float temperature,
                float top_p, float noise, std::vector<Weighed> &room) {
    room.clear();
    float most = -INFINITY;
    for (int value = 0; value < size; value++) {
        if (!mask[value]) continue;
        const float scaled = (leaning ? logits[value] + leaning[value] : logits[value]) / temperature;
        most = std::max(most, scaled);
        room.push_back({scaled, value});
    }
    if (room.size() == 1) return room[0].value;
    float total = 0.0f;
    for (std::size_t first = 0; first < room.size(); first += LANES) {
        float lane[LANES];
        const std::size_t count = std::min<std::size_t>(LANES, room.size() - first);
        for (std::size_t i = 0; i < LANES; i++) lane[i] = i < count ? room[first + i].weight - most : -87.0f;
        store(lane, exponential(load(lane)));
        for (std::size_t i = 0; i < count; i++) total += room[first + i].weight = lane[i];
    }
    for (Weighed &one : room) one.weight /= total;
    const auto before = [](const Weighed &a, const Weighed &b) {
        return a.weight != b.weight ? a.weight > b.weight : a.value < b.value;
    };
    float cumulated = 0.0f;
    std::size_t kept = 0, sorted = 0;
    while (kept < room.size()) {
        if (kept == sorted) {
            // Seldom more than the first few count.
            sorted = std::min(room.size(), sorted + SORTED_AT_ONCE);
            std::partial_sort(room.begin() + kept, room.begin() + sorted, room.end(), before);
        }
        const float next = cumulated + room[kept].weight;
        if (kept && next - room[kept].weight >= top_p) break;
        cumulated = next;
        kept++;
    }
    const float threshold = noise * cumulated;
    float passed = 0.0f;
    for (std::size_t index = 0; index + 1 < kept; index++) {
        passed += room[index].weight;
        if (passed > threshold) return room[index].value;
    }
    return room[kept - 1].value;
}

}  // namespace lnh
