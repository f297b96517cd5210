"""Whatever lies in a stranger's folder, a bank is built from the rest."""

import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.midi import write_midi
from inference.training.bank import build_bank
from inference.training.corpus import Prepared, Source, Unsuitable, prepare, read_folder
from tests.fakes.scores import quartet_score, single_note_score

WHOLE = write_midi(quartet_score(9))


def _outcome(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    try:
        outcome = prepare(Source(path, "metal", "train"))
    except Unsuitable as reason:
        return str(reason)
    assert isinstance(outcome, Prepared)
    return "kept"


def test_a_file_cut_at_any_byte_is_kept_or_has_a_reason(tmp_path: Path) -> None:
    short = write_midi(quartet_score(1))
    outcomes = {_outcome(tmp_path / "cut.mid", short[:length]) for length in range(len(short))}
    assert "unreadable" in outcomes
    assert all(outcomes)


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=30))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_with_wrong_bytes_is_kept_or_has_a_reason(tmp_path: Path, wrong: list[tuple[int, int]]) -> None:
    content = bytearray(WHOLE)
    for place, value in wrong:
        content[place] = value
    assert _outcome(tmp_path / "wrong.mid", bytes(content))


def _with_tracks(count: int, body: bytes) -> bytes:
    track = b"MTrk" + struct.pack(">I", len(body)) + body
    return b"MThd" + struct.pack(">IHHH", 6, 1, count, 480) + track * count


NOTE = bytes([0, 0x90, 60, 90, 0x60, 0x80, 60, 0])
END = bytes([0, 0xFF, 0x2F, 0])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (_with_tracks(400, NOTE + END), "too many tracks, notes, changes or quarters"),
        (
            _with_tracks(1, bytes([0xFF, 0xFF, 0xFF, 0x7F]) + NOTE[1:] + END),
            "too many tracks, notes, changes or quarters",
        ),
        (_with_tracks(3, END), "no notes"),
        (_with_tracks(0, b""), "no notes"),
        (b"", "unreadable"),
        (bytes(600_000), "more than 512 KiB"),
        (_with_tracks(2, NOTE + END).replace(struct.pack(">H", 480), bytes(2)), "unreadable"),
        (write_midi(single_note_score()), "fewer than 8 bars in one meter"),
    ],
    ids=["400 tracks", "far", "silent", "no tracks", "empty", "large", "no resolution", "short"],
)
def test_what_cannot_be_learned_from_has_a_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    assert _outcome(tmp_path / "odd.mid", content) == reason


def test_times_that_run_over_are_not_kept_as_negative_ones(tmp_path: Path) -> None:
    leap = bytes([0xFF, 0xFF, 0xFF, 0x7F])
    body = (leap + NOTE[1:]) * 12 + END
    assert _outcome(tmp_path / "over.mid", _with_tracks(2, body)) in (
        "too many tracks, notes, changes or quarters",
        "unreadable",
        "no notes",
    )


def test_a_folder_that_is_not_a_file_of_music_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "looks like.mid").mkdir()
    (tmp_path / "gone.mid").symlink_to(tmp_path / "nowhere.mid")
    (tmp_path / "good.mid").write_bytes(WHOLE)
    assert build_bank(read_folder(tmp_path)).counts == {"kept": 1, "cannot be opened": 1}
