"""Takes a Standard MIDI File apart and keeps what a score is made of, so that nothing else in it can do harm.

Files in the wild have key signatures that do not exist, time codes, messages cut short, chunks of sequencers and
wrappings of old systems. What tells no note, instrument, tempo, meter or text is left out, whatever is wrong with it.
"""

import struct
from collections.abc import Iterator

from inference.music.errors import BadMidi

_UNREADABLE = "this is not a MIDI file I can read"
_CUT_OFF = "this MIDI file ends too early; a part of it is missing"
_HEADER, _TRACK = b"MThd", b"MTrk"
_FARTHEST_HEADER = 1024  # bytes before it: RIFF of Windows, MacBinary of old Macintoshes
_CHUNK, _FIELDS = struct.Struct(">4sI"), struct.Struct(">HHH")
_LONGEST_NUMBER = 4  # bytes; the format knows no longer ones
_META, _SYSEX, _ESCAPE = 0xFF, 0xF0, 0xF7
_NOTE_OFF, _NOTE_ON, _PROGRAM, _PRESSURE = 0x8, 0x9, 0xC, 0xD
_SYSTEM_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}  # after the status byte; the others have none
_TEXTS, _TRACK_NAME, _END, _TEMPO, _METER = (0x01, 0x02, 0x05, 0x06), 0x03, 0x2F, 0x51, 0x58
_LENGTHS = {_TEMPO: 3, _METER: 4}


def sieve(content: bytes) -> bytes:
    """The file with its notes, programs, tempos, meters, names and texts alone, each at its time.

    Raises:
        BadMidi: it is no MIDI file, or ends too early.
    """
    start = content.find(_HEADER, 0, _FARTHEST_HEADER)
    if start < 0:
        raise BadMidi(_UNREADABLE)
    try:
        _, size = _CHUNK.unpack_from(content, start)
        kind, count, division = _FIELDS.unpack_from(content, start + _CHUNK.size)
    except struct.error as error:
        raise BadMidi(_UNREADABLE) from error
    if size < _FIELDS.size or start + _CHUNK.size + size > len(content):
        raise BadMidi(_UNREADABLE)
    tracks = [_sifted(track) for track in _tracks(content, start + _CHUNK.size + size, count)]
    header = _CHUNK.pack(_HEADER, _FIELDS.size) + _FIELDS.pack(kind, len(tracks), division)
    return header + b"".join(_CHUNK.pack(_TRACK, len(track)) + track for track in tracks)


def _tracks(content: bytes, at: int, count: int) -> Iterator[bytes]:
    """The tracks, of which there must be `count` at least; chunks of other kinds are passed over."""
    while at + _CHUNK.size <= len(content):
        name, size = _CHUNK.unpack_from(content, at)
        at += _CHUNK.size
        if at + size > len(content):
            break
        if name == _TRACK:
            yield content[at : at + size]
            count -= 1
        at += size
    if count > 0:
        raise BadMidi(_CUT_OFF)


def _sifted(track: bytes) -> bytes:
    """A track's events that matter, later by the time of those before them that do not."""
    kept = bytearray()
    waited, at, status = 0, 0, 0
    while at < len(track):
        delta, at = _number(track, at)
        waited += delta
        first, matters = at, False
        lead = _byte(track, at)
        if lead == _META:
            length, body = _number(track, at + 2)
            at = body + length
            matters = _is_told(track[first + 1], length)
        elif lead in (_SYSEX, _ESCAPE):
            length, body = _number(track, at + 1)
            at = body + length
        elif lead > _SYSEX:
            at += 1 + _SYSTEM_BYTES.get(lead, 0)
        else:
            if lead & 0x80:
                status, at = lead, at + 1
                first = at
            at += 1 if status >> 4 in (_PROGRAM, _PRESSURE) else 2
            matters = status >> 4 in (_NOTE_OFF, _NOTE_ON, _PROGRAM)
        if at > len(track) or (lead < _SYSEX and not status):
            raise BadMidi(_UNREADABLE)
        if matters:
            kept += _as_number(waited) + (bytes([status]) if lead < _SYSEX else b"") + track[first:at]
            waited = 0
    return bytes(kept)


def _is_told(kind: int, length: int) -> bool:
    """Whether a meta event says something of a score, and as long as it must be to say it."""
    return kind in (*_TEXTS, _TRACK_NAME, _END, *_LENGTHS) and length == _LENGTHS.get(kind, length)


def _byte(track: bytes, at: int) -> int:
    if at >= len(track):
        raise BadMidi(_UNREADABLE)
    return track[at]


def _number(track: bytes, at: int) -> tuple[int, int]:
    """A number of variable length and the place after it."""
    value = 0
    for place in range(at, at + _LONGEST_NUMBER):
        byte = _byte(track, place)
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + 1
    raise BadMidi(_UNREADABLE)


def _as_number(value: int) -> bytes:
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(0x80 | value & 0x7F)
    return bytes(reversed(digits))
