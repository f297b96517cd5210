"""Which decoder is taken where there is a card, and where there only seems to be one."""

from pathlib import Path

import pytest
import structlog
import torch

from inference.engine import load_runner
from inference.engine.cuda.errors import CardUnavailable
from inference.engine.runner import Runner
from inference.model.checkpoint import save_checkpoint
from tests.unit.inference.engine.tiny import tiny_composer

without_card = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    save_checkpoint(tiny_composer(), tmp_path / "tiny.safetensors", {})
    return tmp_path / "tiny.safetensors"


@without_card
def test_whoever_insists_on_a_card_is_told_in_one_sentence_that_there_is_none(checkpoint: Path) -> None:
    with pytest.raises(CardUnavailable, match="there is no CUDA card here"):
        load_runner(checkpoint, 2, 1, "cuda")


@without_card
def test_a_card_that_cannot_be_used_is_said_and_the_next_best_decoder_taken(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "card").touch()
    monkeypatch.setattr("inference.engine._GPU", tmp_path / "card")
    monkeypatch.setenv("CXX", "no-such-compiler")
    with structlog.testing.capture_logs() as logs:
        runner = load_runner(checkpoint, 2, 1, "auto")
    assert isinstance(runner, Runner)
    assert [line["event"] for line in logs] == [
        "decoding with native, which is slower",
        "decoding with torch, which is slower",
    ]


def test_a_card_whose_memory_is_full_is_one_that_cannot_be_had(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB\nand more words")

    monkeypatch.setattr("inference.engine.cuda.runner.CardRunner", full)
    with pytest.raises(
        CardUnavailable, match=r"does not take the model: CUDA out of memory\. Tried to allocate 2 GiB$"
    ):
        load_runner(checkpoint, 2, 1, "cuda")
