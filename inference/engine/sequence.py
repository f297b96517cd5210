"""A song being written: its state, its grammar and its place in the batch. No torch here."""

from collections import deque
from dataclasses import replace
from math import inf

from inference.engine.contract import ComposeJob, Listener
from inference.music.score import MeterChange, Score
from inference.tokens.arrangement import Header
from inference.tokens.bars import written_as
from inference.tokens.editing import join, plan_edit
from inference.tokens.encode import prefix
from inference.tokens.given import Plan
from inference.tokens.grammar import Grammar, Rules
from inference.tokens.perform import perform
from inference.tokens.state import BandState
from inference.tokens.vocabulary import END, Step
from inference.tokens.written import sounding


class Sequence:
    """One job from its first step to its last.

    `forced` steps are fed before anything is drawn; `fed` counts the steps given to the model, which is the next
    step's place in the cache and, with the seed, the address of its random numbers. `deadline_s` is on the monotonic
    clock.
    """

    def __init__(self, job: ComposeJob, listener: Listener, rules: Rules) -> None:
        self.job = job
        self.listener = listener
        self._edit = None if job.spec.edit is None else plan_edit(job.spec, job.sampling.seed)
        self.header = header_of(job) if self._edit is None else self._edit.given.header
        self.state = BandState(self.header)
        plan = None if self._edit is None else Plan(self._edit.given)
        self.grammar = Grammar(self.state, replace(rules, strict_key=job.spec.strict_key), plan)
        self.forced = deque(prefix(self.header))
        if plan is not None:
            self.forced.extend(plan.opening())
        self.fed = 0
        self.step = self.forced.popleft()
        self.state.push(self.step)
        self.slot = -1
        self.started_s = 0.0
        self.deadline_s = inf
        self.is_cancelled = False
        self._bars_told = 0

    @property
    def draws(self) -> bool:
        """Whether the next step is drawn rather than forced."""
        return not self.forced

    @property
    def is_finished(self) -> bool:
        return self.step.head == END

    def advance(self, drawn: Step) -> None:
        """Moves on by a forced step, or else by the drawn one."""
        self.step = self.forced.popleft() if self.forced else drawn
        self.state.push(self.step)
        self.fed += 1
        if not self.forced:
            self.forced.extend(self.grammar.forced())

    def new_bars(self) -> int | None:
        """Number of finished bars if it grew since the last call."""
        bars = len(self.state.rows) + (0 if self._edit is None else self._edit.bars_given)
        if bars == self._bars_told:
            return None
        self._bars_told = bars
        return bars

    def score(self) -> Score:
        """The song, once finished."""
        written = sounding(self.header, tuple(self.state.rows))
        spec = self.job.spec
        score = perform(written) if self._edit is None else join(self._edit, written, self.header.tempo)
        return score if spec.meter is None else replace(score, meters=(MeterChange(0, spec.meter),))


def header_of(job: ComposeJob) -> Header:
    """What the model is told of a job. Raises ValueError when its spec is not complete."""
    spec = job.spec
    if spec.roster is None or spec.bars is None or spec.tempo is None or spec.meter is None:
        raise ValueError("the spec of a job must be complete")
    meter = written_as(spec.meter) or spec.meter
    return Header(spec.genres, spec.roster, spec.bars, spec.tempo, spec.key, spec.density, meter)
