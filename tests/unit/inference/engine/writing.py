"""Songs written on a runner, alone or in company."""

import random
from dataclasses import replace

from inference.engine.batch import BatchRunner
from inference.engine.contract import ComposeJob
from inference.engine.scheduler import Scheduler
from inference.engine.sequence import Sequence
from inference.tokens.grammar import Rules
from inference.tokens.vocabulary import Step


def sequence(wanted: ComposeJob) -> Sequence:
    return Sequence(wanted, lambda event: None, Rules())


def guided(plain: ComposeJob, guidance: float) -> ComposeJob:
    return replace(plain, sampling=replace(plain.sampling, guidance=guidance))


def write_alone(runner: BatchRunner, slot: int, wanted: ComposeJob) -> list[Step]:
    """Every step of the song, written in `slot`."""
    song = sequence(wanted)
    song.slot = slot
    runner.join(song)
    steps = [song.step]
    while not song.is_finished:
        runner.step([song])
        steps.append(song.step)
    return steps


def write_together(runner: BatchRunner, wanted: list[ComposeJob], rng: random.Random) -> list[list[Step]]:
    """Songs that join and leave at random moments; some are cancelled and begun again. Their seeds are 0, 1 ..."""
    scheduler = Scheduler(runner.slots)
    coming = list(range(len(wanted)))
    rng.shuffle(coming)
    steps: dict[int, list[Step]] = {}
    written: dict[int, list[Step]] = {}
    rate = rng.choice((0.02, 0.1, 0.5))
    while len(written) < len(wanted):
        if coming and (rng.random() < rate or not scheduler.has_work):
            scheduler.add(sequence(wanted[coming.pop()]))
        for song in scheduler.admit():
            runner.join(song)
            steps[song.job.sampling.seed] = [song.step]
        running = scheduler.running
        rng.shuffle(running)
        runner.step(running)
        for song in running:
            seed = song.job.sampling.seed
            steps[seed].append(song.step)
            if song.is_finished:
                scheduler.release(song)
                written[seed] = steps[seed]
            elif rng.random() < 0.002:
                scheduler.release(song)
                coming.insert(0, seed)
    return [written[seed] for seed in range(len(wanted))]
