"""A song's report: what was asked, and what the notes measure."""

from collections.abc import Sequence
from typing import NamedTuple

from inference.music.measure import estimate_key, measure_density, measure_form
from inference.music.obedience import key_is_never_left
from inference.music.program import GM_PROGRAM_NAMES
from inference.music.recipe import Recipe
from inference.music.score import Score, Track
from inference.music.spec import Player, SongSpec


class Line(NamedTuple):
    """One property in words; `asked` is None where the choice was left to the band."""

    name: str
    asked: str | None
    measured: str


def compare(recipe: Recipe, score: Score) -> list[Line]:
    """Tempo, meter, bars, band, key, density and form of `score`, each beside the wish in `recipe` if there was one."""
    spec = recipe.spec
    wishes = {
        "tempo": None if spec.tempo is None else f"{spec.tempo:g}",
        "meter": _text(spec.meter),
        "bars": _text(spec.bars),
        "roster": None if spec.roster is None else _band(spec.roster),
        "key": _text(spec.key),
        "density": _text(spec.density),
        "form": spec.form,
    }
    measures = {
        "tempo": _span([f"{change.tempo:g}" for change in score.tempos]),
        "meter": _span([str(change.meter) for change in score.meters]),
        "bars": str(count_bars(score)),
        "roster": _heard(spec, score),
        "key": _sounding_key(spec, score),
        "density": str(measure_density(score)),
    }
    form = spec.form or recipe.sampling.form
    if form is not None and spec.bars is not None:
        measures["form"] = measure_form(score, form, spec.bars)
    return [
        Line("band" if field == "roster" else field, wishes[field] if field in recipe.asked else None, measured)
        for field, measured in measures.items()
    ]


def count_bars(score: Score) -> int:
    """Bars up to the last one in which a note starts; what rings on past its bar line adds none."""
    last_onset = max((note.tick for track in score.tracks for note in track.notes), default=None)
    if last_onset is None:
        return 0
    bars = 0
    for change, following in zip(score.meters, (*score.meters[1:], None), strict=True):
        if change.tick > last_onset:
            break
        until = last_onset + 1 if following is None else min(last_onset + 1, following.tick)
        bars += -(-(until - change.tick) // change.meter.ticks)
    return bars


def _sounding_key(spec: SongSpec, score: Score) -> str:
    """The estimated key, or the strict key if no note leaves it (the estimate may name its relative)."""
    kept = spec.strict_key and key_is_never_left(score, spec)
    return str(spec.key if kept else estimate_key(score))


def _heard(spec: SongSpec, score: Score) -> str:
    """The players of the roster whose track has notes, then the instruments that nobody asked for."""
    playing = [track for track in score.tracks if track.notes]
    heard = [str(player.role) for player in spec.roster or () if _take(playing, player)]
    extra = ["drums" if track.is_drum else GM_PROGRAM_NAMES[track.program].lower() for track in playing]
    return ", ".join(heard + extra) or "silence"


def _take(tracks: list[Track], player: Player) -> bool:
    """Removes the first track that can be this player's; False if there is none."""
    for track in tracks:
        if track.is_drum == player.is_drum and (track.is_drum or track.program == player.program):
            tracks.remove(track)
            return True
    return False


def _band(roster: Sequence[Player]) -> str:
    return ", ".join(player.role for player in roster)


def _span(values: Sequence[str]) -> str:
    """One value, or all the different ones in the order they come."""
    return " → ".join(dict.fromkeys(values))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
