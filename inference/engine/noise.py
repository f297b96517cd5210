"""Random numbers by address instead of by stream: the same seed, step and field give the same number in any batch.

The mixing function is SplitMix64's (Steele, Lea and Flood, 2014).
"""

_MASK = 2**64 - 1
_GOLDEN = 0x9E3779B97F4A7C15


def uniform(seed: int, step: int, field: int) -> float:
    """A number in [0, 1) for one field of one step of one song."""
    return (_mix(_mix(_mix(seed) ^ step) ^ field) >> 11) / 2**53


def _mix(value: int) -> int:
    value = (value + _GOLDEN) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)
