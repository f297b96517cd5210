"""A song being written: its state, its grammar and its place in the batch. No torch here."""

from collections import deque
from dataclasses import replace
from math import inf

import numpy as np
from numpy.typing import NDArray

from inference.engine.contract import ComposeJob, Listener
from inference.latent.course import NOWHERE, REST
from inference.music.score import MeterChange, Score
from inference.music.touch import PLAIN
from inference.tokens.editing import join, plan_edit
from inference.tokens.encode import prefix
from inference.tokens.given import Given, Plan, formed
from inference.tokens.grammar import Grammar, Rules
from inference.tokens.header import header_of
from inference.tokens.perform import perform
from inference.tokens.state import BandState
from inference.tokens.vocabulary import END, FIELD_SIZES, NEW, Step
from inference.tokens.written import sounding


class Sequence:
    """One job from its first step to its last.

    `forced` steps are fed before anything is drawn; `fed` counts the steps given to the model, which is the next
    step's place in the cache and, with the seed, the address of its random numbers. `deadline_s` is on the monotonic
    clock. `plan` and `rules` are what the grammar was made of.
    """

    def __init__(self, job: ComposeJob, listener: Listener, rules: Rules) -> None:
        self.job = job
        self.listener = listener
        self.course = job.course
        is_new = job.spec.edit is None or job.course is not None
        self._edit = None if is_new else plan_edit(job.spec, job.sampling.seed)
        given = self._given(job)
        self.header = header_of(job.spec) if given is None else given.header
        self._state = BandState(self.header)
        self.plan = None if given is None else Plan(given)
        touch = job.sampling.touch or PLAIN
        self.rules = replace(rules, strict_key=job.spec.strict_key, touch=touch)
        self._grammar = Grammar(self._state, self.rules, self.plan)
        # A temperature for each field costs time, so only those songs pay that need it.
        self.is_led = touch != PLAIN
        self._forced = deque(prefix(self.header))
        if self.plan is not None:
            self._forced.extend(self.plan.opening())
        self.fed = 0
        self.step = self._forced.popleft()
        self._state.push(self.step)
        self._untold: list[int] = []  # every field of every step: a list of steps would keep the garbage collector busy
        self._closed = self._begun = 0
        self.slot = -1
        self.started_s = 0.0
        self.deadline_s = inf
        self.is_cancelled = False
        self._bars_told = 0
        self._place = NOWHERE

    def _given(self, job: ComposeJob) -> Given | None:
        if job.course is not None:
            return job.course.given(header_of(job.spec))
        if self._edit is not None:
            return self._edit.given
        asked, drawn = job.spec.form, job.sampling.form
        form = asked or drawn
        return None if form is None else formed(header_of(job.spec), form, strictly=asked is not None)

    @property
    def state(self) -> BandState:
        self._catch_up()
        return self._state

    @property
    def grammar(self) -> Grammar:
        self._catch_up()
        return self._grammar

    @property
    def forced(self) -> deque[Step]:
        self._catch_up()
        return self._forced

    @property
    def draws(self) -> bool:
        """Whether the next step is drawn rather than forced."""
        return not self.forced

    @property
    def is_finished(self) -> bool:
        return self.step.head == END

    def advance(self, drawn: Step) -> None:
        """Moves on by a forced step, or else by the drawn one."""
        self._catch_up()
        self.step = self._taken(drawn)
        self.fed += 1
        self._closed, self._begun = len(self._state.rows), len(self._state.rows) + self._state.in_bar

    def take(self, step: list[int], closed: int, begun: int) -> None:
        """Moves on by a step that was found by another keeper of the state; ours catches up when it is asked for.

        Args:
            step: forced or drawn, field by field.
            closed: bars that are complete after it.
            begun: the same with the bar being written.
        """
        self.step = Step._make(step)
        self.fed += 1
        self._untold += step
        self._closed, self._begun = closed, begun

    def _catch_up(self) -> None:
        for first in range(0, len(self._untold), len(FIELD_SIZES)):
            step = Step(*self._untold[first : first + len(FIELD_SIZES)])
            if self._taken(step) != step:
                raise RuntimeError("a forced step was not taken")
        self._untold.clear()

    def _taken(self, drawn: Step) -> Step:
        step = self._forced.popleft() if self._forced else drawn
        self._state.push(step)
        if not self._forced:
            self._forced.extend(self._grammar.forced())
        return step

    def turned_to(self) -> NDArray[np.float32] | None:
        """What the course adds to the song from here on, [C], if that is something else than before."""
        if self.course is None:
            return None
        step, block = self.step, self._place[0]
        if step.is_track:
            block = int(self.course.cells[self._begun - 1, step.slot]) if step.value == NEW else REST
        place = (block, step.position + 1) if step.is_hit else (block, 0) if step.is_track else NOWHERE
        if place == self._place:
            return None
        self._place = place
        return self.course.row(place)

    def new_bars(self) -> int | None:
        """Number of finished bars if it grew since the last call."""
        bars = self._closed + (0 if self._edit is None else self._edit.bars_given)
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
