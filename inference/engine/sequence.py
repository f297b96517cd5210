"""A song being written: its state, its grammar and its place in the batch. No torch here."""

from collections import deque

from inference.engine.contract import ComposeJob, Listener
from inference.music.score import Score
from inference.tokens.arrangement import Header
from inference.tokens.encode import prefix
from inference.tokens.grammar import Grammar, Rules
from inference.tokens.perform import perform
from inference.tokens.state import BandState
from inference.tokens.vocabulary import END, Step
from inference.tokens.written import sounding


class Sequence:
    """One job from its first step to its last.

    `forced` steps are fed before anything is drawn; `fed` counts the steps given to the model, which is the next
    step's place in the cache and, with the seed, the address of its random numbers.
    """

    def __init__(self, job: ComposeJob, listener: Listener, rules: Rules) -> None:
        self.job = job
        self.listener = listener
        self.header = header_of(job)
        self.state = BandState(self.header)
        self.grammar = Grammar(self.state, rules)
        self.forced = deque(prefix(self.header))
        self.fed = 0
        self.step = self.forced.popleft()
        self.state.push(self.step)
        self.slot = -1
        self.started_s = 0.0
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
        bars = len(self.state.rows)
        if bars == self._bars_told:
            return None
        self._bars_told = bars
        return bars

    def score(self) -> Score:
        """The song, once finished."""
        return perform(sounding(self.header, tuple(self.state.rows)))


def header_of(job: ComposeJob) -> Header:
    """What the model is told of a job. Raises ValueError when its spec is not complete."""
    spec = job.spec
    if spec.roster is None or spec.bars is None or spec.tempo is None or spec.meter is None:
        raise ValueError("the spec of a job must be complete")
    return Header(spec.genres, spec.roster, spec.bars, spec.tempo, spec.key, spec.density, spec.meter)
