"""Who plays what through which amplifier: the tracks of a score as seats of the studio."""

from collections import Counter
from dataclasses import dataclass

from inference.music.program import Role, role_of
from inference.music.score import Score, Track
from inference.music.spec import Player
from inference.render.sounds import Sound

DRIVEN_PROGRAMS = frozenset({29, 30, 31})
CLEAN_PROGRAMS = frozenset({26, 27, 28})
DRY_GUITAR, MUTED_GUITAR = 27, 28
_ALONE = (Role.DRUMS, Role.BASS)  # stand in the middle even where there are two of them
_APART, _HARD = 0.6, 0.92


@dataclass(frozen=True, slots=True)
class Part:
    """One track in the studio.

    Args:
        track: counts the score's tracks from 0.
        role: what it does in the band.
        program: what the synth plays, a kit for drums; a driven guitar is played clean, its amplifier does the rest.
        amp: name of the amplifier, or None.
        takes: 2 where one guitar is recorded twice, a side each.
        pan: -1 left to 1 right, where several share a role.
        chair: counts those who share the role from 0; no two of them play or sound quite the same.
    """

    track: int
    role: Role
    program: int
    amp: str | None
    takes: int
    pan: float
    chair: int = 0


def split_parts(score: Score, roster: tuple[Player, ...], sound: Sound) -> list[Part]:
    """The parts of a score in its order. Tracks without notes take no part."""
    roles = roles_of(score.tracks, roster)
    seated = [
        (index, track, role) for index, (track, role) in enumerate(zip(score.tracks, roles, strict=True)) if track.notes
    ]
    amps = {index: _amp_of(track, role, sound) for index, track, role in seated}
    chairs = Counter((role, amps[index] is not None) for index, _, role in seated)
    taken: Counter[tuple[Role, bool]] = Counter()
    parts = []
    for index, track, role in seated:
        seat = (role, amps[index] is not None)
        takes = sound.strip(role).takes if seat[1] and chairs[seat] == 1 else 1
        pan = _pan(taken[seat], chairs[seat], seat)
        parts.append(Part(index, role, _program_of(track, sound), amps[index], takes, pan, taken[seat]))
        taken[seat] += 1
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


def _program_of(track: Track, sound: Sound) -> int:
    if track.is_drum:
        return sound.kit
    return DRY_GUITAR if track.program in DRIVEN_PROGRAMS else track.program


def _pan(chair: int, chairs: int, seat: tuple[Role, bool]) -> float:
    """Side by side; guitars with amplifiers hard left and right in turn."""
    role, has_amp = seat
    if chairs == 1 or role in _ALONE:
        return 0.0
    if has_amp:
        return -_HARD if chair % 2 == 0 else _HARD
    return _APART * (2 * chair / (chairs - 1) - 1)
