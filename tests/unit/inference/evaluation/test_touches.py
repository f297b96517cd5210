"""Touches are tuned by a verb, and a genre with few real songs shares that of its kin."""

import json
import tomllib
from pathlib import Path

import pytest

from bot.commands.touch import with_touch
from bot.commands.trouble import CommandTrouble
from bot.settings import GENRES_FILE
from inference.evaluation import estimate, touches
from inference.music.touch import PLAIN, Touch
from tests.fakes.command_line import run_lnh
from tests.unit.inference.evaluation.strangers import furnish

CATALOGUE = """# Two genres.
[metal]
touch = { kick = 3 }
bars = 32

[rock]
bars = 16
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, which one is in, with a tiny checkpoint and a bank of three metal songs, two of them for validation."""
    furnish(tmp_path, ((33, "valid"), (36, "valid"), (40, "train"), (44, "test")), monkeypatch)
    monkeypatch.setattr(estimate, "RESAMPLES", 20)
    return tmp_path


def test_a_touch_is_tuned_by_the_verb(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(touches, "MIN_SONGS", 3)
    monkeypatch.setattr("inference.evaluation.leading.MOVES", {"kick": 0.8, "again": 0.25})
    (place / "mine.toml").write_text(CATALOGUE, encoding="utf-8")
    words = "touch --bank bank.npz --genres metal --songs 8 --steps 1 --out report --catalogue mine.toml"
    assert run_lnh(words, monkeypatch) == 0
    told = capsys.readouterr().out
    assert "L1, %: at present" in told
    assert "Kept: the touch " in told  # whichever: what one step finds may be no better
    known = json.loads((place / "report" / "touch.json").read_text(encoding="utf-8"))
    assert set(known["touches"]) == {"metal"}
    assert (place / "report" / "touch.toml").read_text(encoding="utf-8").startswith("# metal\ntouch = {")
    tables = tomllib.loads((place / "mine.toml").read_text(encoding="utf-8"))
    assert tables == {"metal": {"bars": 32, **known["touches"]["metal"]}, "rock": {"bars": 16}}


def test_a_touch_is_put_where_the_old_one_was() -> None:
    once = with_touch(CATALOGUE, "rock", "touch = { kick = 1 }")
    assert once == CATALOGUE + "touch = { kick = 1 }\n"
    assert with_touch(once, "rock", "touch = { kick = 2 }") == CATALOGUE + "touch = { kick = 2 }\n"
    with pytest.raises(CommandTrouble, match="no genre polka"):
        with_touch(CATALOGUE, "polka", "touch = {}")


def test_a_genre_with_few_real_songs_shares_the_touch_of_its_kin(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    untouched = with_touch(GENRES_FILE.read_text(encoding="utf-8"), "nu-metal", "touch = {}")
    (place / "genres.toml").write_text(untouched, encoding="utf-8")
    monkeypatch.setenv("LNH_MUSIC_GENRES", str(place / "genres.toml"))
    assert run_lnh("touch --bank bank.npz --genres nu-metal,metal --json", monkeypatch) == 0
    known = json.loads(capsys.readouterr().out)
    assert known["touches"]["nu-metal"]["touch"] == known["touches"]["metal"]["touch"]
    notes = [section["note"] for section in known["report"]["sections"]]
    assert all(f"{touches.MIN_SONGS} are needed" in note for note in notes)
    assert "It has 3 real songs" in notes[0], "songs of the test split are not counted"


def test_every_candidate_has_the_weights_that_are_set_and_not_searched() -> None:
    own, kin = Touch(kick=1.0, again=0.5, kit=1.2, full=0.3), Touch(kick=2.0, kit=0.9, smooth=0.5)
    assert touches.candidates(own, kin) == {
        touches.NOBODY_S: Touch(kit=1.2, full=0.3),
        touches.PRESENT: own,
        touches.BAND_S: Touch(kick=1.0, kit=1.2, full=0.3),
        touches.KIN_S: Touch(kick=2.0, kit=1.2, full=0.3),
    }
    fresh = touches.candidates(PLAIN, kin)
    assert fresh == {touches.NOBODY_S: Touch(kit=0.9, smooth=0.5), touches.KIN_S: kin}
