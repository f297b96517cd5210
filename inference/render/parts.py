"""Splits a score into parts: what one call of the synth plays and one strip of the desk treats."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from inference.music.program import Role, role_of
from inference.music.score import Note, Score, Track
from inference.music.spec import Player
from inference.music.units import PPQ, seconds_per_tick
from inference.render.sounds import Sound

DRIVEN_PROGRAMS = frozenset({29, 30, 31})
CLEAN_PROGRAMS = frozenset({26, 27, 28})
_DRY_GUITAR, _MUTED_GUITAR = 27, 28
_MUTE_LONGEST_S, _MUTE_HIGHEST = 0.126, 57
_MUTE_SHORTENED = 0.8
_TRACKS_A_PART = 6  # two takes of six, or muted and open of both, stay under the 15 melodic channels
_TAKE_JITTER_S, _TAKE_JITTER_VELOCITY, _TAKE_CENTS = 0.006, 6, 5.0


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a track of a part stands: -1 left to 1 right, and how many cents it is out of tune."""

    pan: float = 0.0
    cents: float = 0.0


@dataclass(frozen=True, slots=True)
class Part:
    """Tracks for one call of the synth, one seat each; `amp` names the amplifier they go through."""

    role: Role
    amp: str | None
    score: Score
    seats: tuple[Seat, ...]


def split_parts(score: Score, roster: tuple[Player, ...], sound: Sound) -> list[Part]:
    """The parts of a score, drums first. Tracks without notes take no part."""
    groups: dict[tuple[Role, str | None], list[Track]] = defaultdict(list)
    for track, role in zip(score.tracks, roles_of(score.tracks, roster), strict=True):
        if track.notes:
            groups[role, _amp_of(track, role, sound)].append(track)
    order = list(Role)
    parts = []
    for (role, amp), tracks in sorted(groups.items(), key=lambda item: (order.index(item[0][0]), item[0][1] or "")):
        for first in range(0, len(tracks), _TRACKS_A_PART):
            some = tracks[first : first + _TRACKS_A_PART]
            chairs = list(_guitar_chairs(some, score)) if amp else list(_chairs(some, role, sound))
            played = replace(score, tracks=tuple(track for track, _ in chairs), meta=())
            parts.append(Part(role, amp, played, tuple(seat for _, seat in chairs)))
    return parts


def roles_of(tracks: tuple[Track, ...], roster: tuple[Player, ...]) -> list[Role]:
    """The role of each track: of the first free player with its program, or what the program suggests."""
    free = list(roster)
    roles = []
    for track in tracks:
        player = next((seat for seat in free if _fits(seat, track)), None)
        if player is None:
            roles.append(role_of(track.program, track.is_drum))
        else:
            free.remove(player)
            roles.append(player.role)
    return roles


def _fits(player: Player, track: Track) -> bool:
    return player.is_drum == track.is_drum and (track.is_drum or player.program == track.program)


def _amp_of(track: Track, role: Role, sound: Sound) -> str | None:
    if track.is_drum:
        return None
    if track.program in DRIVEN_PROGRAMS:
        return sound.lead_amp if role is Role.LEAD else sound.rhythm_amp
    return sound.clean_amp if track.program in CLEAN_PROGRAMS else None


def _chairs(tracks: list[Track], role: Role, sound: Sound) -> Iterator[tuple[Track, Seat]]:
    """Side by side, a little apart when there are several."""
    for index, track in enumerate(tracks):
        program = sound.kit if track.is_drum else track.program
        spread = 0.0 if role in (Role.DRUMS, Role.BASS) or len(tracks) == 1 else 0.6
        yield replace(track, program=program), Seat(spread * (2 * index / max(1, len(tracks) - 1) - 1))


def _guitar_chairs(tracks: list[Track], score: Score) -> Iterator[tuple[Track, Seat]]:
    """Dry guitars, one hard on each side: two of them, or one that plays everything twice."""
    takes = [(track, index) for index, track in enumerate(tracks)]
    if len(tracks) == 1:
        takes = [(tracks[0], 0), (_second_take(tracks[0], score), 1)]
    for track, index in takes:
        seat = Seat(-1.0, _TAKE_CENTS / 2) if index % 2 == 0 else Seat(1.0, -_TAKE_CENTS / 2)
        muted = {note for note in track.notes if _is_muted(note, score)}
        if track.program in CLEAN_PROGRAMS:
            yield track, seat
            continue
        mutes = tuple(replace(note, duration=max(1, int(note.duration * _MUTE_SHORTENED))) for note in sorted(muted))
        opens = tuple(note for note in track.notes if note not in muted)
        for program, notes in ((_DRY_GUITAR, opens), (_MUTED_GUITAR, mutes)):
            if notes:
                yield replace(track, program=program, notes=notes), seat


def _is_muted(note: Note, score: Score) -> bool:
    """Short and low: on a driven guitar that is a palm mute."""
    length_s = score.seconds_at(note.end) - score.seconds_at(note.tick)
    return note.pitch <= _MUTE_HIGHEST and length_s <= _MUTE_LONGEST_S


def _second_take(track: Track, score: Score) -> Track:
    """The same notes as a person plays them again: a few milliseconds and velocities off, always the same ones."""
    rng = random.Random(len(track.notes))
    reach = round(_TAKE_JITTER_S / seconds_per_tick(score.tempos[0].tempo))
    notes = []
    for note in track.notes:
        tick = max(0, note.tick + rng.randint(-reach, reach))
        velocity = note.velocity + rng.randint(-_TAKE_JITTER_VELOCITY, _TAKE_JITTER_VELOCITY)
        notes.append(replace(note, tick=tick, velocity=min(127, max(1, velocity))))
    return replace(track, notes=tuple(sorted(notes)))


def ring_ticks(score: Score, seconds: float) -> int:
    """Ticks that last `seconds` at the score's last tempo."""
    return round(seconds * score.tempos[-1].tempo * PPQ / 60.0)
