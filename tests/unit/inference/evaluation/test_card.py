"""A card is checked against the reference and measured; without one, the same is done on the processor."""

from pathlib import Path

import pytest
import torch

from bot.commands.bench_card import checks_table, figures, speed_table
from inference.engine.cuda.errors import CardUnavailable
from inference.engine.cuda.kernels import HostKernels
from inference.evaluation.card import CardPlan, card_checks
from inference.evaluation.card_speed import CardRow, card_row
from inference.model.checkpoint import save_checkpoint
from inference.music.spec import SongSpec
from tests.unit.inference.engine.tiny import tiny_composer

GENRES = Path("configs/genres.toml")


def plan(folder: Path, device: str) -> CardPlan:
    try:
        HostKernels()
    except CardUnavailable as error:
        pytest.skip(str(error))
    save_checkpoint(tiny_composer(window=512), folder / "tiny.safetensors", {})
    return CardPlan(folder / "tiny.safetensors", GENRES, SongSpec((("metal", 1.0),), 6), device)


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest) -> str:
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("NO CUDA CARD HERE: what a card writes was NOT checked")
    return str(request.param)


def test_every_promise_is_kept(tmp_path: Path, device: str) -> None:
    checks = card_checks(plan(tmp_path, device), slots=4)
    assert len(checks) == 5
    assert [check.promise for check in checks if not check.kept] == []


def test_speed_is_measured_with_every_slot_taken(tmp_path: Path, device: str) -> None:
    row = card_row(plan(tmp_path, device), slots=3, window_s=0.2)
    assert row.slots == 3
    assert row.steps_s == pytest.approx(3e6 / row.step_us, rel=0.5)
    assert 0 < row.least_us < row.step_us
    assert row.alone_us > 0


def test_tables_and_json_say_what_was_measured(tmp_path: Path) -> None:
    row = CardRow(64, 2.5, 200_000.0, 571.4, 320.0, 300.0, 16.0)
    assert row.bandwidth_share == 0.05
    assert figures("Card", [], [row])["rows"][0]["bandwidth_share"] == 0.05
    assert [list(column.cells) for column in speed_table([row], "Card").columns][1] == ["200,000"]
    assert checks_table([], "Card").title == "Card against the reference on a processor"
