"""A song made of another, from the command line."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.domain.blend import read_blend
from inference.midi import write_midi
from inference.music.edit import Operation
from inference.music.errors import InvalidSpec, UnknownGenre
from tests.fakes.command_line import Lnh
from tests.fakes.scores import quartet_score
from tests.fakes.service import Service
from tests.fakes.songs import CATALOGUE


@pytest.fixture
def song(tmp_path: Path) -> str:
    path = tmp_path / "song.mid"
    path.write_bytes(write_midi(quartet_score(16)))
    return str(path)


def last_line(lnh: Lnh) -> str:
    return lnh.err.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "bars"),
    [
        (["continue", "--bars", "4"], 20),
        (["extend"], 24),
        (["extend", "--bars", "16"], 32),
        (["replace", "--players", "lead,bass", "--bars", "9-12"], 16),
        (["accompany", "--genre", "jazz"], 16),
        (["vary", "--strength", "0.5", "--players", "rhythm"], 16),
        (["remix", "--genre", "funk-soul", "--tempo", "96", "--keep", "lead", "--strict-key"], 16),
    ],
)
def test_every_operation_reaches_the_engine(
    lnh: Lnh, service: Service, song: str, words: Sequence[str], bars: int
) -> None:
    verb, *options = words
    lnh(verb, song, *options, "--seed", "7", "--format", "mid", "--json")
    assert lnh.status == 0, lnh.err
    spec = service.engine.submitted[0].spec
    assert spec.edit is not None
    assert (spec.edit.operation, spec.bars) == (Operation(verb), bars)
    printed = json.loads(lnh.out)
    assert printed["recipe"]["edit"]["operation"] == verb
    assert printed["recipe"]["seed"] == 7


def test_what_is_said_of_an_edit_is_what_is_asked_for(lnh: Lnh, service: Service, song: str) -> None:
    lnh("replace", song, "--players", "Lead, bass", "--bars", "9-12", "--title", "New", "--format", "mid")
    replaced = service.engine.submitted[0].spec
    assert replaced.edit is not None
    assert (replaced.edit.players, replaced.edit.bars, replaced.title) == (("lead", "bass"), (9, 12), "New")
    lnh("remix", song, "--genre", "funk-soul", "--tempo", "96", "--keep", "lead", "--key", "Am", "--format", "mid")
    remixed = service.engine.submitted[1].spec
    assert remixed.edit is not None
    assert (remixed.edit.keep, remixed.tempo, str(remixed.key)) == (("lead",), 96.0, "Am")
    assert remixed.main_genre == "funk-soul"


def test_an_edited_song_is_played_again_from_its_file_alone(lnh: Lnh, service: Service, song: str) -> None:
    printed = json.loads(lnh("vary", song, "--seed", "7", "--format", "mid", "--json").out)
    Path(song).unlink()
    lnh("replay", printed["files"]["mid"], "--out", "again", "--json")
    assert lnh.status == 0, lnh.err
    again = json.loads(lnh.out)
    assert again["identical"] is True
    assert Path(again["files"]["mid"]).read_bytes() == Path(printed["files"]["mid"]).read_bytes()


def test_a_blend_reaches_the_engine_with_its_weights(lnh: Lnh, service: Service) -> None:
    lnh("blend", "metal:3,jazz:1", "--bars", "8", "--meter", "3/4", "--strict-key", "--format", "mid")
    assert lnh.status == 0, lnh.err
    spec = service.engine.submitted[0].spec
    assert spec.genres == (("metal", 0.75), ("jazz", 0.25))
    assert (str(spec.meter), spec.strict_key) == ("3/4", True)


def test_meter_and_strict_key_of_a_new_song_reach_the_engine(lnh: Lnh, service: Service) -> None:
    lnh("compose", "rock", "--meter", "6/8", "--strict-key", "--format", "mid")
    assert lnh.status == 0, lnh.err
    assert (str(service.engine.submitted[0].spec.meter), service.engine.submitted[0].spec.strict_key) == ("6/8", True)
    lnh("compose", "rock", "--meter", "5/4")
    assert (lnh.status, last_line(lnh)) == (1, "lnh: Meter is one of 4/4, 3/4, 6/8, 2/4, 2/2, not “5/4”.")


@pytest.mark.parametrize(
    ("words", "trouble"),
    [
        (["extend", "--bars", "99"], "I add 1 to 64 bars, not 99."),
        (["replace"], "Say what to replace: players such as lead, bars such as 9-16, or both."),
        (["replace", "--bars", "9-99"], "This song has 16 bars; there are no bars 9-99."),
        (["replace", "--players", "sitar"], "There is no “sitar” in this song; there are drums, bass, rhythm, lead."),
        (["replace", "--bars", "0-3"], "Bars are counted from 1, so there are no bars 0-3."),
        (["replace", "--bars", "16-9"], "Bars go from the first to the last, such as 9-16, not 16-9."),
        (["vary", "--strength", "7"], "The strength is a number above 0 and at most 1, not 7."),
        (["vary", "--genre", "metl"], "I do not play “metl”; did you mean metal, nu-metal or prog?"),
    ],
)
def test_a_wrong_wish_gets_one_sentence(
    lnh: Lnh, service: Service, song: str, words: Sequence[str], trouble: str
) -> None:
    verb, *options = words
    lnh(verb, song, *options)
    assert (lnh.status, last_line(lnh)) == (1, f"lnh: {trouble}")


def test_the_genre_of_an_edit_may_be_a_blend(lnh: Lnh, service: Service, song: str) -> None:
    lnh("remix", song, "--genre", "metal:3+jazz", "--format", "mid")
    assert lnh.status == 0, lnh.err
    assert service.engine.submitted[0].spec.genres == (("metal", 0.75), ("jazz", 0.25))


def test_genres_have_weights_and_no_ratio(lnh: Lnh) -> None:
    lnh("blend", "metal,jazz", "--ratio", "0.25")
    assert lnh.status == 1
    assert last_line(lnh) == "lnh: the ratio is for two songs; genres have weights, such as metal:0.7,jazz:0.3"


def test_a_blend_of_a_file_that_is_not_there_says_so(lnh: Lnh) -> None:
    lnh("blend", "typo.mid")
    assert (lnh.status, last_line(lnh)) == (1, "lnh: typo.mid cannot be read: No such file or directory")


def test_a_blend_of_one_song_asks_for_the_other(lnh: Lnh, service: Service, song: str) -> None:
    lnh("blend", song)
    assert lnh.status == 1
    assert last_line(lnh) == f"lnh: name the song to blend {song} with too, such as lnh blend {song} SECOND.mid"


@pytest.mark.parametrize(
    ("content", "trouble"),
    [
        (b"", "is empty"),
        (b"MThd, or so it says", "This is not a MIDI file I can read."),
        (bytes(600_000), "larger than the 512 KiB"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_file_that_is_no_song_gets_one_sentence(
    lnh: Lnh, service: Service, content: bytes | None, trouble: str
) -> None:
    if content is not None:
        Path("odd.mid").write_bytes(content)
    lnh("extend", "odd.mid")
    assert lnh.status == 1
    assert trouble in last_line(lnh)


def test_blends_are_read_in_every_way_people_write_them() -> None:
    assert read_blend("metal:0.7,jazz:0.3", CATALOGUE) == (("metal", 0.7), ("jazz", 0.3))
    assert read_blend("metal, thrash, jazz", CATALOGUE)[0] == ("metal", 2 / 3)
    for wrong in ("metal", "metal:0,jazz:1", "metal:x,jazz", "metal:nan,jazz:1", "metal,thrash", ""):
        with pytest.raises(InvalidSpec):
            read_blend(wrong, CATALOGUE)
    with pytest.raises(UnknownGenre):
        read_blend("metal,polka-core", CATALOGUE)
