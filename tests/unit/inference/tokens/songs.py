"""Random songs for property tests, in the terms of the band code."""

from hypothesis import strategies as st

from inference.music.pitch import Key, Mode
from inference.music.program import Role
from inference.music.spec import Player
from inference.tokens.arrangement import Arrangement, Header
from inference.tokens.block import Block
from inference.tokens.vocabulary import (
    DRUM_SET,
    DURATIONS,
    NONE,
    PITCH,
    POSITION,
    POSITIONS,
    VALUES,
    VELOCITIES,
    Step,
)

ROSTER = (Player.of(Role.DRUMS), Player.of(Role.BASS), Player.of(Role.RHYTHM), Player.of(Role.LEAD))
PITCHED_SHAPES, TOP = 8, 55  # all of them small enough to stay in the range of a bass

_velocities = st.integers(1, VELOCITIES - 1)
_drum_hits = st.builds(
    lambda position, value, velocity: Step(POSITION + position, value, NONE, NONE, velocity),
    st.integers(0, POSITIONS - 1),
    st.integers(DRUM_SET, VALUES - 1),
    _velocities,
)
_pitched_hits = st.builds(
    Step,
    st.integers(0, POSITIONS - 1).map(lambda position: POSITION + position),
    st.integers(PITCH + 33, PITCH + TOP),
    st.integers(1, PITCHED_SHAPES),
    st.integers(1, DURATIONS - 1),
    _velocities,
)


def _blocks(hits: st.SearchStrategy[Step]) -> st.SearchStrategy[Block]:
    unique = st.lists(hits, min_size=1, max_size=6, unique_by=lambda hit: hit.head)
    return unique.map(lambda chosen: Block(tuple(sorted(chosen))))


@st.composite
def arrangements(draw: st.DrawFn) -> Arrangement:
    """Up to 40 bars drawn from a few blocks a player, so that repeats of every kind occur."""
    pools = [
        draw(st.lists(_blocks(_drum_hits if player.is_drum else _pitched_hits), min_size=1, max_size=4))
        for player in ROSTER
    ]
    choices = st.tuples(*(st.sampled_from([None, *pool]) for pool in pools))
    rows = draw(st.lists(choices, min_size=1, max_size=40))
    header = Header((("metal", 1.0),), ROSTER, len(rows), 160.0, Key(4, Mode.MINOR), 4)
    return Arrangement(header, tuple(rows))
