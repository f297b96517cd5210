"""Chooses the players of a score: roles from programs and track names, doubled parts left out."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from inference.music.program import DEFAULT_PROGRAM, Role, role_of
from inference.music.score import Note, Track
from inference.music.spec import MAX_PLAYERS, Player
from inference.music.units import TICKS_PER_GRID
from inference.tokens.tables import LANE_OF_KEY

_DOUBLED = 0.95
# A name alone makes nobody a bass player or a drummer: the notes must agree.
_HIGHEST_BASS = 55.0
_LEAST_DRUM_KEYS = 0.9
_UNSET_PROGRAM = 0
_GUITARS, _SOLO_STRINGS = range(24, 32), range(40, 48)
_DRUMMER = re.compile(r"\bdrums?\b|drum ?(?:set|kit)|percussion|bateria|batterie|schlagzeug")
_BASSIST = re.compile(r"\bbass?\b|\bbajo\b|\bbasse\b|bassgit|bassline")
_SINGER = re.compile(r"vocal|\bvoice\b|\bvox\b|melod|\bsing(?:er|ing)?\b")
_SOLOIST = re.compile(r"\blead|\bsolo")
_GUITARIST = re.compile(r"\brh?yth?[mn]|guitar|gitar|\bgtr\b")
_PIANIST = re.compile(r"piano|\bhand\b|clef")


@dataclass(frozen=True, slots=True)
class Part:
    """One player's notes on the grid: (grid step from the start, pitch, length in grid steps, velocity).

    `tracks` are those they come from.
    """

    player: Player
    notes: tuple[tuple[int, int, int, int], ...]
    tracks: tuple[Track, ...]


def choose_players(tracks: Iterable[Track], *, keep_doubles: bool = False) -> list[Part]:
    """The roster in order of roles: drums joined to one, doubles of a role dropped, the MAX_PLAYERS with most notes."""
    drums: list[Track] = []
    pitched: list[tuple[Player, Track]] = []
    for track in tracks:
        if not track.notes:
            continue
        player = player_of(track)
        if player.is_drum:
            drums.append(track)
        else:
            pitched.append((player, track))
    pitched.sort(key=lambda pair: -len(pair[1].notes))
    kept: list[Part] = []
    sounds: list[tuple[Role, frozenset[tuple[int, int]]]] = []
    for player, track in pitched:
        part = Part(player, snap(track.notes), (track,))
        sound = frozenset((at, pitch) for at, pitch, _, _ in part.notes)
        if keep_doubles or all(
            player.role is not other or len(sound & notes) < _DOUBLED * len(sound) for other, notes in sounds
        ):
            kept.append(part)
            sounds.append((player.role, sound))
    parts = _with_lead(kept)
    if drums:
        struck = snap(note for track in drums for note in track.notes)
        parts.insert(0, Part(Player(Role.DRUMS, 0), struck, tuple(drums)))
    order = list(Role)
    return sorted(parts[:MAX_PLAYERS], key=lambda part: order.index(part.player.role))


def player_of(track: Track) -> Player:
    """Role and program of a track that has notes: what its program says, unless its name and its notes know better."""
    role = role_of(track.program, track.is_drum)
    if role is Role.DRUMS:
        return Player(role, 0)
    named = _named_role(track, role) or role
    # A guitar patch on a bass is a slip; so is the piano of a file that sets no program. A piano may sing.
    is_slip = named is not role and (
        (track.program == _UNSET_PROGRAM and named is not Role.LEAD)
        or (track.program in _GUITARS and named is Role.BASS)
    )
    return Player(named, DEFAULT_PROGRAM[named] if is_slip else track.program)


def _named_role(track: Track, role: Role) -> Role | None:
    """What the name says, where that and the program can both be true or the program was never set."""
    name = track.name.lower()
    is_unset = track.program == _UNSET_PROGRAM
    if _DRUMMER.search(name):
        return Role.DRUMS if is_unset and _strikes_a_kit(track) else None
    if _BASSIST.search(name):
        can = is_unset or role in (Role.RHYTHM, Role.SYNTH) or track.program in _SOLO_STRINGS
        return Role.BASS if can and not _PIANIST.search(name) and _mean_pitch(track) <= _HIGHEST_BASS else None
    if _SINGER.search(name):
        return Role.LEAD if role is not Role.BASS else None
    if _SOLOIST.search(name):
        return Role.LEAD if is_unset or role in (Role.RHYTHM, Role.SYNTH) else None
    return Role.RHYTHM if is_unset and _GUITARIST.search(name) else None


def _strikes_a_kit(track: Track) -> bool:
    return sum(note.pitch in LANE_OF_KEY for note in track.notes) >= _LEAST_DRUM_KEYS * len(track.notes)


def snap(notes: Iterable[Note]) -> tuple[tuple[int, int, int, int], ...]:
    """Notes as `Part` holds them, on the nearest grid step; of two in one place the later stays."""
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


def _mean_pitch(track: Track) -> float:
    return sum(note.pitch for note in track.notes) / len(track.notes)


def _with_lead(parts: list[Part]) -> list[Part]:
    """Of two guitars or more, calls the one lead that plays highest and with the fewest chords, if no name does."""
    guitars = [index for index, part in enumerate(parts) if part.player.role is Role.RHYTHM]
    named = any(part.player.role is Role.LEAD and part.player.program in _GUITARS for part in parts)
    if len(guitars) < 2 or named:
        return parts
    leader = max(guitars, key=lambda index: _leadership(parts[index]))
    lead = parts[leader]
    parts[leader] = replace(lead, player=Player(Role.LEAD, lead.player.program))
    return parts


def _leadership(part: Part) -> float:
    """Mean pitch less an octave for each further note in a typical chord."""
    onsets = len({at for at, *_ in part.notes})
    mean = sum(pitch for _, pitch, _, _ in part.notes) / len(part.notes)
    return mean - 12 * (len(part.notes) / onsets - 1)
