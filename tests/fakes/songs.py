"""Requests and songs as tests need them."""

from dataclasses import replace

from bot.domain.options import SongWishes, build_request
from bot.domain.request import Place, Requester, RequestId, SongRequest
from bot.domain.song import Song, SongFile
from bot.settings import GENRES_FILE
from inference.api import ExtraFile
from inference.music.genre import load_catalogue
from inference.music.recipe import Recipe

CATALOGUE = load_catalogue(GENRES_FILE)
PLACE = Place("discord", "guild-1", "channel-1")
MEL = Requester("user-1", "mel", "en-GB")


def request_for(id: str = "song-1", genre: str = "metal", seed: int = 7) -> SongRequest:
    """A request with nothing but a genre wished for."""
    wishes = SongWishes(genre)
    return build_request(wishes, id=RequestId(id), seed=seed, place=PLACE, requester=MEL, catalogue=CATALOGUE)


def quick(song: Song) -> Song:
    """The same song with a quick mix."""
    names = {"iron-harvest.mp3": SongFile("iron-harvest-quick.mp3", "audio/mpeg", b"ID3 quick")}
    return replace(song, files=tuple(names.get(file.name, file) for file in song.files))


def file_for(kind: ExtraFile, size_bytes: int = 3) -> SongFile:
    """A file of that kind, for whatever it is worth."""
    return SongFile(f"iron-harvest.{kind}", "application/octet-stream", kind.encode().ljust(size_bytes, b"~"), kind)


def song_for(request: SongRequest, title: str = "Iron Harvest") -> Song:
    """The song a composer would answer with."""
    spec = replace(request.spec, genres=request.spec.genres or (("metal", 1.0),))  # an edit may leave it to its song
    recipe = Recipe("0123abcd", CATALOGUE.complete(spec, request.sampling.seed), request.sampling)
    files = (
        SongFile("iron-harvest.png", "image/png", b"\x89PNG"),
        SongFile("iron-harvest.mp3", "audio/mpeg", b"ID3"),
        SongFile("iron-harvest.mid", "audio/midi", b"MThd"),
    )
    return Song(request.id, title, spec.main_genre, recipe, files, (), {"composing": 1.5})
