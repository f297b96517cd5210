"""Songs to deliver: complete, tiny and the same every time."""

from bot.domain.request import RequestId, SongRequest
from bot.domain.song import Song, SongFile
from bot.settings import GENRES_FILE
from inference.music.genre import load_catalogue
from inference.music.recipe import Recipe
from inference.music.spec import SamplingParams, SongSpec

FILES = (
    SongFile("ashes-of-iron.mid", "audio/midi", b"MThd the notes"),
    SongFile("ashes-of-iron.mp3", "audio/mpeg", b"ID3 the sound"),
    SongFile("ashes-of-iron.png", "image/png", b"\x89PNG the picture"),
)


CATALOGUE = load_catalogue(GENRES_FILE)


def make_song(id: str, title: str = "Ashes of Iron", spec: SongSpec | None = None) -> Song:
    """A song of that id with a card, an MP3 and a MIDI file."""
    complete = CATALOGUE.complete(spec or SongSpec((("metal", 1.0),)), 7)
    recipe = Recipe("f" * 64, complete, SamplingParams(7))
    return Song(RequestId(id), title, complete.main_genre, recipe, FILES, (), {"composing": 1.0})


def song_of(request: SongRequest) -> Song:
    """What a composer would have made of the request."""
    return make_song(request.id, spec=request.spec)
