"""Processes of one run agree: sums of gradients and counts, and what the first one says."""

from multiprocessing import get_context
from pathlib import Path

import torch
from torch import distributed

from inference.training.peers import said_by_first, sum_gradients, summed

PROCESSES = 2


def _weights() -> list[torch.nn.Parameter]:
    return [torch.nn.Parameter(torch.zeros(2, 3)), torch.nn.Parameter(torch.zeros(4))]


def _take_part(rank: int, file: Path) -> None:
    distributed.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=PROCESSES)
    first, second = _weights()
    first.grad = torch.full((2, 3), 1.0 + rank)
    if rank:
        second.grad = torch.arange(4.0)
    sum_gradients([first, second])
    own = torch.tensor([float(rank), 10.0])
    found = [first.grad, second.grad, summed(own), own, torch.tensor(said_by_first(5.0 + rank))]
    torch.save(found, file.with_name(f"{rank}.pt"))
    distributed.destroy_process_group()


def test_every_process_has_the_sum_of_all_gradients_and_the_word_of_the_first(tmp_path: Path) -> None:
    spawn = get_context("spawn")
    processes = [spawn.Process(target=_take_part, args=(rank, tmp_path / "meeting")) for rank in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    for rank in range(PROCESSES):
        first, second, total, own, said = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        assert torch.equal(first, torch.full((2, 3), 3.0))
        assert torch.equal(second, torch.arange(4.0))
        assert total.tolist() == [1.0, 20.0]
        assert own.tolist() == [rank, 10.0]
        assert said == 5.0


def test_a_run_alone_hears_itself() -> None:
    weights = _weights()
    weights[0].grad = torch.ones(2, 3)
    sum_gradients(weights)
    assert torch.equal(weights[0].grad, torch.ones(2, 3))
    assert weights[1].grad is None
    assert said_by_first(0.25) == 0.25
    assert summed(torch.tensor(3.0)) == 3.0
