"""Files of songs: how they are served, and how long they stay."""

from pathlib import Path

import pytest

from inference.api import SongState
from inference.server.limits import ServerLimits
from tests.fakes.engine import FakeEngine
from tests.fakes.service import error_of, running_service


async def test_a_file_comes_with_its_type_its_name_and_no_guessing(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(free=True)) as service:
        song = await service.compose(title="Crown of Ash")
        done = await service.until(song.id, SongState.DONE)
        answers = [await service.client.get(file.url) for file in done.files]

    assert [answer.content_type for answer in answers] == ["audio/midi", "audio/mpeg", "image/png"]
    assert answers[0].headers["Content-Disposition"] == 'attachment; filename="crown-of-ash.mid"'
    assert answers[0].headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "name",
    [
        "..%2frecord.json",
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e%2fsecret.mid",
        "..%5crecord.json",
        "record.json",
        "crown-of-ash.mid%00.png",
        "CROWN-OF-ASH.MID",
        ".",
        "*",
    ],
)
async def test_a_hostile_name_meets_no_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.mid").write_bytes(b"not for you")
    async with running_service(tmp_path / "songs", engine=FakeEngine(free=True)) as service:
        song = await service.compose(title="Crown of Ash")
        await service.until(song.id, SongState.DONE)
        url = service.client.make_url("/").joinpath("v1", "songs", song.id, "files", name, encoded=True)
        async with service.client.session.get(url) as answer:
            assert answer.status == 404
            await error_of(answer)


@pytest.mark.parametrize(
    ("title", "stem"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ('a"b\r\nSet-Cookie: x', "a-b-set-cookie-x"),
        ("Motörhead’s Ünïque Çafé", "motorheads-unique-cafe"),
        ("金属", "metal-7"),
        ("🤘", "metal-7"),
        ("x" * 80, "x" * 60),
    ],
)
async def test_any_title_makes_a_harmless_file_name(tmp_path: Path, title: str, stem: str) -> None:
    async with running_service(tmp_path, engine=FakeEngine(free=True)) as service:
        song = await service.compose(title=title, seed=7, formats=["mid"])
        done = await service.until(song.id, SongState.DONE)

        assert [file.name for file in done.files] == [f"{stem}.mid"]
        assert await service.fetch(done.files[0].url)


async def test_a_title_is_one_printable_line(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        assert (await service.compose(title=" Crown\r\n of\tAsh\x07 ")).title == "Crown of Ash"
        assert (await service.compose(title=" \n ", seed=7)).title == (await service.compose(seed=7)).title


async def test_the_oldest_songs_make_room_when_the_folder_is_full(tmp_path: Path) -> None:
    limits = ServerLimits(max_artifact_bytes=1, grace_s=0, linger_s=0)
    async with running_service(tmp_path, engine=FakeEngine(free=True), limits=limits) as service:
        for name in ("first", "second"):
            await service.compose(request_id=name)
            await service.until(name, SongState.DONE)
        await service.service.drain()  # tidying up is part of making a song

        async with service.client.get("/v1/songs/first") as answer:
            assert answer.status == 404
        assert (await service.status("second")).state is SongState.DONE
        assert not (tmp_path / "first").exists()
        assert (tmp_path / "second").exists()


async def test_songs_past_their_time_are_forgotten(tmp_path: Path) -> None:
    limits = ServerLimits(retention_s=0, grace_s=0, linger_s=0)
    async with running_service(tmp_path, engine=FakeEngine(free=True), limits=limits) as service:
        for name in ("first", "second"):
            await service.compose(request_id=name)
            await service.until(name, SongState.DONE)
        await service.service.drain()

        async with service.client.get("/v1/songs/first") as answer:
            assert answer.status == 404
        assert not (tmp_path / "first").exists()
