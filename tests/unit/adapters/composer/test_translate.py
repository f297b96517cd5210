"""Between the wire contract and the bot's own types."""

from dataclasses import replace

import pytest

from adapters.composer.translate import body_of, error_of, failure_of, progress_of, song_of
from bot.domain.errors import Busy, ComposerFailed, ComposerUnavailable, LnhError
from bot.domain.options import wishes_from_text
from bot.domain.request import Priority
from bot.domain.song import Progress, Stage
from bot.messages import LOCALES, sentence
from inference.api import ErrorCode, ErrorDetail, SongState, SongStatus
from inference.music.errors import BadRecipe, InvalidSpec, MusicError, UnknownGenre
from inference.music.recipe import Recipe
from inference.music.score import Meter
from inference.music.spec import SongSpec
from tests.fakes.songs import CATALOGUE, request_for


def detail(code: ErrorCode) -> ErrorDetail:
    return ErrorDetail(code=code, message="bars must be between 4 and 64, not 3", retry_after_s=12.4)


@pytest.mark.parametrize(
    "spec",
    [
        SongSpec((("metal", 1.0),)),
        SongSpec((("metal", 0.75), ("jazz", 0.25)), meter=Meter(4, 4), title="Iron"),
        CATALOGUE.complete(SongSpec((("prog", 1.0),)), 3),
    ],
)
def test_the_service_reads_the_very_wishes_of_the_request(spec: SongSpec) -> None:
    body = body_of(replace(request_for("a", seed=9), spec=spec, priority=Priority.SCHEDULED))
    assert body.to_spec() == spec
    assert (body.request_id, body.seed, body.scheduled) == ("a", 9, True)
    assert (body.client, body.user) == ("discord:guild-1", "user-1")


def test_the_service_knows_whether_a_person_chose_the_seed() -> None:
    assert body_of(request_for("a", seed=9)).seed_drawn
    assert not body_of(replace(request_for("a", seed=9), seed_drawn=False)).seed_drawn


def test_wishes_typed_by_people_arrive() -> None:
    wishes = wishes_from_text("metal 140bpm Em 32 bars band=drums,bass:38", CATALOGUE)
    request = request_for("a")
    spec = replace(request.spec, bars=wishes.bars, key=wishes.key, tempo=wishes.tempo, roster=wishes.band)
    assert body_of(replace(request, spec=spec)).to_spec() == spec


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_code_becomes_an_error_that_can_be_told(code: ErrorCode, locale: str) -> None:
    error = error_of(detail(code), "metal")
    assert isinstance(error, LnhError | MusicError)
    assert sentence(error, locale).endswith((".", "?"))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (ErrorCode.QUEUE_FULL, Busy),
        (ErrorCode.INVALID_OPTION, InvalidSpec),
        (ErrorCode.UNKNOWN_GENRE, UnknownGenre),
        (ErrorCode.BAD_RECIPE, BadRecipe),
        (ErrorCode.SHUTTING_DOWN, ComposerUnavailable),
        (ErrorCode.UNAVAILABLE, ComposerUnavailable),
        (ErrorCode.DISK_FULL, ComposerFailed),
        (ErrorCode.RENDER_FAILED, ComposerFailed),
    ],
)
def test_codes_become_the_bots_own_errors(code: ErrorCode, kind: type[Exception]) -> None:
    assert type(error_of(detail(code), "metal")) is kind


def test_a_refused_option_keeps_its_sentence_and_a_full_queue_its_time() -> None:
    assert str(error_of(detail(ErrorCode.INVALID_OPTION), "metal")) == "bars must be between 4 and 64, not 3"
    busy = error_of(detail(ErrorCode.QUEUE_FULL), "metal")
    assert isinstance(busy, Busy)
    assert busy.params == {"retry_after_s": 12}


def test_progress_tells_the_stage_the_place_in_line_and_the_bars() -> None:
    queued = SongStatus(id="a", state=SongState.QUEUED, position=2, eta_s=9.5)
    assert progress_of(queued) == Progress(Stage.QUEUED, 2, 9.5)
    composing = SongStatus(id="a", state=SongState.COMPOSING, bars_done=3, bars=32)
    assert progress_of(composing) == Progress(Stage.COMPOSING, None, None, 3, 32)
    assert progress_of(SongStatus(id="a", state=SongState.RENDERING)).stage is Stage.RENDERING


def test_a_song_that_failed_without_a_word_failed_all_the_same() -> None:
    error = failure_of(SongStatus(id="a", state=SongState.FAILED), "metal")
    assert isinstance(error, ComposerFailed)
    assert error.params == {"reason": "compose_failed"}


def test_a_song_carries_the_recipe_that_made_it() -> None:
    request = request_for("a", seed=3)
    recipe = Recipe("0123abcd", CATALOGUE.complete(request.spec, 3), request.sampling, ("bars",))
    status = SongStatus(id="a", state=SongState.DONE, title="Iron", recipe=recipe.to_dict())
    song = song_of(request, status, ())
    assert (song.recipe, song.title, song.genre) == (recipe, "Iron", "metal")


def test_a_song_without_recipe_is_no_song() -> None:
    with pytest.raises(ComposerFailed):
        song_of(request_for("a"), SongStatus(id="a", state=SongState.DONE), ())
