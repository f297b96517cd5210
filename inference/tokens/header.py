"""Turns a spec into the header that conditions the model."""

from inference.music.spec import SongSpec
from inference.tokens.arrangement import Header
from inference.tokens.bars import written_as


def header_of(spec: SongSpec) -> Header:
    """The header of a new song. Raises ValueError if the spec is not complete."""
    if spec.roster is None or spec.bars is None or spec.tempo is None or spec.meter is None:
        raise ValueError("the spec of a job must be complete")
    meter = written_as(spec.meter) or spec.meter
    return Header(spec.genres, spec.roster, spec.bars, spec.tempo, spec.key, spec.density, meter)
