"""Score -> arrangement: chooses the players, snaps their notes to the grid and groups them into hits."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from inference.music.errors import BadMidi
from inference.music.measure import density_of, key_of
from inference.music.program import Role, role_of
from inference.music.score import Meter, Note, Score, Track
from inference.music.spec import MAX_PLAYERS, Player
from inference.music.units import TICKS_PER_GRID
from inference.tokens.arrangement import Arrangement, Header, Row
from inference.tokens.block import Block
from inference.tokens.tables import CHORD_SHAPES, DRUM_SETS, LANE_OF_KEY
from inference.tokens.vocabulary import (
    DRUM_SET,
    NONE,
    PITCH,
    POSITION,
    POSITIONS,
    Step,
    duration_class,
    velocity_bin,
)

MAX_HITS_AT_ONCE = 4
_SHAPE_INDEX = {mask: index for index, mask in enumerate(CHORD_SHAPES, start=1)}
_SET_INDEX = {mask: index for index, mask in enumerate(DRUM_SETS)}
_DOUBLED = 0.95


@dataclass(frozen=True, slots=True)
class Part:
    """One player's notes on the grid: (grid step from the start, pitch, length in grid steps, velocity)."""

    player: Player
    notes: tuple[tuple[int, int, int, int], ...]


def arrange(score: Score, genres: tuple[tuple[str, float], ...] = ()) -> Arrangement:
    """The bars of the score's meter, from the first that sounds to the last.

    Raises:
        BadMidi: it has no bar in 4/4, the only meter of the band code so far.
    """
    bars = _bars_in(score, Meter())
    parts = choose_players(score.tracks)
    rows = _rows(parts, bars)
    while rows and not any(rows[-1]):
        rows.pop()
    while rows and not any(rows[0]):
        rows.pop(0)
    if not rows:
        raise BadMidi("this MIDI file has no bar in 4/4 that I could read")
    header = Header(
        genres=genres,
        players=tuple(part.player for part in parts),
        bars=len(rows),
        tempo=_longest_tempo(score),
        key=key_of(_pitch_classes(parts)),
        density=density_of(*_counts(rows)),
    )
    return Arrangement(header, tuple(rows))


def choose_players(tracks: Iterable[Track]) -> list[Part]:
    """The roster in order of roles: drums joined to one, doubles of a role dropped, the MAX_PLAYERS with most notes."""
    drums: list[Note] = []
    pitched: list[Track] = []
    for track in tracks:
        if track.is_drum:
            drums.extend(track.notes)
        elif track.notes:
            pitched.append(track)
    pitched.sort(key=lambda track: -len(track.notes))
    kept: list[Part] = []
    sounds: list[tuple[Role, frozenset[tuple[int, int]]]] = []
    for track in pitched:
        part = Part(Player(role_of(track.program, is_drum=False), track.program), _snap(track.notes))
        sound = frozenset((at, pitch) for at, pitch, _, _ in part.notes)
        role = part.player.role
        if all(role is not other or len(sound & notes) < _DOUBLED * len(sound) for other, notes in sounds):
            kept.append(part)
            sounds.append((role, sound))
    parts = _with_lead(kept)
    if drums:
        parts.insert(0, Part(Player(Role.DRUMS, 0), _snap(drums)))
    order = list(Role)
    return sorted(parts[:MAX_PLAYERS], key=lambda part: order.index(part.player.role))


def _with_lead(parts: list[Part]) -> list[Part]:
    """Of two guitars or more, calls the one lead that plays highest and with the fewest chords."""
    guitars = [index for index, part in enumerate(parts) if part.player.role is Role.RHYTHM]
    if len(guitars) < 2:
        return parts
    leader = max(guitars, key=lambda index: _leadership(parts[index]))
    lead = parts[leader]
    parts[leader] = Part(Player(Role.LEAD, lead.player.program), lead.notes)
    return parts


def _leadership(part: Part) -> float:
    """Mean pitch less an octave for each further note in a typical chord."""
    onsets = len({at for at, *_ in part.notes})
    mean = sum(pitch for _, pitch, _, _ in part.notes) / len(part.notes)
    return mean - 12 * (len(part.notes) / onsets - 1)


def _snap(notes: Iterable[Note]) -> tuple[tuple[int, int, int, int], ...]:
    return tuple(
        sorted(
            {
                (at := round(note.tick / TICKS_PER_GRID), note.pitch): (
                    at,
                    note.pitch,
                    max(1, round(note.duration / TICKS_PER_GRID)),
                    note.velocity,
                )
                for note in notes
            }.values()
        )
    )


def _bars_in(score: Score, meter: Meter) -> dict[int, int]:
    """Start of each bar of `meter` in grid steps -> its number, leaving out the bars of other meters."""
    starts: dict[int, int] = {}
    length = meter.ticks // TICKS_PER_GRID
    ends = [change.tick for change in score.meters[1:]] + [score.end_tick]
    for change, end in zip(score.meters, ends, strict=True):
        if change.meter.ticks == meter.ticks:
            first, last = round(change.tick / TICKS_PER_GRID), round(end / TICKS_PER_GRID)
            for start in range(first, last, length):
                starts[start] = len(starts)
    return starts


def _rows(parts: list[Part], bars: dict[int, int]) -> list[Row]:
    starts = sorted(bars)
    columns = []
    for part in parts:
        groups: dict[int, dict[int, list[tuple[int, int, int, int]]]] = defaultdict(lambda: defaultdict(list))
        for note in part.notes:
            index = bisect_right(starts, note[0]) - 1
            if index >= 0 and note[0] - starts[index] < POSITIONS:
                groups[bars[starts[index]]][note[0] - starts[index]].append(note)
        columns.append({bar: _block(part.player, group) for bar, group in groups.items()})
    return [tuple(column.get(bar) for column in columns) for bar in range(len(bars))]


def _block(player: Player, group: dict[int, list[tuple[int, int, int, int]]]) -> Block | None:
    hits = [
        hit
        for position in sorted(group)
        for hit in (_drum_hits if player.is_drum else _pitched_hits)(position, group[position])[:MAX_HITS_AT_ONCE]
    ]
    return Block(tuple(hits)) if hits else None


def _drum_hits(position: int, notes: list[tuple[int, int, int, int]]) -> list[Step]:
    mask = 0
    for _, key, _, _ in notes:
        lane = LANE_OF_KEY.get(key)
        mask |= 0 if lane is None else 1 << lane
    velocity = velocity_bin(max(note[3] for note in notes))
    masks = [mask] if mask in _SET_INDEX else [1 << lane for lane in range(mask.bit_length()) if mask >> lane & 1]
    return sorted(Step(POSITION + position, DRUM_SET + _SET_INDEX[one], NONE, NONE, velocity) for one in masks)


def _pitched_hits(position: int, notes: list[tuple[int, int, int, int]]) -> list[Step]:
    """One hit where the chord shape is known; otherwise the largest known shape from the bottom, then the rest."""
    duration = Counter(duration_class(note[2]) for note in notes).most_common(1)[0][0]
    velocity = velocity_bin(max(note[3] for note in notes))
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
