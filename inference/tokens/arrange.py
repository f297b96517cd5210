"""Score -> arrangement: chooses the players, snaps their notes to the grid and groups them into hits."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from inference.music.errors import BadMidi
from inference.music.measure import density_of, key_of
from inference.music.score import Note, Score
from inference.music.spec import Player
from inference.tokens.arrangement import Arrangement, Header, Row
from inference.tokens.bars import bar_of, bar_starts, grids_in, main_meter
from inference.tokens.block import Block
from inference.tokens.players import Part, choose_players
from inference.tokens.tables import CHORD_SHAPES, DRUM_SETS, LANE_OF_KEY
from inference.tokens.vocabulary import DRUM_SET, NONE, PITCH, POSITION, Step, duration_class, velocity_bin

MAX_HITS_AT_ONCE = 4
_SHAPE_INDEX = {mask: index for index, mask in enumerate(CHORD_SHAPES, start=1)}
_SET_INDEX = {mask: index for index, mask in enumerate(DRUM_SETS)}
_VELOCITY_BINS = tuple(velocity_bin(velocity) for velocity in range(128))
# Grid step from the bar line, pitch, duration class, velocity bin
_Sound = tuple[int, int, int, int]


def arrange(score: Score, genres: tuple[tuple[str, float], ...] = ()) -> Arrangement:
    """The bars of the score's longest-lasting meter, from the first that sounds to the last.

    Raises:
        BadMidi: nothing sounds in a bar of a meter that the band code has.
    """
    return arrange_parts(score, choose_players(score.tracks), genres).arrangement


@dataclass(frozen=True, slots=True)
class Arranged:
    """An arrangement and where each of its bars begins in the score, in grid steps."""

    arrangement: Arrangement
    starts: tuple[int, ...]


def arrange_parts(
    score: Score, parts: list[Part], genres: tuple[tuple[str, float], ...] = (), also: Iterable[Note] = ()
) -> Arranged:
    """As `arrange`, with the players already chosen; bars in which notes of `also` start sound too. Raises BadMidi."""
    meter = main_meter(score)
    starts = bar_starts(score, meter)
    rows = _rows(parts, starts, grids_in(meter))
    sounding = {bar for bar, row in enumerate(rows) if any(row)}
    if not sounding:
        raise BadMidi(f"nothing sounds in the {meter} bars of this MIDI file")
    sounding |= {bar for note in also if (bar := bar_of(note.tick, starts, meter)) is not None}
    first, last = min(sounding), max(sounding)
    starts, rows = starts[first : last + 1], rows[first : last + 1]
    header = Header(
        genres=genres,
        players=tuple(part.player for part in parts),
        bars=len(rows),
        tempo=_longest_tempo(score),
        key=key_of(_pitch_classes(parts)),
        density=density_of(*_counts(rows)),
        meter=meter,
    )
    return Arranged(Arrangement(header, tuple(rows)), tuple(starts))


def _rows(parts: list[Part], starts: list[int], length: int) -> list[Row]:
    """One row a bar of `length` grid steps."""
    columns = []
    for part in parts:
        groups: dict[int, list[_Sound]] = defaultdict(list)
        for at, pitch, duration, velocity in part.notes:
            bar = bisect_right(starts, at) - 1
            if bar >= 0 and at - starts[bar] < length:
                sound = (at - starts[bar], pitch, duration_class(duration), _VELOCITY_BINS[velocity])
                groups[bar].append(sound)
        # Most bars repeat an earlier one.
        known = {sounds: _block(part.player, sounds) for sounds in {tuple(group) for group in groups.values()}}
        columns.append({bar: known[tuple(group)] for bar, group in groups.items()})
    return [tuple(column.get(bar) for column in columns) for bar in range(len(starts))]


def _block(player: Player, sounds: tuple[_Sound, ...]) -> Block | None:
    hits = [
        hit
        for position, together in groupby(sounds, key=itemgetter(0))
        for hit in (_drum_hits if player.is_drum else _pitched_hits)(position, list(together))[:MAX_HITS_AT_ONCE]
    ]
    return Block(tuple(hits)) if hits else None


def _drum_hits(position: int, notes: list[_Sound]) -> list[Step]:
    mask = 0
    for _, key, _, _ in notes:
        lane = LANE_OF_KEY.get(key)
        mask |= 0 if lane is None else 1 << lane
    velocity = max(note[3] for note in notes)
    masks = [mask] if mask in _SET_INDEX else [1 << lane for lane in range(mask.bit_length()) if mask >> lane & 1]
    return sorted(Step(POSITION + position, DRUM_SET + _SET_INDEX[one], NONE, NONE, velocity) for one in masks)


def _pitched_hits(position: int, notes: list[_Sound]) -> list[Step]:
    """One hit where the chord shape is known; otherwise the largest known shape from the bottom, then the rest."""
    duration = Counter(note[2] for note in notes).most_common(1)[0][0]
    velocity = max(note[3] for note in notes)
    pitches = sorted(note[1] for note in notes)
    hits = []
    while pitches:
        count = next(size for size in range(len(pitches), 0, -1) if _shape(pitches[:size]) in _SHAPE_INDEX)
        shape = _SHAPE_INDEX[_shape(pitches[:count])]
        hits.append(Step(POSITION + position, PITCH + pitches[0], shape, duration, velocity))
        pitches = pitches[count:]
    return hits


def _shape(pitches: list[int]) -> int:
    return sum(1 << (pitch - pitches[0]) for pitch in pitches)


def _longest_tempo(score: Score) -> float:
    ends = [change.tick for change in score.tempos[1:]] + [max(score.end_tick, score.tempos[-1].tick + 1)]
    lasting: Counter[float] = Counter()
    for change, end in zip(score.tempos, ends, strict=True):
        lasting[round(change.tempo, 2)] += end - change.tick
    return lasting.most_common(1)[0][0]


def _pitch_classes(parts: list[Part]) -> list[float]:
    weights = [0.0] * 12
    for part in parts:
        if not part.player.is_drum:
            for _, pitch, duration, _ in part.notes:
                weights[pitch % 12] += duration
    return weights


def _counts(rows: list[Row]) -> tuple[int, int]:
    blocks = [block for row in rows for block in row if block]
    return sum(len(block.onsets) for block in blocks), len(blocks)
