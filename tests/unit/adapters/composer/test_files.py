"""More files of a song over the wire, from the real service with an engine and a renderer of tests."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.composer import HttpComposer, Patience
from bot.domain.files import FilesWish
from bot.domain.request import RequestId, SongRequest
from bot.domain.song import Delivered, Song
from inference.api import ExtraFile, FileFormat
from inference.music.errors import BadRecipe
from inference.render.errors import RenderFailed
from tests.fakes.engine import FakeEngine
from tests.fakes.service import Service, running_service
from tests.fakes.songs import MEL, request_for

PATIENCE = Patience(retry_s=5, restart_s=5, connect_s=2, answer_s=5, grace_s=0)


async def play(composer: HttpComposer, request: SongRequest) -> Song:
    *_, song = [item async for item in composer.compose(request)]
    assert isinstance(song, Song)
    return song


def wish_for(song: Song, *kinds: ExtraFile) -> SongRequest:
    wish = FilesWish(song.id, kinds or (ExtraFile.STEMS,))
    return wish.request(request_for(song.id), Delivered(song.title, song.recipe, b""), MEL)


def composer_for(service: Service) -> HttpComposer:
    return HttpComposer(str(service.client.make_url("")), PATIENCE)


async def test_only_the_files_asked_for_come_and_what_cannot_be_made_is_said(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(free=True)) as service, composer_for(service) as composer:
        song = await play(composer, request_for("a"))
        service.renderer.cannot_make[ExtraFile.TAB] = "nobody plays a guitar"
        await composer.files(wish_for(song, ExtraFile.FLAC))
        made = await composer.files(wish_for(song, ExtraFile.STEMS, ExtraFile.TAB))
    assert made.title == song.title
    assert [(file.kind, file.content) for file in made.files] == [("stems", b"stems")]
    assert [(one.file, one.message) for one in made.left_out] == [("tab", "nobody plays a guitar")]
    assert len(service.engine.submitted) == 1


async def test_a_song_that_the_service_forgot_is_written_again_by_its_recipe_once(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(free=True)) as service, composer_for(service) as composer:
        song = await play(composer, request_for("a"))
    shutil.rmtree(tmp_path)
    async with running_service(tmp_path, engine=FakeEngine(free=True)) as service, composer_for(service) as composer:
        made = await composer.files(wish_for(song))
        again = await composer.files(wish_for(song, ExtraFile.TAB))
        (job,) = service.engine.submitted
    assert [file.kind for file in made.files + again.files] == ["stems", "tab"]
    assert (job.spec, job.sampling.seed) == (song.recipe.spec, song.recipe.sampling.seed)


async def test_another_song_under_the_same_id_is_not_mistaken_for_it(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(free=True)) as service, composer_for(service) as composer:
        day = await play(composer, request_for("day"))
        request = request_for("day-1")
        instead = await play(composer, replace(request, sampling=replace(request.sampling, seed=8)))
        await composer.files(wish_for(day))
        await composer.files(wish_for(replace(instead, id=day.id)))
        first, _, again = service.engine.submitted
    assert first.sampling.seed != again.sampling.seed == instead.recipe.sampling.seed


async def test_a_song_of_another_model_is_refused_in_one_sentence(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(free=True)) as service, composer_for(service) as composer:
        song = await play(composer, request_for("a"))
        other = replace(song, id=RequestId("b"), recipe=replace(song.recipe, checkpoint="older-weights"))
        with pytest.raises(BadRecipe, match="it would not be the same song"):
            await composer.files(wish_for(other))


async def test_a_song_whose_mix_failed_is_written_again(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(free=True)) as service, composer_for(service) as composer:
        song = await play(composer, replace(request_for("a"), formats=(FileFormat.MIDI,)))
        service.renderer.fail_with = RenderFailed("no")
        async with service.client.post("/v1/songs", json={"genre": "metal", "request_id": "c"}):
            await service.history("c")
        service.renderer.fail_with = None
        made = await composer.files(wish_for(replace(song, id=RequestId("c"))))
    assert [file.kind for file in made.files] == ["stems"]
