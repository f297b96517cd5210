"""Checkpoints come back as they were, or are refused in a sentence."""

from pathlib import Path

import pytest
import torch

from inference.model.checkpoint import load_checkpoint, save_checkpoint
from inference.model.config import ModelConfig
from inference.model.errors import CheckpointError
from inference.model.stored import checkpoint_hash
from tests.unit.inference.engine.tiny import tiny_composer


def test_a_saved_model_has_the_same_configuration_and_half_precision_weights(tmp_path: Path) -> None:
    model = tiny_composer()
    save_checkpoint(model, tmp_path / "a.safetensors", {"steps": "12"})
    loaded = load_checkpoint(tmp_path / "a.safetensors")
    assert loaded.config == model.config
    for name, weight in model.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], weight, rtol=1e-3, atol=1e-4)


def test_the_hash_names_the_content(tmp_path: Path) -> None:
    model = tiny_composer()
    save_checkpoint(model, tmp_path / "a.safetensors", {})
    save_checkpoint(model, tmp_path / "b.safetensors", {})
    save_checkpoint(model, tmp_path / "c.safetensors", {"steps": "1"})
    hashes = [checkpoint_hash(tmp_path / f"{name}.safetensors") for name in "abc"]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        load_checkpoint(tmp_path / "none.safetensors")


@pytest.mark.parametrize("content", [b"", b"not weights", bytes(64)])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError):
        load_checkpoint(path)


def test_a_cut_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_checkpoint(tiny_composer(), path, {})
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError):
        load_checkpoint(path)


def test_sizes_that_do_not_divide_are_refused() -> None:
    with pytest.raises(CheckpointError, match="divide"):
        ModelConfig(("metal",), width=30, heads=4)
