"""Features of tracks, and the overlap of distances between them."""

import numpy as np
import pytest

from inference.evaluation.overlap import (
    FEATURES,
    DistanceOverlap,
    feature_table,
    inter_onset_interval,
    note_count,
    pitch_class_shares,
    pitch_count,
    pitch_range,
)
from inference.music.score import Note, Track
from inference.music.units import PPQ

RIFF = Track(
    "Riff", 30, False, (Note(0, 40, PPQ, 90), Note(0, 52, PPQ, 90), Note(PPQ, 43, PPQ, 90), Note(3 * PPQ, 40, 9, 9))
)
SILENCE = Track("Riff", 30, False, ())
DRUMS = Track("Drums", 0, True, RIFF.notes)


def test_features_of_a_riff() -> None:
    assert pitch_count(RIFF) == 3
    assert pitch_range(RIFF) == 12
    assert inter_onset_interval(RIFF) == 1.5
    assert note_count(RIFF) == 4
    assert pitch_class_shares(RIFF)[[4, 7]].tolist() == [0.75, 0.25]


def test_silent_tracks_have_no_features_and_drums_no_pitch_classes() -> None:
    for feature in FEATURES:
        table = feature_table([RIFF, SILENCE], feature)
        assert table is not None
        assert not np.isnan(table[0]).any()
        assert np.isnan(table[1]).all()
    assert feature_table([DRUMS], "pitch class histogram") is None
    assert feature_table([DRUMS], "density") is not None


@pytest.mark.parametrize(("shift", "area"), [(0, 1.0), (2, 0.3173), (10, 0.0)])  # 2 Phi(-shift / 2)
def test_normal_distances_overlap_as_the_formula_says(shift: int, area: float) -> None:
    deviation, half, others = 20, np.arange(150), np.arange(150, 300)
    cells = np.rint(np.random.default_rng(1).normal(150, deviation, (1, 300, 300))).astype(np.int64)
    cells[:, :150, 150:] += shift * deviation
    assert DistanceOverlap(cells)(half, others) == pytest.approx(area, abs=0.03)


def test_music_of_another_kind_overlaps_less_than_music_of_the_same() -> None:
    rng = np.random.default_rng(2)
    values = np.concatenate([rng.normal(0, 1, 40), rng.normal(6, 1, 20)])[:, None]
    overlap = DistanceOverlap.of([values])
    half, others, strangers = np.arange(20), np.arange(20, 40), np.arange(40, 60)
    assert overlap(half, others) > 0.8
    assert overlap(half, strangers) < 0.3


def test_pieces_without_the_track_are_left_out() -> None:
    values = np.array([[0.0], [1.0], [2.0], [np.nan], [1.0], [0.5]])
    overlap = DistanceOverlap.of([values])
    assert overlap(np.arange(4), np.array([4, 5])) == overlap(np.arange(3), np.array([4, 5]))
    assert np.isnan(overlap(np.arange(3), np.array([3])))
