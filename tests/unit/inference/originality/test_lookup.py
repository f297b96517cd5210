"""Copies are found wherever they stand; what nobody wrote before is not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.music.score import Score, Track
from inference.originality.index import OriginalityIndex
from inference.originality.lookup import LONGEST_FREE_RUN, look_up
from tests.fakes.scores import quartet_score
from tests.fakes.tunes import Notes, index_of, later, score_of, tune

UNHURRIED = settings(max_examples=40, deadline=None)

KNOWN = [tune(seed, 400) for seed in range(20)]
RUN = 64


@pytest.fixture(scope="module")
def index() -> OriginalityIndex:
    return index_of(*KNOWN)


def moved(notes: Notes, transpose: int) -> Notes:
    return [(at, pitch + transpose) for at, pitch in notes]


@UNHURRIED
@given(
    song=st.integers(0, len(KNOWN) - 1),
    start=st.integers(0, 400 - RUN),
    before=st.integers(0, 150),
    after=st.integers(0, 150),
    transpose=st.integers(-12, 12),
    shift=st.integers(1, 200),
)
def test_a_planted_run_of_64_notes_is_always_found(
    index: OriginalityIndex, song: int, start: int, before: int, after: int, transpose: int, shift: int
) -> None:
    planted = moved(KNOWN[song][start : start + RUN], transpose)
    opening = later([], tune(5000 + song, before), shift)
    notes = later(later(opening, planted, shift), tune(6000 + song, after), shift)
    originality = look_up(index, score_of(tune(7000, 50), notes))
    assert not originality.is_free
    assert originality.certain_run <= RUN <= originality.longest_run
    (track,) = (track for track in originality.tracks if track.copied)
    assert track.number == 1
    assert originality.nearest == track
    (passage,) = track.copied
    assert passage.first_tick <= notes[before][0] * 20
    assert passage.last_tick >= notes[before + RUN - 1][0] * 20
    assert RUN <= passage.notes <= RUN + 8


@UNHURRIED
@given(seed=st.integers(1000, 4000))
def test_a_random_song_is_free(index: OriginalityIndex, seed: int) -> None:
    originality = look_up(index, score_of(tune(seed, 300), tune(seed + 5000, 300)))
    assert originality.is_free
    assert originality.certain_run == 0
    assert originality.longest_run <= 24
    assert originality.share(16) < 0.05
    assert originality.share(32) == originality.share(64) == 0


@UNHURRIED
@given(run=st.integers(16, RUN - 1), start=st.integers(0, 300), song=st.integers(0, len(KNOWN) - 1))
def test_a_shorter_run_is_measured_but_free(index: OriginalityIndex, run: int, start: int, song: int) -> None:
    notes = later(tune(5001, 100), KNOWN[song][start : start + run], 7)
    originality = look_up(index, score_of(later(notes, tune(5002, 100), 9)))
    assert originality.certain_run <= run <= originality.longest_run
    # A window of 64 with 60 of its notes known passes for known.
    assert originality.is_free or run >= 60
    assert originality.longest_run <= max(run + 8, LONGEST_FREE_RUN if run > 24 else 0)


@UNHURRIED
@given(strikes=st.lists(st.booleans(), min_size=64, max_size=300), wait=st.integers(1, 48), leap=st.integers(1, 24))
def test_a_tremolo_never_counts(strikes: list[bool], wait: int, leap: int) -> None:
    """Two pitches in even time: up, down and again are all its symbols, in whatever order."""
    notes = [(number * wait, 50 + strike * leap) for number, strike in enumerate(strikes)]
    originality = look_up(index_of(notes), score_of(notes))
    assert originality.tracks[0].counted == originality.tracks[0].found == (0, 0, 0)
    assert originality.is_free
    assert originality.certain_run == 0


def test_a_tremolo_in_a_copied_run_does_not_part_it() -> None:
    riff = tune(1, 60)
    tremolo = later(riff, [(number * 6, 40) for number in range(100)], 5)
    notes = later(tremolo, tune(2, 60), 6)
    track = look_up(index_of(notes), score_of(notes)).tracks[0]
    assert track.counted[-1] < len(notes) - RUN
    assert track.at_most == len(notes)


def test_a_song_that_was_indexed_is_found_whole(index: OriginalityIndex) -> None:
    originality = look_up(index, score_of(KNOWN[3]))
    assert [originality.share(notes) for notes in (16, 32, 64)] == [1, 1, 1]
    assert originality.longest_run == 400
    assert [passage.notes for passage in originality.tracks[0].copied] == [400]


def test_chords_count_by_their_lowest_note_and_drums_not_at_all(index: OriginalityIndex) -> None:
    score = score_of(KNOWN[0])
    chords = score_of(KNOWN[0], moved(KNOWN[0], 7))
    joined = Track("Guitar", 30, False, tuple(sorted(note for track in chords.tracks for note in track.notes)))
    assert look_up(index, Score((joined,))).longest_run == look_up(index, score).longest_run == 400
    drums = Track("Drums", 0, True, score.tracks[0].notes)
    assert look_up(index, Score((drums,))).tracks == ()


def test_a_song_without_a_melody_is_free(index: OriginalityIndex) -> None:
    originality = look_up(index, Score((Track("Piano", 0, False, ()),)))
    assert originality.nearest is None
    assert (originality.is_free, originality.longest_run, originality.certain_run) == (True, 0, 0)
    assert originality.share(16) == 0


def test_an_index_of_nothing_lets_everything_pass() -> None:
    assert look_up(index_of(), quartet_score(16)).longest_run < 16
