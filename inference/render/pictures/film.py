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
from inference.render.pictures.roll import Roll, draw_grid, draw_notes, lay_out, note_boxes

WIDTH, HEIGHT = 1280, 720
_BOX = (196.0, 128.0, 1248.0, 648.0)
_LEFT = 32
_PAGE_S = 8.0
_LIT = 0.42  # light of what is still to come
_FLASH_S = 0.09
_PROGRESS = (196, 690, 1248, 696)
Frame = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Scene:
    """What the film shows; `facts` in one line beside the genre, `colour` is `#rrggbb`."""

    title: str
    genre: str
    facts: str
    colour: str
    score: Score


@dataclass(frozen=True)
class _Page:
    """Some bars, drawn dark and lit; `flashes` are the notes as (first tick, last tick, pixel box, colour)."""

    roll: Roll
    dark: Frame
    lit: Frame
    flashes: tuple[tuple[float, float, tuple[int, int, int, int], Colour], ...]


class Film:
    """Draws the picture of any moment. Equal scenes and moments give equal pictures."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._accent = parse_colour(scene.colour)
        self._whole = lay_out(scene.score, _BOX, 8 if len(scene.score.tracks) <= 6 else 3)
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
        for first, last, (x0, y0, x1, y1), colour in page.flashes:
            if first <= tick < last:
                picture[y0:y1, x0:x1] = colour
        picture[top - 6 : bottom + 6, max(left, x - 1) : x + 2] = WHITE
        bar_left, bar_top, bar_right, bar_bottom = _PROGRESS
        done = bar_left + round((bar_right - bar_left) * min(1.0, seconds / length_s))
        picture[bar_top:bar_bottom, bar_left:done] = at_least_light(self._accent, 0.55)
        return picture

    @cached_property
    def _clock(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        score = self._scene.score
        ticks = [change.tick for change in score.tempos]
        return np.array([score.seconds_at(tick) for tick in ticks]), np.array(ticks, dtype=float)

    @cached_property
    def _page_starts(self) -> list[int]:
        """Ticks at which pages start: one, two, four or eight bars, so that a page lasts some seconds."""
        score, bars = self._scene.score, self._whole.bar_starts
        bar_s = score.duration_s / max(1, len(bars))
        count = next((count for count in (1, 2, 4) if count * bar_s >= _PAGE_S / 1.5), 8)
        return list(bars[::count])

    def _draw_page(self, number: int) -> _Page:
        starts = [*self._page_starts, self._whole.ticks]
        roll = replace(self._whole, first=starts[number], ticks=max(1, starts[number + 1] - starts[number]))
        picture = self._backdrop.copy()
        draw = ImageDraw.Draw(picture)
        draw_grid(draw, roll, at_least_light(self._accent, 0.5))
        for bar, tick in enumerate(roll.bar_starts, 1):
            if roll.first <= tick < roll.last:
                write(draw, (roll.x_of(tick) + 2, _BOX[3] + 20), str(bar), font(22), GREY)
        lit = picture.copy()
        draw_notes(draw, roll, _LIT)
        draw_notes(ImageDraw.Draw(lit), roll)
        return _Page(roll, np.asarray(picture), np.asarray(lit), tuple(self._flashes(roll)))

    def _flashes(self, roll: Roll) -> Iterator[tuple[float, float, tuple[int, int, int, int], Colour]]:
        for lane, note, box in note_boxes(roll):
            start_s = self._scene.score.seconds_at(note.tick)
            end = self.tick_at(start_s + _FLASH_S) if lane.track.is_drum else float(note.end)
            x0, y0, x1, y1 = (round(edge) for edge in box)
            yield note.tick, end, (x0, y0, max(x1, x0 + 2), max(y1, y0 + 2)), blend(lane.colour, WHITE, 0.65)

    @cached_property
    def _backdrop(self) -> Image.Image:
        """All that never moves."""
        picture = ground(self._accent, WIDTH, HEIGHT)
        draw = ImageDraw.Draw(picture)
        title, face = fitting(drawable(self._scene.title) or self._scene.genre, (52, 44, 36, 28), WIDTH - 200)
        write(draw, (_LEFT, 46), title, face, WHITE)
        write(draw, (WIDTH - 120, 46), "LnH", font(40), at_least_light(self._accent, 0.62))
        genre, face = fitting(self._scene.genre, (24, 20), 320)
        right = _LEFT + face.getlength(genre) + 28
        draw.rounded_rectangle((_LEFT, 78, right, 112), radius=17, fill=self._accent)
        write(draw, (_LEFT + 14, 95), genre, face, ink_on(self._accent))
        facts, face = fitting(self._scene.facts, (24, 20, 16), WIDTH - right - 60)
        write(draw, (right + 18, 95), facts, face, blend(GREY, WHITE, 0.5))
        for lane in self._whole.lanes:
            name = drawable(lane.track.name) or ("Drums" if lane.track.is_drum else "Player")
            size = max(9, min(24, int(lane.height * 0.6)))
            text, face = fitting(name, tuple(range(size, 8, -2)), _BOX[0] - _LEFT - 30)
            draw.rounded_rectangle((_LEFT, lane.top + 4, _LEFT + 6, lane.bottom - 4), radius=3, fill=lane.colour)
            write(draw, (_LEFT + 16, lane.middle), text, face, blend(lane.colour, WHITE, 0.25))
        draw.rectangle((_PROGRESS[0], _PROGRESS[1], _PROGRESS[2] - 1, _PROGRESS[3] - 1), fill=blend(INK, WHITE, 0.12))
        return picture
