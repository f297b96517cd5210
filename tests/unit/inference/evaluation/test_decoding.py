"""A decode step is timed beside the memory, and beside transformers where it is installed."""

from pathlib import Path

import pytest

from inference.engine.native.build import library
from inference.engine.native.errors import NativeUnavailable
from inference.evaluation.decoding import DecodePlan, DecodeRow, decode_rows
from inference.model.checkpoint import save_checkpoint
from inference.music.spec import SongSpec
from tests.unit.inference.engine.tiny import tiny_composer

GENRES = Path("configs/genres.toml")


def test_ratios_say_how_much_faster_than_transformers_and_how_much_slower_than_memory() -> None:
    row = DecodeRow(16, ours_ms=2.0, theirs_ms=20.0, memory_ms=1.0, arithmetic_ms=1.6, halves_ms=2.0)
    assert (row.ratio, row.over_memory, row.over_roofline, row.over_halves) == (10.0, 2.0, 1.25, 1.0)
    alone = DecodeRow(16, ours_ms=2.0, theirs_ms=None, memory_ms=None)
    assert (alone.ratio, alone.over_memory, alone.over_roofline, alone.over_halves) == (None,) * 4


@pytest.mark.parametrize("decoder", ["native", "torch"])
def test_steps_of_the_engine_are_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decoder: str) -> None:
    if decoder == "native":
        try:
            library()
        except NativeUnavailable as error:
            pytest.skip(str(error))
    monkeypatch.setattr("inference.evaluation.decoding._transformers", lambda config: [])
    monkeypatch.setattr("inference.evaluation.decoding._OUR_STEPS", 20)
    save_checkpoint(tiny_composer(), tmp_path / "tiny.safetensors", {})
    plan = DecodePlan(tmp_path / "tiny.safetensors", decoder, 1, GENRES, SongSpec((("metal", 1.0),), 8), rounds=1)
    rows = decode_rows(plan)
    assert [row.batch for row in rows] == [1, 16 if decoder == "native" else 4]
    assert all(row.ours_ms > 0 and row.theirs_ms is None for row in rows)
    assert all(row.columns > 0 for row in rows)
    assert all((row.memory_ms is None) == (row.arithmetic_ms is None) == (decoder == "torch") for row in rows)
