"""How the players of a song are led: as asked, else as its genre says; an old song played again is not led at all."""

from inference.api import SongBody
from inference.music.genre import load_catalogue
from inference.music.touch import PLAIN, Touch
from inference.server.order import take_order
from tests.fakes.service import GENRES

CATALOGUE = load_catalogue(GENRES)


def touch_of(body: SongBody) -> Touch | None:
    return take_order(body, CATALOGUE, "weights", 7).recipe.sampling.touch


def test_a_new_song_is_led_as_its_genre_says() -> None:
    assert touch_of(SongBody(genre="metal")) == CATALOGUE.find("metal").touch != PLAIN
    assert touch_of(SongBody(genre="latin")) == CATALOGUE.find("latin").touch


def test_a_request_may_say_so_itself() -> None:
    assert touch_of(SongBody(genre="metal", touch={"kick": 1.5})) == Touch(kick=1.5)
    assert touch_of(SongBody(genre="metal", touch={})) == PLAIN


def test_a_song_from_before_there_were_touches_is_played_without() -> None:
    assert touch_of(SongBody(genre="metal", checkpoint="weights")) == PLAIN
