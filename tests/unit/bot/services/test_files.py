"""More files of a delivered song reach whoever asked, or they hear why not."""

from dataclasses import dataclass, field

import pytest

from bot.domain.errors import Busy, DeliveryFailed, LnhError, NotFound
from bot.domain.files import FilesWish, MadeFiles
from bot.domain.request import RequestId
from bot.ports import UserError
from bot.services.files import FilesService
from inference.api import ExtraFile
from inference.music.errors import BadRecipe
from tests.fakes.composer import FakeComposer
from tests.fakes.songs import MEL, request_for, song_for
from tests.fakes.storage import FakeSongs

WISH = FilesWish(RequestId("a"), (ExtraFile.STEMS, ExtraFile.TAB))


@dataclass
class Reply:
    made: list[MadeFiles] = field(default_factory=list)
    errors: list[UserError] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)

    async def files(self, made: MadeFiles) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.made.append(made)

    async def error(self, error: UserError) -> None:
        self.errors.append(error)


@pytest.fixture
async def songs() -> FakeSongs:
    songs = FakeSongs()
    await songs.accept(request_for("a"))
    await songs.finish(RequestId("a"), song_for(request_for("a")))
    return songs


async def test_files_are_made_of_the_song_and_delivered(songs: FakeSongs) -> None:
    composer, reply = FakeComposer(cannot_make={ExtraFile.TAB: "nobody plays a guitar"}), Reply()
    await FilesService(composer, songs).make(WISH, MEL, reply)
    (made,) = reply.made
    assert ([file.kind for file in made.files], [one.file for one in made.left_out]) == (["stems"], ["tab"])
    assert composer.files_asked[0].id == "a"


async def test_a_song_that_was_never_delivered_has_no_files(songs: FakeSongs) -> None:
    reply = Reply()
    await FilesService(FakeComposer(), songs).make(FilesWish(RequestId("b"), (ExtraFile.TAB,)), MEL, reply)
    assert [type(error) for error in reply.errors] == [NotFound]


@pytest.mark.parametrize("error", [Busy(retry_after_s=5), BadRecipe("of another model")], ids=["busy", "bad recipe"])
async def test_what_keeps_the_composer_from_it_is_told(songs: FakeSongs, error: UserError) -> None:
    reply = Reply()
    await FilesService(FakeComposer(failures=[error]), songs).make(WISH, MEL, reply)
    assert reply.errors == [error]


@pytest.mark.parametrize("failure", [DeliveryFailed(reason="full"), RuntimeError("a defect")])
async def test_files_that_cannot_be_posted_are_told_about(songs: FakeSongs, failure: Exception) -> None:
    reply = Reply(failures=[failure])
    await FilesService(FakeComposer(), songs).make(WISH, MEL, reply)
    (error,) = reply.errors
    assert isinstance(error, LnhError)
