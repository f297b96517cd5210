"""Songs that have nothing in common, as a bank, and a tiny checkpoint that can play: what the verbs of a study need."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from inference.midi import write_midi
from inference.model.checkpoint import save_checkpoint
from inference.music.score import Score
from inference.training.bank import build_bank
from inference.training.corpus import Source
from tests.fakes.scores import quartet_score
from tests.fakes.tunes import gridded, score_of
from tests.unit.inference.engine.tiny import tiny_composer


def furnish(folder: Path, songs: Iterable[tuple[int, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Goes into a folder, with `bank.npz` of metal songs of so many bars and that split, and a checkpoint."""
    sources = []
    for bars, split in songs:
        path = folder / f"{split}-{bars}.mid"
        path.write_bytes(write_midi(_song(bars)))
        sources.append(Source(path, "metal", split))
    build_bank(sources)[0].save(folder / "bank.npz")
    save_checkpoint(tiny_composer(), folder / "tiny.safetensors", {})
    monkeypatch.chdir(folder)
    monkeypatch.setenv("LNH_INFERENCE_CHECKPOINT", "tiny.safetensors")


def _song(bars: int) -> Score:
    """A quartet that nobody else plays like."""
    score = quartet_score(bars)
    tracks = [score.tracks[0]]
    for number, track in enumerate(score.tracks[1:]):
        notes = score_of(gridded(10 * bars + number, 6 * bars)).tracks[0].notes
        tracks.append(replace(track, notes=tuple(replace(note, pitch=note.pitch - 12) for note in notes)))
    return replace(score, tracks=tuple(tracks))
