"""What the service asks: copies are refused, and the bars that hold them named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.music.score import Meter, MeterChange, Note, Score, Track
from inference.music.units import TICKS_PER_GRID
from inference.originality.index import OriginalityIndex
from inference.originality.review import joined, review
from tests.fakes.scores import quartet_score
from tests.fakes.tunes import Notes, index_of, index_of_scores, later, score_of, tune

UNHURRIED = settings(max_examples=30, deadline=None)
BAR = 96
BAND = [score_of(tune(seed, 90), tune(seed + 50, 90), tune(seed + 100, 90)) for seed in range(6)]


@pytest.fixture(scope="module")
def bands() -> OriginalityIndex:
    return index_of_scores(*BAND)


def bars_of(score: Score, track: int, bars: range) -> Notes:
    notes = score.tracks[track].notes
    placed = [(note.tick // TICKS_PER_GRID, note.pitch) for note in notes]
    return [(at, pitch) for at, pitch in placed if at // BAR in bars]


def inside(host: Notes, guest: Notes, at_bar: int, transpose: int) -> Notes:
    """The host with eight bars taken over by the guest, whose first bar is 2."""
    kept = [(at, pitch) for at, pitch in host if not at_bar * BAR <= at < (at_bar + 8) * BAR]
    return sorted(kept + [(at + (at_bar - 2) * BAR, pitch + transpose) for at, pitch in guest])


def test_a_song_of_its_own_is_original(bands: OriginalityIndex) -> None:
    verdict = review(bands, score_of(tune(900, 200), tune(901, 200)))
    assert verdict.is_original
    assert verdict.longest_run < 32
    assert verdict.longest_bars == 0
    assert verdict.bars_to_rewrite == {}


def test_an_index_of_nothing_lets_everything_pass() -> None:
    assert review(index_of(), quartet_score(16)).is_original


@UNHURRIED
@given(song=st.integers(0, 5), bar=st.integers(0, 12), up=st.integers(-12, 12), down=st.integers(-12, 12))
def test_eight_bars_of_two_players_are_always_found(
    bands: OriginalityIndex, song: int, bar: int, up: int, down: int
) -> None:
    """In other keys, at another bar, and beside another player."""
    copied = [bars_of(BAND[song], track, range(2, 10)) for track in (0, 2)]
    hosts = [inside(tune(800 + track, 200), copied[track], bar, (up, down)[track]) for track in (0, 1)]
    verdict = review(bands, score_of(*hosts, tune(802, 200)))
    assert not verdict.is_original
    assert verdict.bars_to_rewrite.keys() == {0, 1}
    for (bars,) in verdict.bars_to_rewrite.values():
        # Neighbours that share six bars of it may pass for copies too.
        assert bar - 2 <= bars.start <= bar < bar + 8 <= bars.stop <= bar + 10
        assert len(bars) == verdict.longest_bars


def test_one_player_alone_may_quote_eight_bars(bands: OriginalityIndex) -> None:
    host = inside(tune(800, 200), bars_of(BAND[0], 0, range(2, 10)), 4, 0)
    verdict = review(bands, score_of(host, tune(801, 200)))
    assert verdict.is_original
    assert verdict.longest_run < 64


def test_players_of_different_songs_are_no_band(bands: OriginalityIndex) -> None:
    hosts = [inside(tune(800 + song, 200), bars_of(BAND[song], 0, range(2, 10)), 4, 0) for song in (0, 1)]
    assert review(bands, score_of(*hosts)).is_original


def test_a_long_run_of_one_player_names_its_bars() -> None:
    index = index_of(tune(1, 100))
    verdict = review(index, score_of(tune(700, 100), later(tune(701, 20), tune(1, 100), 12)))
    assert not verdict.is_original
    assert verdict.longest_run >= 100
    ((track, (bars,)),) = verdict.bars_to_rewrite.items()
    assert track == 1
    first, last = (later(tune(701, 20), tune(1, 100), 12)[at][0] // BAR for at in (20, -1))
    assert bars.start in (first - 1, first)
    assert bars.stop in (last + 1, last + 2)


def test_a_chug_with_leaps_is_common_property() -> None:
    """Sixteenths on one string with the same leap now and then: five symbols, whatever their order."""
    chug = [(6 * number, 45 if number % 13 in (5, 11) else 40) for number in range(300)]
    assert review(index_of(chug), score_of(chug)).is_original


def test_bars_are_those_of_the_songs_own_meter() -> None:
    notes = tune(1, 100)
    waltz = Score(score_of(notes).tracks, meters=(MeterChange(0, Meter(3, 4)),))
    ((bars,),) = review(index_of(notes), waltz).bars_to_rewrite.values()
    assert bars == range(notes[-1][0] // 72 + 1)


def test_joined_bars_are_as_few_ranges_as_can_be() -> None:
    assert joined([range(9, 12), range(0, 2), range(2, 4), range(3, 6)]) == (range(6), range(9, 12))
    assert joined([]) == ()


def test_drums_are_nobody_s() -> None:
    beat = Track("Drums", 0, True, tuple(Note(120 * at, 36 + at % 9, 60, 90) for at in range(200)))
    assert review(index_of(tune(1, 10)), Score((beat,))).bars_to_rewrite == {}
