"""Whether a song is what was asked for: one check per wish."""

from inference.music.measure import estimate_key, measure_density, measure_form
from inference.music.score import Score
from inference.music.spec import SongSpec

_TEMPO_TOLERANCE = 0.01  # a MIDI file keeps whole microseconds a quarter


def tempo_is_kept(score: Score, spec: SongSpec) -> bool:
    """One tempo throughout, the one asked for."""
    return spec.tempo is not None and all(abs(change.tempo - spec.tempo) <= _TEMPO_TOLERANCE for change in score.tempos)


def meter_is_kept(score: Score, spec: SongSpec) -> bool:
    """One meter throughout, the one asked for."""
    return all(change.meter == spec.meter for change in score.meters)


def bars_are_kept(score: Score, spec: SongSpec) -> bool:
    """The last onset falls in the last bar asked for."""
    last = max((note.tick for track in score.tracks for note in track.notes), default=-1)
    return last // score.meters[0].meter.ticks + 1 == spec.bars


def roster_is_kept(score: Score, spec: SongSpec) -> bool:
    """One track a player, in order, with its program, and none silent."""
    asked = [(player.is_drum, 0 if player.is_drum else player.program) for player in spec.roster or ()]
    played = [(track.is_drum, 0 if track.is_drum else track.program) for track in score.tracks if track.notes]
    return asked == played


def key_is_kept(score: Score, spec: SongSpec) -> bool:
    """The estimated key (Krumhansl and Kessler) is the key asked for."""
    return estimate_key(score) == spec.key


def scale_is_kept(score: Score, spec: SongSpec) -> bool:
    """The estimated key has the pitch classes of the key: itself, or its relative major or minor."""
    return spec.key is not None and estimate_key(score).pitch_classes == spec.key.pitch_classes


def key_is_never_left(score: Score, spec: SongSpec) -> bool:
    """Every pitched note is in the key; always so with a strict key, even if the estimate names a relative key."""
    if spec.key is None:
        return False
    pitches = (note.pitch for track in score.tracks if not track.is_drum for note in track.notes)
    return all(pitch % 12 in spec.key.pitch_classes for pitch in pitches)


def density_is_kept(score: Score, spec: SongSpec) -> bool:
    """Within one of the eight bins."""
    return spec.density is not None and abs(measure_density(score) - spec.density) <= 1


def form_is_kept(score: Score, spec: SongSpec) -> bool:
    """Sections that return resemble their first time and new ones do not; True if no form was asked for."""
    return spec.form is None or spec.bars is None or measure_form(score, spec.form, spec.bars) == spec.form


def broken_wishes(score: Score, spec: SongSpec) -> int:
    """How many wishes a song misses of those not exact by construction: key, density, form, each silent player."""
    silent = sum(not track.notes for track in score.tracks)
    held = (key_is_kept(score, spec), density_is_kept(score, spec), form_is_kept(score, spec))
    return silent + held.count(False)
