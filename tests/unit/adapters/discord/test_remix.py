"""*Remix with…*: a form under every song, whose fields make the same request as words do."""

import pytest
import simcord

from adapters.discord.adapter import make_client
from bot.domain.remix import remix_from_text
from bot.messages import say
from inference.music.edit import Operation
from inference.music.pitch import Key
from tests.fakes.discord_band import Rehearsal
from tests.fakes.discord_scene import Scene, files, response
from tests.fakes.songs import CATALOGUE


async def asked_for(scene: Scene) -> simcord.InteractionResult:
    """The form under a song of alice's, opened by the boss."""
    song = await scene.alice.slash(scene.channel, "compose", genre="metal")
    return await scene.boss.click(response(song), label="Remix with…")


def fields_of(form: simcord.InteractionResult) -> dict[str, list[str]]:
    """Field -> what can be chosen there."""
    if form.modal is None:
        raise AssertionError("there is no form")
    parts = [part["component"] for part in form.modal["components"]]
    return {part["custom_id"]: [option["value"] for option in part.get("options", [])] for part in parts}


async def test_the_form_offers_what_is_played_here_and_who_plays_in_the_song(
    scene: Scene, rehearsal: Rehearsal
) -> None:
    await rehearsal.genres.set_enabled("discord", str(scene.guild.id), "jazz", enabled=False)
    fields = fields_of(await asked_for(scene))
    assert list(fields) == ["genre", "tempo", "key", "keep", "more"]
    assert "punk" in fields["genre"]
    assert not {"metal", "jazz"} & set(fields["genre"])
    assert fields["keep"] == ["drums", "bass", "rhythm", "lead"]


async def test_what_is_filled_in_reaches_the_composer_as_if_it_were_written(scene: Scene, rehearsal: Rehearsal) -> None:
    form = await asked_for(scene)
    answer = await scene.boss.submit_modal(
        form, {"genre": ["jazz"], "tempo": "96", "key": "Am", "keep": ["drums", "lead"], "more": "density 6 seed 9"}
    )
    assert files(response(answer)) == ["iron-harvest.png", "iron-harvest.mp3", "iron-harvest.mid"]
    asked = rehearsal.composer.asked[1]
    written = remix_from_text("jazz 96bpm Am keep drums, lead density 6 seed 9", CATALOGUE)
    assert (asked.spec.genres, asked.spec.tempo, asked.spec.key) == (written.genres, 96, Key.parse("Am"))
    assert (asked.spec.density, asked.sampling.seed, asked.seed_drawn) == (6, 9, False)
    assert asked.spec.edit is not None
    assert (asked.spec.edit.operation, asked.spec.edit.keep) == (Operation.REMIX, written.keep)
    assert asked.requester.id == str(scene.boss.id)


async def test_the_form_may_be_handed_in_after_a_restart_and_leave_the_genre_to_the_song(
    scene: Scene, rehearsal: Rehearsal
) -> None:
    song = await scene.alice.slash(scene.channel, "compose", genre="metal")
    await scene.env.restart_bot(make_client(rehearsal.band(), shard_count=1))
    form = await scene.alice.click(response(song), label="Remix with…")
    await scene.env.restart_bot(make_client(rehearsal.band(), shard_count=1))
    answer = await scene.alice.submit_modal(form, {"tempo": "96,5"})
    assert files(response(answer))
    assert (rehearsal.composer.asked[1].spec.genres, rehearsal.composer.asked[1].spec.tempo) == ((), 96.5)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Say which genre it is to become, or what else is to change, such as jazz 120bpm keep lead."),
        ({"tempo": "fast"}, "Tempo must be a number, not “fast”."),
        ({"key": "H"}, "“H” is not a key; write one such as Em, F#m, C or Bb major."),
        ({"tempo": "96", "more": "tempo 97"}, "Tempo is there twice, as 96 and 97; say it once."),
        ({"more": "louder"}, say("unknown_genre_of_all", "en", name="louder", known=", ".join(CATALOGUE.names))),
        (
            {"tempo": "96", "more": "louder"},
            "I do not understand “louder”; write it like: jazz 120bpm keep lead.",
        ),
        (
            {"more": "16 bars"},
            "A remix cannot change the length of its song; it can change genre, tempo, key, density and band, or keep"
            " players: jazz 120bpm keep lead.",
        ),
    ],
)
async def test_what_cannot_be_is_told_in_one_sentence_to_whoever_filled_it_in(
    scene: Scene, rehearsal: Rehearsal, fields: dict[str, str], sentence: str
) -> None:
    answer = await scene.boss.submit_modal(await asked_for(scene), fields)
    told, _, written = response(answer).content.partition("\n")
    assert (told, response(answer).ephemeral) == (sentence, True)
    assert bool(written) == bool(fields)
    assert len(rehearsal.composer.asked) == 1


async def test_what_was_filled_in_is_there_when_the_form_is_shown_again(scene: Scene, rehearsal: Rehearsal) -> None:
    filled = {"genre": ["jazz"], "tempo": "96", "key": "H", "keep": ["drums", "lead"], "more": "seed `9`"}
    refused = response(await scene.boss.submit_modal(await asked_for(scene), filled))
    again = await scene.boss.click(refused, label="Remix with…")
    assert again.modal is not None
    line = next(part["component"] for part in again.modal["components"] if part["component"]["custom_id"] == "more")
    assert line["value"] == """genre:"jazz" tempo:"96" key:"H" keep:"drums,lead" seed '9'"""
    mended = line["value"].replace("H", "Am").replace("'", "")
    assert files(response(await scene.boss.submit_modal(again, {"more": mended})))
    asked = rehearsal.composer.asked[1].spec
    assert (asked.genres, asked.tempo, asked.key) == ((("jazz", 1.0),), 96, Key.parse("Am"))
    assert asked.edit is not None
    assert asked.edit.keep == ("drums", "lead")
