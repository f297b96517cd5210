"""`lnh similar`: how close two songs are in the embedding space."""

import json

import typer

from bot.commands.editing import File
from bot.commands.look import AsJson, read_bytes
from bot.commands.prepare import quietly_prepared_settings
from bot.commands.trouble import CommandTrouble, as_trouble
from inference.midi import read_midi
from inference.music.packed import pack


def similar(first: File, second: File, as_json: AsJson = False) -> None:
    """Print how similar two songs are, bar by bar: 1 means identical, about 0 means unrelated."""
    from inference.latent.steering import Steering
    from inference.model.errors import CheckpointError

    checkpoint = quietly_prepared_settings().inference.checkpoint_file
    songs = [pack(read_midi(read_bytes(file))) for file in (first, second)]
    with as_trouble(CheckpointError):
        steering = Steering.load(checkpoint)
    if steering is None:
        raise CommandTrouble(f"{checkpoint} has no embedding space")
    likeness = round(steering.similarity(*songs), 3)
    typer.echo(json.dumps({"similarity": likeness}) if as_json else f"{likeness:.3f}")
