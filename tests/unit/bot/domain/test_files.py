"""More files of a song: which there are, and the request that they are made by."""

from dataclasses import replace

import pytest

from bot.domain.files import KINDS, FilesWish, read_kinds
from bot.domain.request import Priority, RequestId
from bot.domain.song import Delivered
from inference.api import ExtraFile, FileFormat
from inference.music.errors import InvalidSpec
from inference.music.touch import PLAIN
from tests.fakes.songs import MEL, request_for, song_for


@pytest.mark.parametrize("text", ["stems,tab", "stems tab", " Stems, TAB ", "3 8", "stems 8 stems"])
def test_kinds_are_read_by_name_or_number(text: str) -> None:
    assert read_kinds(text) == (ExtraFile.STEMS, ExtraFile.TAB)
    assert (KINDS[2], KINDS[7]) == (ExtraFile.STEMS, ExtraFile.TAB)


def test_no_text_is_no_kind() -> None:
    assert read_kinds(" ") == ()


@pytest.mark.parametrize("text", ["gold", "0", "11", "stems gold"])
def test_what_there_is_not_is_refused_and_what_there_is_named(text: str) -> None:
    with pytest.raises(InvalidSpec, match="a file is one of flac, ogg, stems"):
        read_kinds(text)


def test_the_request_is_that_of_the_very_song_that_was_written() -> None:
    asked = replace(request_for("a"), priority=Priority.SCHEDULED)
    recipe = song_for(asked).recipe
    recipe = replace(recipe, sampling=replace(recipe.sampling, take=2), asked=("tempo",))
    wish = FilesWish(RequestId("a"), (ExtraFile.STEMS,), 25.0)
    request = wish.request(asked, Delivered("Iron Harvest", recipe, b"MThd"), MEL)
    as_written = replace(recipe.sampling, touch=PLAIN)  # an old recipe says nothing of it
    assert (request.id, request.spec, request.sampling, request.takes) == ("a", recipe.spec, as_written, 1)
    assert (request.asked, request.checkpoint, request.priority) == (("tempo",), "0123abcd", Priority.INTERACTIVE)
    assert (request.files, request.formats, request.max_file_mib) == ((ExtraFile.STEMS,), (FileFormat.MIDI,), 25.0)
