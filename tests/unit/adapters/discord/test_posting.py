"""What Discord's refusals mean, and what happens then."""

from dataclasses import dataclass

import discord
import pytest

from adapters.discord.adapter import may_pass
from adapters.discord.posting import deliver, delivery_error, text_of
from adapters.discord.translate import SongPost, song_post
from bot.domain.errors import DeliveryFailed, PlaceGone
from bot.messages import say
from tests.fakes.songs import request_for, song_for

POST = song_post(song_for(request_for()), "a song", "#b3202c", 10_000, "en")


@dataclass
class Answer:
    """The parts of a response that the library puts into its errors."""

    status: int
    reason: str = "because"


def refusal(status: int, code: int) -> discord.HTTPException:
    kind = {403: discord.Forbidden, 404: discord.NotFound}.get(status, discord.HTTPException)
    return kind(Answer(status), {"code": code, "message": "no"})  # type: ignore[arg-type]


class Gate:
    """Refuses the first posts, then takes one."""

    def __init__(self, *refusals: discord.HTTPException) -> None:
        self._refusals = list(refusals)
        self.taken: SongPost | None = None

    async def send(self, post: SongPost) -> None:
        if self._refusals:
            raise self._refusals.pop(0)
        self.taken = post


@pytest.mark.parametrize("error", [refusal(413, 0), refusal(400, 40005)])
async def test_what_is_too_large_is_left_out_with_a_sentence(error: discord.HTTPException) -> None:
    gate = Gate(error)
    await deliver(POST, gate.send)

    assert gate.taken is not None
    assert [file.name for file in gate.taken.files] == ["iron-harvest.mp3", "iron-harvest.mid"]
    assert text_of(gate.taken) == "a song\n" + say("file_too_large", "en", files="iron-harvest.png")


async def test_the_notes_alone_are_tried_before_giving_up() -> None:
    gate = Gate(refusal(413, 0), refusal(413, 0))
    await deliver(POST, gate.send)
    assert gate.taken is not None
    assert [file.name for file in gate.taken.files] == ["iron-harvest.mid"]

    with pytest.raises(discord.HTTPException):
        await deliver(POST, Gate(refusal(413, 0), refusal(413, 0), refusal(413, 0)).send)


async def test_other_refusals_are_not_about_size() -> None:
    with pytest.raises(discord.Forbidden):
        await deliver(POST, Gate(refusal(403, 50013)).send)


@pytest.mark.parametrize(("status", "code"), [(403, 50013), (403, 50001), (404, 10003)])
def test_a_place_without_permission_or_channel_is_gone(status: int, code: int) -> None:
    assert isinstance(delivery_error(refusal(status, code)), PlaceGone)


@pytest.mark.parametrize("error", [refusal(403, 0), refusal(403, 40333), refusal(404, 0), refusal(429, 0)])
def test_a_refusal_of_the_network_in_front_of_discord_says_nothing_of_the_channel(
    error: discord.HTTPException,
) -> None:
    assert type(delivery_error(error)) is DeliveryFailed
    assert may_pass(error)


def test_a_token_that_discord_knows_nothing_of_is_not_waited_for() -> None:
    assert not may_pass(discord.LoginFailure("Improper token has been passed."))
    assert not may_pass(refusal(403, 50001))


@pytest.mark.parametrize("error", [refusal(503, 0), refusal(400, 50035), TimeoutError()])
def test_other_trouble_may_pass(error: Exception) -> None:
    assert type(delivery_error(error)) is DeliveryFailed
    assert delivery_error(error).params["reason"]
