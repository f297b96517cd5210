"""The frames of the piano-roll video: a page of some bars, over which a line walks and lights what it has passed."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from inference.music.score import Score
from inference.music.units import PPQ
from inference.render.pictures.ground import ground
from inference.render.pictures.lettering import drawable, fitting, font, write
from inference.render.pictures.palette import GREY, INK, WHITE, Colour, at_least_light, blend, ink_on, parse_colour
from inference.render.pictures.roll import Roll, corner, draw_grid, draw_notes, lay_out, note_boxes
from inference.render.timeline import Timeline

WIDTH, HEIGHT = 1280, 720
_BOX = (240.0, 140.0, 1248.0, 640.0)  # letters are large: most look at it on a telephone
_LEFT = 32
_PAGE_S = 8.0
_LIT = 0.42  # light of what is still to come
_FLASH_S = 0.09
_SWELL, _LINE = 3, 1  # pixels by which a drum grows while it is struck, and the line around a note
_THICK, _APART = 12.0, 2.4
_PROGRESS = (240, 694, 1248, 702)
Frame = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Scene:
    """What the film shows; `facts` in one line beside the genre, `colour` is `#rrggbb`."""

    title: str
    genre: str
    facts: str
    colour: str
    score: Score


@dataclass(frozen=True, slots=True)
class _Flash:
    """A note while it sounds, from one tick to another: its left upper pixel, its shape and its light."""

    first: float
    last: float
    x: int
    y: int
    shape: NDArray[np.bool_]
    colour: Colour


@dataclass(frozen=True)
class _Page:
    """Some bars, drawn dark and lit, and how its notes shine."""

    roll: Roll
    dark: Frame
    lit: Frame
    flashes: tuple[_Flash, ...]


class Film:
    """Draws the picture of any moment. Equal scenes and moments give equal pictures."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._accent = parse_colour(scene.colour)
        roll = lay_out(scene.score, _BOX, 8 if len(scene.score.tracks) <= 6 else 3)
        self._whole = replace(roll, thick=_THICK, apart=_APART, line=_LINE)
        self._page = lru_cache(maxsize=2)(self._draw_page)

    def tick_at(self, seconds: float) -> float:
        """The place in the score that sounds then."""
        times, ticks = self._clock
        last = self._scene.score.tempos[-1]
        beyond = max(0.0, seconds - times[-1]) * last.tempo * PPQ / 60
        return float(np.interp(seconds, times, ticks) + beyond)

    def frame(self, seconds: float, length_s: float) -> Frame:
        """The picture at a moment of a film of `length_s` seconds: (HEIGHT, WIDTH, 3), red green blue."""
        tick = self.tick_at(seconds)
        starts = self._page_starts
        page = self._page(max(0, bisect_right(starts, tick) - 1))
        left, top, right, bottom = (round(edge) for edge in _BOX)
        x = min(right, max(left, round(page.roll.x_of(tick))))
        picture = page.dark.copy()
        picture[top:bottom, left:x] = page.lit[top:bottom, left:x]
        for flash in page.flashes:
            if flash.first <= tick < flash.last:
                height, width = flash.shape.shape
                picture[flash.y : flash.y + height, flash.x : flash.x + width][flash.shape] = flash.colour
        picture[top - 6 : bottom + 6, max(left, x - 1) : x + 2] = WHITE
        bar_left, bar_top, bar_right, bar_bottom = _PROGRESS
        done = bar_left + round((bar_right - bar_left) * min(1.0, seconds / length_s))
        picture[bar_top:bar_bottom, bar_left:done] = at_least_light(self._accent, 0.55)
        return picture

    @cached_property
    def _clock(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        score = self._scene.score
        ticks = np.array([change.tick for change in score.tempos], dtype=np.int64)
        return Timeline(score, 1).seconds_between(np.zeros_like(ticks), ticks), ticks.astype(float)

    @cached_property
    def _bars_a_page(self) -> int:
        """One, two, four or eight, so that a page lasts some seconds."""
        bar_s = self._scene.score.duration_s / len(self._whole.bar_starts)
        return next((count for count in (1, 2, 4) if count * bar_s >= _PAGE_S / 1.5), 8)

    @cached_property
    def _last_onset(self) -> int:
        return max((note.tick for track in self._scene.score.tracks for note in track.notes), default=0)

    @cached_property
    def _page_starts(self) -> list[int]:
        """Ticks at which pages start; none for bars in which notes only ring on."""
        starts = self._whole.bar_starts[:: self._bars_a_page]
        return [tick for tick in starts if tick <= self._last_onset]

    def _page_end(self, number: int) -> int:
        """The tick at a page's right edge: the last page is as long as the others, even if the song is over before."""
        bars = (*self._whole.bar_starts, self._whole.ticks)
        following = (number + 1) * self._bars_a_page
        missing = max(0, following - (len(bars) - 1))
        return bars[following - missing] + missing * (bars[-1] - bars[-2])

    def _draw_page(self, number: int) -> _Page:
        start = self._page_starts[number]
        roll = replace(self._whole, first=start, ticks=max(1, self._page_end(number) - start))
        picture = self._backdrop.copy()
        draw = ImageDraw.Draw(picture)
        draw_grid(draw, roll, at_least_light(self._accent, 0.5))
        for bar, tick in enumerate(roll.bar_starts, 1):
            if roll.first <= tick < roll.last and tick <= self._last_onset:
                write(draw, (roll.x_of(tick) + 2, _BOX[3] + 24), str(bar), font(28), blend(GREY, WHITE, 0.35))
        lit = picture.copy()
        draw_notes(draw, roll, _LIT)
        draw_notes(ImageDraw.Draw(lit), roll)
        return _Page(roll, np.asarray(picture), np.asarray(lit), tuple(self._flashes(roll)))

    def _flashes(self, roll: Roll) -> Iterator[_Flash]:
        for lane, note, box in note_boxes(roll):
            end = note.tick + self._flash_ticks(note.tick) if lane.track.is_drum else note.end
            more = _SWELL if lane.track.is_drum else -_LINE
            x0, y0 = max(0, round(box[0]) - more), max(0, round(box[1]) - more)
            x1, y1 = min(WIDTH, round(box[2]) + more), min(HEIGHT, round(box[3]) + more)
            shape = _rounded(max(2, x1 - x0), max(2, y1 - y0), max(0.0, corner(lane, box) + more))
            yield _Flash(note.tick, end, x0, y0, shape, blend(lane.colour, WHITE, 0.65))

    def _flash_ticks(self, tick: int) -> float:
        tempos = self._scene.score.tempos
        return _FLASH_S * tempos[bisect_right(tempos, tick, key=lambda change: change.tick) - 1].tempo * PPQ / 60

    @cached_property
    def _backdrop(self) -> Image.Image:
        """All that never moves."""
        picture = ground(self._accent, WIDTH, HEIGHT)
        draw = ImageDraw.Draw(picture)
        title, face = fitting(drawable(self._scene.title) or self._scene.genre, (60, 52, 44, 36, 28), WIDTH - 200)
        write(draw, (_LEFT, 44), title, face, WHITE)
        write(draw, (WIDTH - 128, 44), "LnH", font(46), at_least_light(self._accent, 0.62))
        genre, face = fitting(self._scene.genre, (30, 24), 400)
        right = _LEFT + face.getlength(genre) + 32
        draw.rounded_rectangle((_LEFT, 82, right, 124), radius=21, fill=self._accent)
        write(draw, (_LEFT + 16, 103), genre, face, ink_on(self._accent))
        facts, face = fitting(self._scene.facts, (32, 26, 20), WIDTH - right - 60)
        write(draw, (right + 20, 103), facts, face, blend(GREY, WHITE, 0.5))
        for lane in self._whole.lanes:
            name = drawable(lane.track.name) or ("Drums" if lane.track.is_drum else "Player")
            size = max(9, min(30, int(lane.height * 0.6)))
            text, face = fitting(name, tuple(range(size, 8, -1)), _BOX[0] - _LEFT - 28)
            draw.rounded_rectangle((_LEFT, lane.top + 4, _LEFT + 6, lane.bottom - 4), radius=3, fill=lane.colour)
            write(draw, (_LEFT + 16, lane.middle), text, face, blend(lane.colour, WHITE, 0.25))
        draw.rectangle((_PROGRESS[0], _PROGRESS[1], _PROGRESS[2] - 1, _PROGRESS[3] - 1), fill=blend(INK, WHITE, 0.12))
        return picture


@lru_cache(maxsize=4096)
def _rounded(width: int, height: int, radius: float) -> NDArray[np.bool_]:
    """A rectangle with round corners, (height, width)."""
    shape = Image.new("1", (width, height))
    ImageDraw.Draw(shape).rounded_rectangle((0, 0, width - 1, height - 1), radius=radius, fill=1)
    return np.asarray(shape)
