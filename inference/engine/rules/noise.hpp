// Numbers that look random and follow from their place: inference/engine/noise.py.
#pragma once

#include "plain.hpp"

namespace lnh {

LNH_FN u64 mix(u64 value) {
    value += 0x9E3779B97F4A7C15ull;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ull;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBull;
    return value ^ (value >> 31);
}

// In 0..1, rounded to single precision as the reference does.
LNH_FN float uniform(u64 seed, u64 step, u64 field) {
    return float(double(mix(mix(mix(seed) ^ step) ^ field) >> 11) / 9007199254740992.0);
}

}  // namespace lnh
