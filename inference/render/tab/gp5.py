"""Score -> Guitar Pro 5 file, through PyGuitarPro."""

import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import guitarpro
import numpy as np
from guitarpro import models

from inference.music.articulation import palm_mutes
from inference.music.pitch import Mode
from inference.music.score import Note, Score, Track
from inference.music.text import printable
from inference.music.units import TICKS_PER_GRID
from inference.render.errors import RenderFailed
from inference.render.notation.bars import Bar, bars_of
from inference.render.notation.measure import Written, fill_bar, rests_of
from inference.render.notation.musicxml import Sheet
from inference.render.notation.rhythm import Line, write_lines
from inference.render.notation.spelling import fifths_of
from inference.render.notation.staves import in_page_order
from inference.render.tab.fingering import Fingering, Stroke, finger_together
from inference.render.tab.tunings import BASS_TUNINGS, GUITAR_TUNINGS
from inference.render.timeline import Timeline

_GUITARS, _BASSES = range(24, 32), range(32, 40)
_ENCODING = "cp1252"
_MOST_DRUMS = 6  # strings of a drum track
_COLOURS = ((255, 107, 97), (120, 220, 140), (86, 178, 255), (190, 148, 255), (255, 158, 88), (255, 202, 87))
_DRUM_CHANNEL = 9


@dataclass(frozen=True)
class Tab:
    """A tab and what was done to make it playable. `tunings` names each fretted track's tuning."""

    content: bytes
    tunings: dict[str, str]
    left_out: int
    moved: int


@dataclass(frozen=True)
class _Part:
    """A track with its voice, bar by bar, and (unless it is drums) where each chord is gripped."""

    track: Track
    lines: list[Line]
    fingering: Fingering | None
    muted: frozenset[Note]


def write_tab(score: Score, sheet: Sheet) -> Tab:
    """Guitars, basses and drums of a score.

    All guitars share a tuning, all basses another. Notes that no hand could add to a chord are left out and notes
    below or above the fretboard move by octaves; both are counted.

    Raises:
        RenderFailed: there is no guitar, bass or drum part.
    """
    bars = bars_of(score, sheet.bars)
    parts = _parts(score, bars)
    if not parts:
        raise RenderFailed("there is no guitar, bass or drum part in this song, so there is nothing to write a tab of")
    song = _song(score, sheet, bars)
    for number, part in enumerate(parts, 1):
        song.tracks.append(_track(song, part, number))
    _tempo_changes(song, score, bars)
    file = io.BytesIO()
    guitarpro.write(song, file, version=(5, 1, 0), encoding=_ENCODING)
    fingerings = {part.track.name or str(index): part.fingering for index, part in enumerate(parts)}
    fretted = {name: fingering for name, fingering in fingerings.items() if fingering is not None}
    return Tab(
        file.getvalue(),
        {name: fingering.tuning.name for name, fingering in fretted.items()},
        sum(fingering.left_out for fingering in fretted.values()),
        sum(fingering.moved for fingering in fretted.values()),
    )


def _parts(score: Score, bars: Sequence[Bar]) -> list[_Part]:
    playing = in_page_order(score.tracks)
    lines = {id(track): write_lines(track.notes, bars, hits=track.is_drum) for track in playing}
    muted = {id(track): _muted(track, score) for track in playing}
    fingerings: dict[int, Fingering] = {}
    detuned = None
    for family, tunings in ((_GUITARS, GUITAR_TUNINGS), (_BASSES, BASS_TUNINGS)):
        tracks = [track for track in playing if not track.is_drum and track.program in family]
        strokes = [_strokes(score, lines[id(track)], muted[id(track)]) for track in tracks]
        made = finger_together(strokes, tunings, detuned)
        detuned = tunings[0].strings[0] - made[0].tuning.strings[0] if made else None
        fingerings |= {id(track): fingering for track, fingering in zip(tracks, made, strict=True)}
    return [
        _Part(track, lines[id(track)], fingerings.get(id(track)), muted[id(track)])
        for track in playing
        if track.is_drum or id(track) in fingerings
    ]


def _muted(track: Track, score: Score) -> frozenset[Note]:
    return frozenset(note for note, is_muted in zip(track.notes, palm_mutes(track, score), strict=True) if is_muted)


def _strokes(score: Score, lines: Sequence[Line], muted: frozenset[Note]) -> list[Stroke]:
    struck = [(line.bar.start + chord.start, chord.notes) for line in lines for chord in line.chords if not chord.begun]
    ticks = np.array([start for start, _ in struck], dtype=np.int64) * TICKS_PER_GRID
    seconds = Timeline(score, 1).seconds_between(np.zeros_like(ticks), ticks).tolist()
    strokes = []
    for at_s, (_, notes) in zip(seconds, struck, strict=True):
        pitches = tuple(sorted({note.pitch for note in notes}, reverse=True))
        strokes.append(Stroke(pitches, at_s, all(note in muted for note in notes)))
    return strokes


def _song(score: Score, sheet: Sheet, bars: Sequence[Bar]) -> models.Song:
    minor = 1 if sheet.key.mode is Mode.MINOR else 0
    song = models.Song(
        title=_plain(sheet.title),
        artist="LnH",
        subtitle=_plain(sheet.genre),
        tempo=min(400, max(20, round(score.tempos[0].tempo))),
        key=models.KeySignature((fifths_of(sheet.key), minor)),
        measureHeaders=[],
        tracks=[],
    )
    start = models.Duration.quarterTime
    for number, bar in enumerate(bars, 1):
        meter = models.TimeSignature(bar.meter.numerator, models.Duration(bar.meter.denominator))
        header = models.MeasureHeader(number, start, keySignature=song.key, timeSignature=meter)
        letter = sheet.letters.get(number - 1)
        header.marker = None if letter is None else models.Marker(title=letter)
        song.measureHeaders.append(header)
        start += header.length
    return song


def _track(song: models.Song, part: _Part, number: int) -> models.Track:
    track, fingering = part.track, part.fingering
    strings = (0,) * _MOST_DRUMS if fingering is None else fingering.tuning.strings
    label = _plain(track.name) or ("Drums" if track.is_drum else "Guitar")
    channel = _DRUM_CHANNEL if track.is_drum else (number - 1) * 2 % 16 + ((number - 1) * 2 % 16 >= 8) * 2
    written = models.Track(
        song,
        number,
        isPercussionTrack=track.is_drum,
        name=(label if fingering is None else f"{label} ({fingering.tuning.name})")[:40],
        strings=[models.GuitarString(index, pitch) for index, pitch in enumerate(strings, 1)],
        channel=models.MidiChannel(min(15, channel), min(15, channel + (not track.is_drum)), track.program),
        color=models.Color(*_COLOURS[(number - 1) % len(_COLOURS)]),
        indicateTuning=fingering is not None and fingering.tuning.name != "E standard",
        fretCount=24,
    )
    if track.is_drum:
        written.channel.instrument = 0
    _write_measures(written, part)
    return written


def _write_measures(written: models.Track, part: _Part) -> None:
    """The beats of each bar: those of drums as they are, of others where the fingering puts them."""
    track, fingering = part.track, part.fingering
    places = iter(fingering.strokes) if fingering is not None else iter(())
    grip: dict[int, tuple[int, int]] = {}
    for line, measure in zip(part.lines, written.measures, strict=True):
        voice = measure.voices[0]
        for one in fill_bar(line):
            if one.notes and not one.tied_back and not track.is_drum:
                grip = next(places).places
            elif track.is_drum:
                grip = _drum_places(one.notes)
            voice.beats.append(_beat(voice, one, grip, part.muted))
        if not voice.beats:
            voice.beats.extend(_beat(voice, rest, {}, part.muted) for rest in rests_of(line.bar))


def _beat(voice: models.Voice, one: Written, grip: dict[int, tuple[int, int]], muted: frozenset[Note]) -> models.Beat:
    value = one.piece.value
    tuplet = models.Tuplet(3, 2) if value.triplet else models.Tuplet()
    beat = models.Beat(voice, duration=models.Duration(value.denominator, value.dotted, tuplet))
    beat.status = models.BeatStatus.normal if one.notes and grip else models.BeatStatus.rest
    for note in one.notes:
        if note.pitch in grip:
            string, fret = grip[note.pitch]
            kind = models.NoteType.tie if one.tied_back else models.NoteType.normal
            written = models.Note(beat, fret, _velocity(note.velocity), string, type=kind)
            written.effect.palmMute = note in muted
            written.effect.letRing = one.rings
            beat.notes.append(written)
    beat.notes.sort(key=lambda note: note.string)
    return beat


def _drum_places(notes: Sequence[Note]) -> dict[int, tuple[int, int]]:
    """Drums have no frets: the number on the string is the General MIDI drum."""
    loudest = sorted({note.pitch: note for note in notes}.values(), key=lambda note: -note.velocity)[:_MOST_DRUMS]
    pitches = sorted((note.pitch for note in loudest), reverse=True)
    return {pitch: (string, pitch) for string, pitch in enumerate(pitches, 1)}


def _velocity(velocity: int) -> int:
    """The nearest of Guitar Pro's eight loudnesses."""
    step = round((velocity - models.Velocities.minVelocity) / models.Velocities.velocityIncrement)
    return int(models.Velocities.minVelocity + min(7, max(0, step)) * models.Velocities.velocityIncrement)


def _tempo_changes(song: models.Song, score: Score, bars: Sequence[Bar]) -> None:
    """At the first beat of the bar in which a tempo starts; where there are several, the last."""
    index = 0
    for change in score.tempos[1:]:
        while index + 1 < len(bars) and bars[index].end <= change.tick // TICKS_PER_GRID:
            index += 1
        beats = song.tracks[0].measures[index].voices[0].beats
        tempo = models.MixTableItem(min(400, max(20, round(change.tempo))))
        beats[0].effect.mixTableChange = models.MixTableChange(tempo=tempo, hideTempo=False)


def _plain(text: str) -> str:
    """What Guitar Pro's one-byte letters can say."""
    clean = printable(unicodedata.normalize("NFKC", text))
    return clean.encode(_ENCODING, "ignore").decode(_ENCODING).strip()[:200]
