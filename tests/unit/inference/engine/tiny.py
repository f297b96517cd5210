"""A tiny untrained composer and jobs for it."""

import torch

from inference.engine.contract import ComposeJob
from inference.model.config import ModelConfig
from inference.model.transformer import Composer
from inference.music.pitch import Key, Mode
from inference.music.program import Role
from inference.music.score import Meter
from inference.music.spec import Player, SamplingParams, SongSpec
from inference.tokens.vocabulary import POSITION

ROSTER = (Player.of(Role.DRUMS), Player.of(Role.BASS), Player.of(Role.RHYTHM), Player.of(Role.LEAD))


def tiny_composer(window: int = 96) -> Composer:
    """Two layers of width 32, the same weights each time; inclined to short blocks, so that songs end soon."""
    torch.manual_seed(7)
    config = ModelConfig(("jazz", "metal"), 32, 2, 2, 1, 64, 32, window)
    model = Composer(config).eval()
    with torch.no_grad():
        model.cascade.logits[0].bias[:POSITION] += 4.0
    return model


def half_precise(window: int = 96) -> Composer:
    """The same with weights as a checkpoint holds them."""
    return tiny_composer(window).half().float()


def job(id: str, seed: int, bars: int = 4) -> ComposeJob:
    """A quartet in E minor."""
    spec = SongSpec((("metal", 1.0),), bars, Key(4, Mode.MINOR), 150.0, Meter(), ROSTER, 5)
    return ComposeJob(id, spec, SamplingParams(seed))
