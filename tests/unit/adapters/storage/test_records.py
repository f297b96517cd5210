"""What is stored of a person or a workspace can be taken along, and is gone when it is forgotten; nothing else is."""

import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.storage import Storage, open_storage
from bot.domain.daily import DailySchedule, ScheduleId
from bot.domain.errors import NotFound
from bot.domain.privacy import Kept, Owner
from bot.domain.request import Place, Requester, RequestId, SongRequest
from bot.services.privacy import PrivacyService
from tests.fakes.daily_station import AT, BERLIN, DUE
from tests.fakes.songs import MEL, PLACE, request_for, song_for

TOM = Requester('user-1"%_', "tom")
THERE = Place("discord", "guild-2", "channel-9")


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    opened = await open_storage(f"sqlite+aiosqlite:///{tmp_path}/lnh.db")
    for request in (asked("a", MEL), asked("b", TOM), replace(asked("c", MEL), place=THERE), asked("d", MEL, "slack")):
        await opened.songs.accept(request)
        await opened.songs.finish(request.id, song_for(request))
        await opened.answers.note(request.id, "1234")
    await opened.schedules.save(DailySchedule(ScheduleId("s1"), PLACE, AT, BERLIN, ("metal",), MEL, DUE))
    await opened.schedules.save(DailySchedule(ScheduleId("s2"), THERE, AT, BERLIN, (), TOM, DUE))
    await opened.claims.claim(ScheduleId("s1"), DUE.date())
    await opened.genres.set_enabled("discord", "guild-1", "punk", enabled=False)
    await opened.genres.set_enabled("discord", "guild-2", "jazz", enabled=False)
    yield opened
    await opened.close()


def asked(id: str, by: Requester, platform: str = "discord") -> SongRequest:
    return replace(request_for(id), requester=by, place=replace(PLACE, platform=platform))


async def left(storage: Storage) -> set[str]:
    found = set()
    for name in "abcd":
        try:
            found.add((await storage.songs.request(RequestId(name))).id)
        except NotFound:
            assert await storage.answers.noted(RequestId(name)) is None
    return found


async def test_a_workspace_is_forgotten_with_its_songs_dailies_and_settings_and_no_other_is(storage: Storage) -> None:
    here = Owner("discord", "guild-1")
    assert await storage.records.kept(here) == Kept(2, 1, 1)
    assert await storage.records.forget(here) == Kept(2, 1, 1)
    assert await storage.records.kept(here) == Kept()
    assert await left(storage) == {"c", "d"}
    assert [schedule.id for schedule in await storage.schedules.list()] == ["s2"]
    assert await storage.genres.disabled("discord", "guild-1") == frozenset()
    assert await storage.genres.disabled("discord", "guild-2") == {"jazz"}


async def test_a_person_is_forgotten_everywhere_on_the_platform_and_nobody_else_is(storage: Storage) -> None:
    mel = Owner("discord", "guild-1", MEL.id)
    assert await storage.records.forget(mel) == Kept(2, 1, 0)
    assert await left(storage) == {"b", "d"}
    assert [schedule.set_by for schedule in await storage.schedules.list()] == [TOM]
    assert await storage.genres.disabled("discord", "guild-1") == {"punk"}


async def test_ids_are_not_patterns(storage: Storage) -> None:
    assert await storage.records.kept(Owner("discord", "guild-1", TOM.id)) == Kept(1, 1, 0)
    for nobody in ("user-_", "%", "user", 'user-1"'):
        assert await storage.records.kept(Owner("discord", "guild-1", nobody)) == Kept()


async def test_what_is_handed_out_is_all_there_is_as_json(storage: Storage) -> None:
    file = await PrivacyService(storage.records).export(Owner("discord", "guild-1", MEL.id))
    told = json.loads(file.content)
    assert file.name == "lnh-records.json"
    assert [song["id"] for song in told["songs"]] == ["a", "c"]
    assert told["songs"][0]["asked"]["requester"] == [MEL.id, MEL.name, MEL.locale]
    assert told["songs"][0]["recipe"]["seed"] == 7
    assert told["songs"][0]["midi_bytes"] == 4
    assert [(daily["id"], daily["at"], daily["days"]) for daily in told["daily_songs"]] == [("s1", "18:30", "0123456")]
    everybody = json.loads((await PrivacyService(storage.records).export(Owner("discord", "guild-1"))).content)
    assert ([song["id"] for song in everybody["songs"]], everybody["genres_switched_off"]) == (["a", "b"], ["punk"])


async def test_much_is_handed_out_packed(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.services.privacy.PLAIN_BYTES", 10)
    file = await PrivacyService(storage.records).export(Owner("discord", "guild-1"))
    assert file.name == "lnh-records.json.gz"
    assert len(json.loads(gzip.decompress(file.content))["songs"]) == 2


async def test_a_song_in_the_making_can_be_forgotten_too(storage: Storage) -> None:
    await storage.songs.accept(asked("e", MEL))
    await storage.records.forget(Owner("discord", "guild-1", MEL.id))
    await storage.songs.finish(RequestId("e"), song_for(asked("e", MEL)))
    with pytest.raises(NotFound):
        await storage.songs.delivered(RequestId("e"))
