// Draws one value from weighed logits: inference/engine/sampler.py for a team.
#pragma once

#include "parts.hpp"

namespace lnh {

constexpr int ROOM = 512;
constexpr float NOT_ALLOWED = -3.0e38f;
static_assert(WIDEST <= ROOM, "the widest field fits into the room for sorting");

// Shared by a team while it draws.
struct Draw {
    float weights[ROOM], sums[ROOM], more[ROOM];
    u64 keys[ROOM];
    i32 kept, drawn;
};

// Descending by weight, then ascending by value: bitonic, the same comparisons whatever the weights.
LNH_FN void sort(const Team &team, u64 *keys, int count) {
    for (int run = 2; run <= count; run *= 2)
        for (int apart = run / 2; apart; apart /= 2)
            team.each(count / 2, [=](int pair) {
                const int low = pair / apart * apart * 2 + pair % apart, high = low + apart;
                const bool down = (low & run) == 0;
                if ((keys[low] < keys[high]) == down) {
                    const u64 other = keys[low];
                    keys[low] = keys[high];
                    keys[high] = other;
                }
            });
}

// Sums of the first ones, each with those before it (Hillis and Steele, 1986); the result is in `from`.
LNH_FN void cumulate(const Team &team, float *from, float *to, int count) {
    for (int apart = 1; apart < count; apart *= 2) {
        team.each(count, [=](int i) { to[i] = i >= apart ? from[i] + from[i - apart] : from[i]; });
        team.each(count, [=](int i) { from[i] = to[i]; });
    }
}

// `room.weights` holds `size` logits, NOT_ALLOWED for what must not come; `room.drawn` becomes the value.
LNH_FN void draw(const Team &team, Draw &room, int size, float top_p, float noise) {
    int padded = 2;
    while (padded < size) padded *= 2;
    team.each(size, [&](int i) { room.more[i] = room.weights[i]; });
    find_largest(team, room.more, size);
    team.each(size, [&](int i) {
        room.weights[i] = room.weights[i] == NOT_ALLOWED ? 0.0f : expf(room.weights[i] - room.more[0]);
        room.sums[i] = room.weights[i];
    });
    add_up(team, room.sums, size);
    team.each(padded, [&](int i) {
        const float weight = i < size ? room.weights[i] / room.sums[0] : 0.0f;
        // Not negative, so that their bits are in the order of the numbers.
        room.keys[i] = u64(as_bits(weight)) << 32 | u32(~i);
    });
    sort(team, room.keys, padded);
    team.each(padded, [&](int i) { room.weights[i] = room.sums[i] = from_bits(u32(room.keys[i] >> 32)); });
    cumulate(team, room.sums, room.more, padded);
    // Those that count: some of the first ones. `more` says of each whether it is one, `keys` keeps the values.
    team.each(padded, [&](int i) {
        const bool counts = room.weights[i] > 0.0f && (i == 0 || room.sums[i] - room.weights[i] < top_p);
        room.more[i] = counts ? 1.0f : 0.0f;
    });
    add_up(team, room.more, padded);
    team.once([&] { room.kept = larger(1, i32(room.more[0])); });
    team.each(padded, [&](int i) {
        room.more[i] = i + 1 < room.kept && room.sums[i] <= noise * room.sums[room.kept - 1] ? 1.0f : 0.0f;
    });
    add_up(team, room.more, padded);
    team.once([&] { room.drawn = i32(~u32(room.keys[i32(room.more[0])])); });
}

}  // namespace lnh
