"""Files beyond the usual ones: asked for with a song, or of a finished one."""

import asyncio
import errno
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from inference.api import ErrorCode, ErrorDetail, ExtraFile, SongState, SongStatus
from inference.render.errors import RenderFailed
from inference.server.archive import Archive, Record
from inference.server.limits import ServerLimits
from tests.fakes.engine import FakeEngine
from tests.fakes.service import AT_ONCE, Service, error_of, running_service


def serve(folder: Path, limits: ServerLimits = AT_ONCE) -> AbstractAsyncContextManager[Service]:
    return running_service(folder, engine=FakeEngine(free=True), limits=limits)


async def ask(service: Service, id: str, **body: Any) -> SongStatus:
    """Asks for more files and expects to be heard."""
    async with service.client.post(f"/v1/songs/{id}/files", json=body) as answer:
        text = await answer.text()
        assert answer.status == 200, text
        return SongStatus.model_validate_json(text)


async def refused(service: Service, id: str, **body: Any) -> tuple[int, ErrorDetail]:
    async with service.client.post(f"/v1/songs/{id}/files", json=body) as answer:
        return answer.status, await error_of(answer)


async def done(service: Service, **body: Any) -> SongStatus:
    status = await service.compose(**body)
    return await service.until(status.id, SongState.DONE)


def kinds(status: SongStatus) -> list[str]:
    return [file.kind for file in status.files]


async def test_files_asked_for_with_a_song_come_after_the_usual_ones(tmp_path: Path) -> None:
    async with serve(tmp_path) as service:
        status = await done(service, files=["tab", "stems", "tab"])
        assert kinds(status) == ["mid", "mp3", "png", "tab", "stems"]
        assert await service.fetch(status.files[3].url) == b"tab"


async def test_extras_are_made_on_demand_only(tmp_path: Path) -> None:
    async with serve(tmp_path) as service:
        status = await done(service)
        assert kinds(status) == ["mid", "mp3", "png"]
        assert [job.extras for job in service.renderer.jobs] == [()]


async def test_what_cannot_be_made_is_left_out_with_its_reason_and_the_song_is_done(tmp_path: Path) -> None:
    async with serve(tmp_path) as service:
        service.renderer.cannot_make = {ExtraFile.VIDEO: "a video needs the package av"}
        status = await done(service, files=["video", "chords"], max_file_mib=16)
        assert kinds(status)[3:] == ["chords"]
        assert [(one.file, one.message) for one in status.left_out] == [("video", "a video needs the package av")]
        assert service.renderer.jobs[-1].max_file_bytes == 16 * 2**20


async def test_a_finished_song_gets_more_files_once(tmp_path: Path) -> None:
    async with serve(tmp_path) as service:
        song = await done(service)
        for _ in range(2):
            status = await ask(service, song.id, files=["stems", "score"])
            assert kinds(status) == ["mid", "mp3", "png", "stems", "score"]
        assert len(service.renderer.jobs) == 2
        job = service.renderer.jobs[-1]
        assert (job.title, job.stem, job.formats) == (song.title, song.files[0].name.removesuffix(".mid"), ())
        assert job.score.note_count > 0
        assert await service.fetch(status.files[4].url) == b"score"


async def test_a_request_that_comes_twice_at_once_makes_the_files_once(tmp_path: Path) -> None:
    async with serve(tmp_path) as service:
        song = await done(service)
        both = await asyncio.gather(*(ask(service, song.id, files=["tab"]) for _ in range(2)))
        assert both[0] == both[1]
        assert len(service.renderer.jobs) == 2


async def test_more_files_are_still_there_after_a_restart(tmp_path: Path) -> None:
    async with serve(tmp_path) as service:
        song = await done(service)
        await ask(service, song.id, files=["tab"])
    async with serve(tmp_path) as service:
        status = await service.status(song.id)
        assert kinds(status)[3:] == ["tab"]
        assert await service.fetch(status.files[3].url) == b"tab"
        more = await ask(service, song.id, files=["flac"])
        assert kinds(more)[3:] == ["tab", "flac"]


async def test_trouble_in_the_studio_leaves_the_song_as_it_was(tmp_path: Path) -> None:
    async with serve(tmp_path) as service:
        song = await done(service)
        service.renderer.fail_with = RenderFailed("the render worker died on this song; please try again")
        status = await ask(service, song.id, files=["tab"])
        assert (status.state, kinds(status)) == (SongState.DONE, kinds(song))
        assert [one.file for one in status.left_out] == ["tab"]
        service.renderer.fail_with = None
        again = await ask(service, song.id, files=["tab"])
        assert (kinds(again)[3:], again.left_out) == (["tab"], [])


async def test_more_than_the_service_keeps_of_a_song_is_left_out(tmp_path: Path) -> None:
    async with serve(tmp_path) as service:
        song = await done(service)
    most = sum(file.size_bytes for file in song.files) + len("tab")
    async with serve(tmp_path, ServerLimits(max_song_bytes=most, grace_s=0.0, linger_s=0.0)) as service:
        assert kinds(await ask(service, song.id, files=["tab"]))[3:] == ["tab"]
        status = await ask(service, song.id, files=["stems"])
        assert kinds(status)[3:] == ["tab"]
        assert "MiB I keep" in status.left_out[0].message


async def test_files_of_unknown_unfinished_or_noteless_songs_are_refused(tmp_path: Path) -> None:
    async with serve(tmp_path) as service:
        assert (await refused(service, "nobody", files=["tab"]))[0] == 404
        service.renderer.hold()
        waiting = await service.compose()
        status, error = await refused(service, waiting.id, files=["tab"])
        assert (status, "finished songs" in error.message) == (409, True)
        service.renderer.release()
        bare = await done(service, formats=["png"])
        status, error = await refused(service, bare.id, files=["tab"])
        assert status == 400
        assert error.message == "this song was made without its MIDI file, so I have no notes to work from"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"files": ["gold"]}, "files must be a list of some of flac, ogg, stems"),
        ({"files": []}, "files must be a list of some of flac"),
        ({"files": "tab"}, "files must be a list of some of flac"),
        ({}, "the body must be a JSON object such as"),
        ({"files": ["tab"], "more": 1}, "the body must be a JSON object such as"),
        ({"files": ["tab"], "max_file_mib": 0}, "max_file_mib must be a number between 1 and 4096"),
    ],
)
async def test_a_body_that_asks_for_nothing_we_have_is_told_what_there_is(
    tmp_path: Path, body: dict[str, Any], sentence: str
) -> None:
    async with serve(tmp_path) as service:
        song = await done(service)
        status, error = await refused(service, song.id, **body)
        assert status == 400
        assert error.message.startswith(sentence)


async def test_an_unknown_file_is_refused_before_a_song_is_composed(tmp_path: Path) -> None:
    async with serve(tmp_path) as service:
        status, error = await service.refused(files=["gold"])
        assert (status, error.code) == (400, ErrorCode.INVALID_OPTION)
        assert "must be one of flac, ogg, stems" in error.message


async def test_the_openapi_names_every_file(tmp_path: Path) -> None:
    async with serve(tmp_path) as service, service.client.get("/openapi.json") as answer:
        described = await answer.json()
    assert described["components"]["schemas"]["ExtraFile"]["enum"] == [str(extra) for extra in ExtraFile]
    assert "/v1/songs/{id}/files" in described["paths"]


async def test_files_that_a_full_disk_does_not_let_us_file_away_can_be_fetched_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_self: Archive, _folder: str, _record: Record) -> None:
        raise OSError(errno.ENOSPC, "full")

    async with serve(tmp_path) as service:
        song = await done(service)
        with monkeypatch.context() as patch:
            patch.setattr(Archive, "keep", full)
            status = await ask(service, song.id, files=["tab"])
        assert await service.fetch(status.files[-1].url) == b"tab"
