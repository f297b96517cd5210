import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from inference.music.measure import measure_form
from inference.music.pitch import Key
from inference.music.score import Meter, MeterChange, Note, Score, Track
from inference.music.units import PPQ
from inference.render.pictures import Card, draw_card, jpeg_bytes, png_bytes
from inference.render.pictures.card import HEIGHT, WIDTH
from inference.render.pictures.chart import Chart, Row, draw_chart
from inference.render.pictures.film import Film, Scene
from inference.render.pictures.lettering import drawable, fitting, font
from inference.render.pictures.palette import INK, WHITE, at_least_light, ink_on, parse_colour
from inference.render.pictures.roll import bar_starts, lay_out
from inference.render.pipeline import card_of
from tests.fakes.render_jobs import metal_job
from tests.fakes.scores import quartet_score, single_note_score

FACTS = ("160 BPM", "Em", "32 bars", "seed 7")


def card(score: Score, title: str = "Ashes of the North", colour: str = "#b3202c") -> Card:
    return Card(title, "Metal", FACTS, colour, score)


def pixels(one: Card) -> np.ndarray:
    return np.asarray(draw_card(one), dtype=int)


def test_a_card_is_a_colourful_picture_of_the_promised_size() -> None:
    picture = Image.open(io.BytesIO(png_bytes(draw_card(card(quartet_score(32))))))
    assert picture.size == (WIDTH, HEIGHT)
    assert picture.mode == "RGB"
    shades = np.asarray(picture).reshape(-1, 3)
    assert len(np.unique(shades, axis=0)) > 2_000
    assert shades.mean() < 80  # dark
    assert (shades.max(axis=1) > 200).mean() > 0.02  # with bright notes and letters


def test_each_track_shines_in_its_own_lane_and_colour() -> None:
    picture = pixels(card(quartet_score(32)))[168:584, 240:1160]
    lanes = [lane[lane.sum(axis=2) > 330].mean(axis=0) for lane in np.array_split(picture, [84, 195, 306])]
    reds, greens, blues = zip(*lanes, strict=True)
    assert reds[0] > blues[0] + 50  # amber drums
    assert blues[1] > reds[1] + 50
    assert reds[2] > greens[2] + 50
    assert greens[3] > reds[3] + 50


def test_a_note_is_drawn_where_it_sounds() -> None:
    early = Score((Track("", 0, False, (Note(0, 60, PPQ, 100), Note(15 * PPQ, 60, PPQ, 1))),))
    picture = pixels(card(early))[168:584].max(axis=2)
    assert picture[:, 240:280].max() > 200
    assert picture[:, 500:700].max() < 140


def test_a_bar_in_which_the_last_chord_only_rings_on_has_no_number() -> None:
    notes = tuple(Note(4 * PPQ * bar, 60, 4 * PPQ, 100) for bar in range(31))
    held, again = Note(124 * PPQ, 60, 6 * PPQ, 100), Note(128 * PPQ, 60, 2 * PPQ, 100)
    rings, starts = (
        pixels(card(Score((Track("", 0, False, (*notes, *last)),))))[585:, 1120:].max()
        for last in ((held,), (held, again))
    )
    assert starts > rings + 60


def test_the_tones_of_a_close_chord_can_be_told_apart_on_the_card() -> None:
    chord = tuple(Note(0, pitch, 8 * PPQ, 100) for pitch in (48, 60, 62, 64, 76))
    picture = pixels(card(Score((Track("Keys", 0, False, chord),))))[168:584, 400].max(axis=1)
    bright = picture > 110
    assert np.count_nonzero(bright[1:] & ~bright[:-1]) == 5


def test_everything_on_the_card_changes_it() -> None:
    plain = card(quartet_score(4))
    others = [
        replace(plain, title="Other"),
        replace(plain, genre="Jazz"),
        replace(plain, facts=("90 BPM",)),
        replace(plain, colour="#00a3a3"),
        replace(plain, score=quartet_score(5)),
    ]
    assert all(np.any(pixels(plain) != pixels(other)) for other in others)


@pytest.mark.parametrize("title", ["", "🔥🔥", "W" * 80, "line\nbreak\x07", "Ünder Ödland — Теmnota"])
def test_any_title_makes_a_card(title: str) -> None:
    assert draw_card(card(single_note_score(), title)).size == (WIDTH, HEIGHT)


def test_a_title_is_cut_to_the_width_it_has() -> None:
    text, face = fitting("W" * 80, (60, 40), 500)
    assert text.endswith("…")
    assert face.getlength(text) <= 500


def test_letters_without_a_glyph_are_left_out() -> None:
    assert drawable("Fire 🔥 and\n ice") == "Fire and ice"


def test_a_dozen_tracks_and_a_silent_one_fit() -> None:
    tracks = quartet_score(16).tracks * 3
    silent = replace(quartet_score(16), tracks=(*tracks, Track("Rest", 0, False, ()), Track("", 0, True, ())))
    assert draw_card(card(silent)).size == (WIDTH, HEIGHT)


def test_lanes_fill_the_box_from_top_to_bottom_without_overlap() -> None:
    roll = lay_out(quartet_score(8), (100, 50, 900, 450), 10)
    assert roll.lanes[0].top == 50
    assert roll.lanes[-1].bottom == pytest.approx(450)
    assert all(one.bottom < two.top for one, two in zip(roll.lanes, roll.lanes[1:], strict=False))
    assert roll.x_of(0) == 100
    assert roll.x_of(roll.ticks) == 900


def test_bars_follow_the_meter() -> None:
    score = Score(
        (Track("", 0, False, (Note(0, 60, 4 * 1920, 90),)),),
        meters=(MeterChange(0, Meter()), MeterChange(1920, Meter(3, 4))),
    )
    assert bar_starts(score)[:4] == [0, 1920, 1920 + 1440, 1920 + 2880]


def test_colours_stay_readable() -> None:
    assert min(at_least_light(parse_colour("#200004"), 0.6)) > 50
    assert ink_on(parse_colour("#f2f2c0")) == INK
    assert ink_on(parse_colour("#5b1020")) == WHITE


def test_fonts_are_scalable() -> None:
    assert font(60).getlength("LnH") > 2.5 * font(20).getlength("LnH")


def test_the_cover_is_a_small_jpeg() -> None:
    cover = jpeg_bytes(draw_card(card(quartet_score(8))))
    assert Image.open(io.BytesIO(cover)).format == "JPEG"
    assert len(cover) < 120_000


def test_the_films_last_page_is_as_long_as_the_others_and_nothing_follows_it() -> None:
    score = quartet_score(10, tempo=120)
    last = Track("Pad", 89, False, (Note(9 * 4 * PPQ, 60, 24 * PPQ, 90),))  # rings for six bars
    film = Film(Scene("T", "Metal", "", "#b3202c", replace(score, tracks=(*score.tracks, last))))
    pages = [film._page(number).roll for number in range(len(film._page_starts))]
    assert [(page.first // (4 * PPQ), page.ticks // (4 * PPQ)) for page in pages] == [(0, 4), (4, 4), (8, 4)]


def test_notes_of_the_film_shine_while_they_sound() -> None:
    score = single_note_score()  # a quarter long, half a second
    film = Film(Scene("T", "Metal", "", "#b3202c", score))
    (flash,) = film._page(0).flashes
    corner, middle = (flash.y, flash.x), (flash.y + flash.shape.shape[0] // 2, flash.x + flash.shape.shape[1] // 2)
    for seconds, shines in ((0.0, True), (0.49, True), (0.52, False)):
        picture = film.frame(seconds, 2.0)
        assert (tuple(picture[middle]) == flash.colour) is shines
        assert tuple(picture[corner]) != flash.colour


def test_tones_of_a_close_chord_and_the_same_note_again_are_apart_in_the_film() -> None:
    keys = Track("Keys", 0, False, tuple(Note(at, pitch, PPQ, 100) for at in (0, PPQ) for pitch in (60, 62, 64)))
    frame = Film(Scene("Chords", "Jazz", "", "#b3202c", Score((keys,)))).frame(100.0, 100.0)
    is_note = frame[140:640, 240:1248].max(axis=2) > 120
    starts = np.diff(is_note.astype(int), axis=0) == 1
    assert starts.sum(axis=0).max() == 3
    across = is_note[is_note.sum(axis=1).argmax()]
    assert (np.diff(across.astype(int)) == -1).sum() == 2


def test_a_row_that_comes_again_says_how_often_in_letters_that_the_font_has() -> None:
    chart = Chart("Ashes", "Metal", Key.parse("Em"), "#b3202c")
    again, once = Row(1, (("Em",),), 3), Row(1, (("Em",),), 1)
    assert drawable("x3") == "x3"
    assert np.any(np.asarray(draw_chart(chart, [again])) != np.asarray(draw_chart(chart, [once])))


def test_the_number_of_a_bar_never_runs_into_the_letter_of_the_next_section() -> None:
    form = "ABCDEFGHIJKLMNOP"  # sections of one bar: no room for 13 between M and N
    crowded, roomy = (pixels(replace(card(quartet_score(16)), form=letters)) for letters in (form, form[:4]))
    bar = (1164 - 252) / 16
    after_m = (slice(590, 618), slice(round(252 + bar * 12) + 32, round(252 + bar * 13) - 2))
    assert crowded[after_m].max() < 80
    assert roomy[after_m].max() > 120


def test_the_letter_of_a_section_stands_under_its_first_bar() -> None:
    song = card(quartet_score(32))
    plain, lettered = (pixels(replace(song, form=form)) for form in ("", "ABAC"))
    changed = np.abs(lettered - plain).max(axis=2) > 40
    assert not changed[:585].any(), "only the line of bar numbers changes"
    columns = np.flatnonzero(changed.any(axis=0))
    assert [columns[columns >= 252 + 228 * section].min() for section in range(4)] == pytest.approx(
        [252, 480, 708, 936], abs=2
    )


def test_a_card_shows_the_form_as_it_sounds_and_none_that_nobody_planned() -> None:
    jobs = metal_job(quartet_score(8))
    assert card_of(jobs).form == ""
    asked = replace(jobs, spec=replace(jobs.spec, form="AB", bars=8))
    assert card_of(asked).form == measure_form(jobs.score, "AB", 8)
