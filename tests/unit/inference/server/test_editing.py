"""An edit over the wire: a hostile file is refused in a sentence, and a recipe alone plays the edited song again."""

import base64
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.api import EditBody, ErrorCode, SongBody, SongState
from inference.midi import read_midi, write_midi
from inference.music.edit import Operation
from inference.music.genre import load_catalogue
from inference.music.packed import MAX_SOURCE_BYTES, PACKED_MARK
from inference.music.pitch import Key
from inference.music.recipe import RECIPE_MARK, Recipe
from inference.music.score import Meter, Note, Score, Track
from inference.music.spec import SamplingParams, SongSpec
from inference.server.order import Order, take_order
from inference.server.refusal import Refusal
from inference.server.sent_song import with_source_read
from inference.server.stages import with_recipe
from tests.fakes.scores import quartet_score
from tests.fakes.service import GENRES, running_service
from tests.fakes.writing import write_at_random

CATALOGUE = load_catalogue(GENRES)


def sent(score: Score) -> str:
    return base64.b64encode(write_midi(score)).decode()


def ordered(midi: str, operation: str, **wishes: Any) -> Order:
    """What the service makes of a request."""
    edit = {name: wishes.pop(name) for name in ("bars", "players", "keep", "strength") if name in wishes}
    body = SongBody(edit=EditBody(operation=Operation(operation), midi=midi, **edit), seed=7, **wishes)
    return take_order(with_source_read(body, CATALOGUE), CATALOGUE, "weights")


def song_of_the_band(bars: int = 12) -> Score:
    """A quartet with a recipe in its file, whose key and genre its notes would not tell."""
    spec = CATALOGUE.complete(SongSpec((("punk", 1.0),), bars=bars, key=Key.parse("C#m"), title="Rust"), 3)
    return replace(quartet_score(bars), meta=(RECIPE_MARK + Recipe("weights", spec, SamplingParams(3)).to_json(),))


EDITS: list[tuple[str, dict[str, Any]]] = [
    ("continue", {"bars": "4"}),
    ("extend", {}),
    ("replace", {"players": ["lead"], "bars": "3-6"}),
    ("replace", {"bars": "5-8"}),
    ("accompany", {"genre": "jazz"}),
    ("vary", {"strength": 0.5}),
    ("remix", {"genre": "funk-soul", "tempo": 96.0, "key": "Am", "keep": ["lead"]}),
    ("remix", {"strength": 0.5}),
]


def test_who_accompanies_has_the_density_that_is_asked_for_or_none() -> None:
    asked, unasked = (ordered(sent(song_of_the_band()), "accompany", genre="jazz", density=one) for one in (3, None))
    assert (asked.spec.density, unasked.spec.density) == (3, None)


@pytest.mark.parametrize(("operation", "wishes"), EDITS)
def test_the_recipe_in_the_file_plays_the_edited_song_again(operation: str, wishes: dict[str, Any]) -> None:
    order = ordered(sent(song_of_the_band()), operation, **wishes)
    file = write_midi(with_recipe(write_at_random(order.spec, 7), order.recipe), order.spec.key)

    recipe = Recipe.from_meta(read_midi(file).meta)
    assert recipe.spec.edit is not None
    asked = recipe.spec
    again = SongBody(
        genre=dict(asked.genres),
        edit=EditBody.of(recipe.spec.edit),
        key=str(asked.key),
        tempo=asked.tempo,
        meter=str(asked.meter),
        band=[{"role": player.role, "program": player.program} for player in asked.roster or ()],  # type: ignore[list-item]
        density=asked.density,
        title=asked.title,
        seed=recipe.sampling.seed,
    )
    same = take_order(with_source_read(again, CATALOGUE), CATALOGUE, "weights")
    assert same.spec == order.spec
    assert write_midi(with_recipe(write_at_random(same.spec, 7), order.recipe), same.spec.key) == file


def test_genre_key_and_title_come_from_the_recipe_inside_the_file() -> None:
    spec = ordered(sent(song_of_the_band()), "vary").spec
    assert (spec.genres, str(spec.key), spec.title) == ((("punk", 1.0),), "C#m", "Rust (varied)")
    again = ordered(sent(with_recipe(song_of_the_band(), Recipe("weights", spec, SamplingParams(1)))), "extend").spec
    assert again.title == "Rust (extended)"


def test_a_strangers_file_is_taken_for_the_genre_whose_band_it_has() -> None:
    spec = ordered(sent(quartet_score(8)), "extend").spec
    assert spec.main_genre in CATALOGUE.names
    assert spec.roster is not None
    assert [player.role.value for player in spec.roster] == ["drums", "bass", "rhythm", "lead"]
    assert spec.tempo == 160.0


def test_a_remix_without_a_genre_keeps_band_and_tempo_and_with_one_takes_its_band() -> None:
    same = ordered(sent(song_of_the_band()), "remix").spec
    other = ordered(sent(song_of_the_band()), "remix", genre="jazz").spec
    assert (same.tempo, same.main_genre) == (160.0, "punk")
    assert set(other.roster or ()) == set(CATALOGUE.find("jazz").roster)
    assert other.tempo == 160.0 or CATALOGUE.find("jazz").tempo_range[1] < 160


@pytest.mark.parametrize(
    ("operation", "wishes", "words"),
    [
        ("extend", {"bars": "3-6"}, "how many bars to add"),
        ("extend", {"meter": "3/4"}, "keeps its meter, 4/4"),
        ("extend", {"band": [{"role": "keys"}]}, "keeps its band; remix"),
        ("replace", {"bars": "1-99"}, "this song has 12 bars"),
        ("replace", {"players": ["sitar"]}, "there is no “sitar”"),
        ("replace", {"bars": "x"}, "no range of bars"),
        ("vary", {"bars": "9-16", "genre": "polka-core"}, "this song has 12 bars|I do not play"),
        ("remix", {"key": "H"}, "is not a key"),
        ("vary", {"tempo": 40, "key": "Q"}, "is not a key"),
    ],
)
def test_what_cannot_be_done_to_the_song_is_refused(operation: str, wishes: dict[str, Any], words: str) -> None:
    with pytest.raises(Refusal, match=words):
        ordered(sent(song_of_the_band()), operation, **wishes)


@pytest.mark.parametrize(
    "midi",
    [
        "not base64!",
        "Blätter",
        base64.b64encode(b"MThd nonsense").decode(),
        base64.b64encode(bytes(MAX_SOURCE_BYTES + 1)).decode(),
        PACKED_MARK + "AAAA",
        sent(Score((Track("", 0, False, (Note(0, 60, 480, 90),)),), meters=quartet_score(1).meters))[:40],
    ],
)
def test_a_song_that_is_none_is_refused_as_bad_midi(midi: str) -> None:
    with pytest.raises(Refusal) as refusal:
        ordered(midi, "extend")
    assert refusal.value.detail.code is ErrorCode.BAD_MIDI


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_damaged_file_is_refused_or_edited_but_never_breaks(drawn: st.DataObject) -> None:
    content = bytearray(write_midi(quartet_score(4)))
    if drawn.draw(st.booleans()):
        content = content[: drawn.draw(st.integers(0, len(content)))]
    else:
        for _ in range(drawn.draw(st.integers(1, 8))):
            content[drawn.draw(st.integers(0, len(content) - 1))] = drawn.draw(st.integers(0, 255))
    with suppress(Refusal):
        assert ordered(base64.b64encode(bytes(content)).decode() or "-", "extend", bars="1").spec.bars


def test_one_note_can_be_continued() -> None:
    single = Score((Track("", 0, False, (Note(0, 60, 480, 90),)),))
    spec = ordered(sent(single), "continue").spec
    assert spec.bars == 17
    assert write_at_random(spec, 7).tracks[0].notes[0] == Note(0, 60, 480, 90)


def test_a_waltz_stays_one() -> None:
    notes = tuple(Note(at * 480, 60 + at % 12, 400, 90) for at in range(36))
    waltz = Score((Track("", 0, False, notes),), meters=(replace(quartet_score(1).meters[0], meter=Meter(3, 4)),))
    spec = ordered(sent(waltz), "extend", bars="4").spec
    assert (str(spec.meter), spec.bars) == ("3/4", 16)
    assert str(write_at_random(spec, 7).meters[0].meter) == "3/4"


@pytest.mark.parametrize("operation", ["extend", "vary", "remix"])
def test_a_song_alla_breve_stays_one(operation: str) -> None:
    score = quartet_score(8)
    breve = replace(score, meters=(replace(score.meters[0], meter=Meter(2, 2)),))
    spec = ordered(sent(breve), operation).spec
    assert str(spec.meter) == "2/2"
    assert str(write_at_random(spec, 7).meters[0].meter) == "2/2"
    assert str(ordered(sent(breve), operation, meter="2/2").spec.meter) == "2/2"
    assert str(ordered(sent(breve), operation, meter="4/4").spec.meter) == "4/4"  # as older recipes say
    with pytest.raises(Refusal, match="keeps its meter, 2/2"):
        ordered(sent(breve), operation, meter="3/4")


async def test_an_edit_is_asked_for_over_http(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        edit = {"operation": "vary", "midi": sent(song_of_the_band()), "strength": 0.4}
        status = await service.compose(genre=None, edit=edit, seed=7, formats=["mid"])
        service.engine.play_on()
        done = await service.until(status.id, SongState.DONE)
        assert done.genre == "punk"
        assert done.recipe is not None
        assert done.recipe["edit"]["operation"] == "vary"
        job = service.engine.submitted[-1]
        assert job.spec.edit is not None
        assert job.spec.edit.source.startswith(PACKED_MARK)


async def test_a_bad_edit_is_refused_over_http(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        http, error = await service.refused(edit={"operation": "vary", "midi": "AAAA"})
        assert (http, error.code) == (400, ErrorCode.BAD_MIDI)
        http, error = await service.refused(edit={"operation": "shred", "midi": "AAAA"})
        assert (http, error.code) == (400, ErrorCode.INVALID_OPTION)
        assert error.message.startswith("edit.operation must be one of continue, extend")
        http, error = await service.refused(edit={"operation": "vary", "midi": "AAAA", "strength": 2})
        assert error.message == "edit.strength must be a number above 0 and at most 1, not 2"
        http, error = await service.refused(edit={"operation": "vary", "midi": "AAAA", "gain": 2})
        assert http == 400
        http, error = await service.refused(genre=None)
        assert error.message.startswith("genre is missing")
