"""Score -> Standard MIDI File, through pretty_midi."""

import io

import pretty_midi

from inference.music.pitch import Key, Mode
from inference.music.score import Score, Track
from inference.music.units import PPQ


def write_midi(score: Score, key: Key | None = None) -> bytes:
    """Bytes of a type 1 file with `PPQ` ticks a quarter, one named track an instrument.

    Ticks, tempos, meters and `score.meta` (as text events) are kept exactly; the same score gives the same bytes.
    """
    song = pretty_midi.PrettyMIDI(resolution=PPQ, initial_tempo=score.tempos[0].tempo)
    # pretty_midi thinks in seconds and has no public way to add tempo changes: set its tick table as its reader does.
    song._tick_scales = [(change.tick, 60.0 / (change.tempo * PPQ)) for change in score.tempos]
    song._update_tick_to_time(score.end_tick + PPQ)
    song.time_signature_changes = [
        pretty_midi.TimeSignature(change.meter.numerator, change.meter.denominator, song.tick_to_time(change.tick))
        for change in score.meters
    ]
    if key is not None:
        number = key.tonic + (12 if key.mode is Mode.MINOR else 0)
        song.key_signature_changes = [pretty_midi.KeySignature(number, 0.0)]
    song.text_events = [pretty_midi.Text(text, 0.0) for text in score.meta]
    song.instruments = [_instrument(song, track) for track in score.tracks]
    file = io.BytesIO()
    song.write(file)
    return file.getvalue()


def _instrument(song: pretty_midi.PrettyMIDI, track: Track) -> pretty_midi.Instrument:
    instrument = pretty_midi.Instrument(track.program, track.is_drum, track.name)
    instrument.notes = [
        pretty_midi.Note(note.velocity, note.pitch, song.tick_to_time(note.tick), song.tick_to_time(note.end))
        for note in track.notes
    ]
    return instrument
