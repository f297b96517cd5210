"""Render jobs to test with."""

from inference.api import FileFormat
from inference.music.pitch import Key
from inference.music.program import Role
from inference.music.recipe import Recipe
from inference.music.score import Meter, Score
from inference.music.spec import Player, SamplingParams, SongSpec
from inference.render.job import RenderJob

QUARTET = (Player.of(Role.DRUMS), Player.of(Role.BASS), Player.of(Role.RHYTHM), Player.of(Role.LEAD))
RECIPE = Recipe("weights", SongSpec((("metal", 1.0),)), SamplingParams(7)).to_json()
ALL_FORMATS = (FileFormat.MIDI, FileFormat.MP3, FileFormat.CARD)


def metal_job(
    score: Score, formats: tuple[FileFormat, ...] = ALL_FORMATS, title: str = "Ashes of the North", stem: str = "ashes"
) -> RenderJob:
    """A metal quartet's job in E minor."""
    spec = SongSpec((("metal", 1.0),), 8, Key.parse("Em"), score.tempos[0].tempo, Meter(), QUARTET, 5)
    return RenderJob(score, spec, title, "Metal", "#b3202c", RECIPE, formats, stem)
