"""What is refused, and the one sentence that says why."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from inference.api import EditBody, ErrorCode, SongBody, SongState
from inference.engine.contract import EngineStats
from inference.server.body import read_body
from inference.server.limits import ServerLimits
from inference.server.refusal import Refusal
from tests.fakes.engine import FakeEngine
from tests.fakes.service import error_of, running_service

EXAMPLE = '{"genre": "metal"}'
GENRE = 'genre must be a name such as "metal", or names with weights such as {"metal": 0.7, "jazz": 0.3}'
FIELDS = ", ".join(SongBody.model_fields)
ROLES = "drums, bass, rhythm, lead, keys, strings, winds, synth, other"
BAD, INVALID = ErrorCode.BAD_REQUEST, ErrorCode.INVALID_OPTION


class Uncountable(FakeEngine):
    """Loses count once it has started."""

    def stats(self) -> EngineStats:
        if self.is_alive:
            raise ArithmeticError("one, two, many")
        return super().stats()


async def test_the_log_tells_whose_song_was_refused(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        with capture_logs() as lines:
            await service.client.post("/v1/songs", json={"genre": "metl", "request_id": "click-7"})

    assert [line["request_id"] for line in lines if line["event"] == "song refused"] == ["click-7"]


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "the body is not JSON: "),
        (b"{genre: metal}", "the body is not JSON: "),
        (b'{"genre": "\xff"}', "the body is not JSON: "),
        (b'{"genre": "\\ud800"}', "the body is not JSON: "),
        (b"[" * 5000, "the body is not JSON: "),
        (b"[1]", f"the body must be a JSON object such as {EXAMPLE}"),
        (b"null", f"the body must be a JSON object such as {EXAMPLE}"),
        (b"{}", f"genre is missing; {EXAMPLE} alone is enough"),
    ],
)
def test_a_body_that_is_no_request_is_told_what_one_is(raw: bytes, sentence: str) -> None:
    with pytest.raises(Refusal) as refusal:
        read_body(raw)

    assert refusal.value.detail.code is BAD
    assert str(refusal.value).startswith(sentence)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("wish", "code", "sentence"),
    [
        ({"tmepo": 120}, BAD, '"tmepo" is not a field I know; did you mean tempo?'),
        ({"password": 1}, BAD, f'"password" is not a field I know; I know {FIELDS}'),
        ({"band": [{"program": 3}]}, BAD, "band[0].role is missing"),
        ({"band": [{"role": "bass", "rol": 1}]}, BAD, '"rol" is not a field I know; did you mean role?'),
        ({"genre": 5}, INVALID, GENRE),
        ({"genre": {"metal": "much"}}, INVALID, GENRE),
        ({"genre": "m" * 65}, INVALID, GENRE),
        ({"bars": 3}, INVALID, "bars must be a whole number between 4 and 64, not 3"),
        ({"bars": 4.5}, INVALID, "bars must be a whole number between 4 and 64, not 4.5"),
        ({"bars": "many"}, INVALID, 'bars must be a whole number between 4 and 64, not "many"'),
        ({"tempo": 261}, INVALID, "tempo must be a number between 40 and 260, not 261"),
        ({"density": 9}, INVALID, "density must be a whole number between 1 and 8, not 9"),
        ({"seed": -1}, INVALID, "seed must be a whole number between 0 and 4294967295, not -1"),
        ({"temperature": 0}, INVALID, "temperature must be a number between 0.1 and 2, not 0"),
        ({"top_p": 1.5}, INVALID, "top_p must be a number between 0.1 and 1, not 1.5"),
        ({"deadline_s": 0}, INVALID, "deadline_s must be a number above 0 and at most 3600, not 0"),
        ({"key": "E" * 33}, INVALID, f'key must be a text of 0 to 32 characters, not "{"E" * 33}"'),
        ({"title": ""}, INVALID, 'title must be a text of 1 to 80 characters, not ""'),
        ({"title": "x" * 99}, INVALID, f'title must be a text of 1 to 80 characters, not "{"x" * 39}…'),
        ({"scheduled": "soon"}, INVALID, 'scheduled must be true or false, not "soon"'),
        ({"formats": []}, INVALID, "formats must be a list of 1 to 8 entries"),
        ({"formats": ["wav"]}, INVALID, 'formats[0] must be one of mid, mp3, png, not "wav"'),
        ({"band": []}, INVALID, "band must be a list of 1 to 12 entries"),
        ({"band": "bass"}, INVALID, 'band must be a list of 1 to 12 entries, not "bass"'),
        ({"band": ["bass"]}, INVALID, 'band[0] must be an object such as {"role": "bass"}, not "bass"'),
        ({"band": [{"role": "zither"}]}, INVALID, f'band[0].role must be one of {ROLES}, not "zither"'),
        (
            {"band": [{"role": "bass"}, {"role": "lead", "program": 128}]},
            INVALID,
            "band[1].program must be a whole number between 0 and 127, not 128",
        ),
        (
            {"request_id": "../../etc"},
            INVALID,
            'request_id must be 1 to 64 letters, digits, hyphens or underscores, not "../../etc"',
        ),
    ],
)
def test_a_wrong_field_is_named_with_what_would_be_right(wish: dict[str, Any], code: ErrorCode, sentence: str) -> None:
    with pytest.raises(Refusal) as refusal:
        read_body(json.dumps({"genre": "metal", **wish}).encode())

    assert (refusal.value.detail.code, str(refusal.value)) == (code, sentence)
    assert refusal.value.status == 400


@pytest.mark.parametrize(
    ("wish", "code", "sentence"),
    [
        ({"genre": "regae"}, ErrorCode.UNKNOWN_GENRE, "I do not play “regae”; did you mean reggae"),
        ({"genre": {"metal": 1, "jaz": 1}}, ErrorCode.UNKNOWN_GENRE, "I do not play “jaz”; did you mean jazz"),
        (
            {"genre": {"metal": 2, "jazz": -1}},
            INVALID,
            "a song needs a genre, and the weights of a blend must be positive and sum to 1",
        ),
        (
            {"genre": {"metal": -3, "jazz": -1}},
            INVALID,
            "a song needs a genre, and the weights of a blend must be positive and sum to 1",
        ),
        ({"genre": {}}, INVALID, "a song needs a genre, and the weights of a blend must be positive and sum to 1"),
        ({"key": "H"}, INVALID, "“H” is not a key; write one such as Em, F#m, C or Bb major"),
        ({"meter": "²/4"}, INVALID, "“²/4” is not a time signature; write one such as 4/4 or 3/4"),
        ({"meter": "7/8"}, INVALID, "I cannot play in 7/8 yet; I know 4/4"),
        ({"band": [{"role": "drums"}, {"role": "drums"}]}, INVALID, "a band has at most one drummer"),
        (
            {"checkpoint": "other-weights"},
            ErrorCode.BAD_RECIPE,
            "this song was written by the model other-weights, but fake-weights plays here, so it would not be the"
            " same song",
        ),
    ],
)
async def test_a_wish_that_cannot_be_met_says_which_can(
    tmp_path: Path, wish: dict[str, Any], code: ErrorCode, sentence: str
) -> None:
    async with running_service(tmp_path) as service:
        status, error = await service.refused(**wish)

    assert (status, error.code) == (400, code)
    assert error.message.startswith(sentence)


async def test_the_loaded_checkpoint_may_be_asked_for(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        assert (await service.compose(checkpoint="fake-weights")).state is SongState.QUEUED


async def test_an_oversized_body_is_refused_and_the_service_goes_on(tmp_path: Path) -> None:
    limits = ServerLimits(max_body_bytes=64 * 2**10, grace_s=0, linger_s=0)
    async with running_service(tmp_path, limits=limits) as service:
        status, error = await service.refused(title="x" * 100_000)

        assert (status, error.code) == (413, ErrorCode.TOO_LARGE)
        assert error.message == "a request may have 64 KiB at most"
        assert (await service.compose()).state is SongState.QUEUED


async def test_a_full_queue_refuses_with_retry_after(tmp_path: Path) -> None:
    limits = ServerLimits(max_waiting=1, grace_s=0, linger_s=0)
    async with running_service(tmp_path, engine=FakeEngine(slots=1), limits=limits) as service:
        composing, waiting = await service.compose(), await service.compose()
        async with service.client.post("/v1/songs", json={"genre": "metal"}) as answer:
            error = await error_of(answer)

            assert (answer.status, error.code) == (429, ErrorCode.QUEUE_FULL)
            assert error.retry_after_s is not None
            assert int(answer.headers["Retry-After"]) == error.retry_after_s >= 1
            assert error.message == f"the queue is full; ask again in {error.retry_after_s:g} s"

        await service.cancel(composing.id)
        await service.until(waiting.id, SongState.COMPOSING)
        assert (await service.compose()).position == 0


async def test_a_renderer_that_falls_behind_is_felt_at_the_door(tmp_path: Path) -> None:
    limits = ServerLimits(max_waiting=1, grace_s=0, linger_s=0)
    engine = FakeEngine(slots=1, free=True)
    async with running_service(tmp_path, engine=engine, limits=limits) as service:
        service.renderer.hold()
        for _ in range(2):
            song = await service.compose()
            await service.until(song.id, SongState.RENDERING)

        assert (await service.refused())[0] == 429


async def test_a_known_song_can_be_asked_about_while_the_queue_is_full(tmp_path: Path) -> None:
    limits = ServerLimits(max_waiting=0, grace_s=0, linger_s=0)
    async with running_service(tmp_path, engine=FakeEngine(slots=1), limits=limits) as service:
        await service.compose(request_id="click-1")

        assert (await service.compose(request_id="click-1")).id == "click-1"
        assert (await service.refused(request_id="click-2"))[0] == 429


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/songs/nobody", 404, ErrorCode.NOT_FOUND),
        ("GET", "/v1/songs/nobody/events", 404, ErrorCode.NOT_FOUND),
        ("DELETE", "/v1/songs/nobody", 404, ErrorCode.NOT_FOUND),
        ("GET", "/v1/songs/nobody/files/x.mid", 404, ErrorCode.NOT_FOUND),
        ("GET", "/", 404, ErrorCode.NOT_FOUND),
        ("PUT", "/v1/songs", 405, ErrorCode.BAD_REQUEST),
    ],
)
async def test_an_address_with_nothing_behind_it_answers_in_the_shape_of_the_wire(
    tmp_path: Path, method: str, path: str, status: int, code: ErrorCode
) -> None:
    async with (
        running_service(tmp_path) as service,
        service.client.request(method, path) as answer,
    ):
        assert (answer.status, (await error_of(answer)).code) == (status, code)


async def test_a_defect_of_ours_is_one_sentence_and_no_trace(tmp_path: Path) -> None:
    async with (
        running_service(tmp_path, engine=Uncountable()) as service,
        service.client.get("/metrics") as answer,
    ):
        assert answer.status == 500
        assert (await error_of(answer)).message == "something broke on our side; the log tells more"


_ODD = (None, True, -1, 9, 0.5, 10**30, 1e999, "", "x", "é" * 99, [], [1], [{}], [["x"]] * 20, {}, {"metal": -1})


@pytest.mark.parametrize("field", [*SongBody.model_fields, *(f"edit.{field}" for field in EditBody.model_fields)])
@pytest.mark.parametrize("value", _ODD, ids=lambda value: str(value)[:12])
def test_whatever_a_field_holds_it_is_taken_or_refused_in_a_sentence(field: str, value: object) -> None:
    body: dict[str, Any] = {"genre": "metal"}
    if field.startswith("edit."):
        body["edit"] = {"operation": "vary", "midi": "AAAA", field.removeprefix("edit."): value}
    else:
        body[field] = value
    with suppress(Refusal):
        assert read_body(json.dumps(body).encode())


def test_a_take_that_there_is_none_of_is_refused_with_those_there_are() -> None:
    with pytest.raises(Refusal, match="take must be a whole number between 0 and 7, not 9"):
        read_body(b'{"genre": "metal", "take": 9}')
