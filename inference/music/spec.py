"""What a song should be (`SongSpec`) and how it is sampled (`SamplingParams`)."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from inference.music.edit import Edit
from inference.music.errors import InvalidSpec
from inference.music.form import sections
from inference.music.pitch import Key
from inference.music.program import DEFAULT_PROGRAM, Role
from inference.music.score import Meter
from inference.music.touch import Touch
from inference.music.units import MAX_BARS, MAX_EDITED_BARS, MAX_TEMPO, MIN_BARS, MIN_TEMPO

MIN_DENSITY, MAX_DENSITY = 1, 8
MAX_PLAYERS = 12
MAX_TITLE = 80  # characters
MAX_SEED = 2**32 - 1
MAX_TAKES = 8
_TAKE_STRIDE = 0x9E3779B1  # odd, so that all takes differ, and far from the seeds people count up
MAX_GUIDANCE = 3.0
METERS = (Meter(4, 4), Meter(3, 4), Meter(6, 8), Meter(2, 4), Meter(2, 2))


class Space(StrEnum):
    """How notes are sampled: by their probabilities alone, or given points drawn from the embedding space first."""

    PROBABILITIES = "probabilities"
    EMBEDDING = "embedding"


@dataclass(frozen=True, slots=True)
class Player:
    """One slot of the roster: a role and its General MIDI program (0..127, ignored by drums)."""

    role: Role
    program: int

    @classmethod
    def of(cls, role: Role, program: int | None = None) -> Self:
        """A player with the role's usual program."""
        return cls(role, DEFAULT_PROGRAM[role] if program is None else program)

    @property
    def is_drum(self) -> bool:
        return self.role is Role.DRUMS


@dataclass(frozen=True, slots=True)
class SongSpec:
    """What is asked for. `None` leaves the choice to the band; `genre.complete` fills it in.

    Args:
        genres: the blend, (genre name, weight) pairs whose weights sum to 1; an edit may leave it to its song.
        bars: MIN_BARS..MAX_BARS; of an edited song up to MAX_EDITED_BARS.
        key: major or minor key, or None.
        tempo: quarters per minute, MIN_TEMPO..MAX_TEMPO; kept exactly.
        meter: one of METERS.
        roster: the band, at most MAX_PLAYERS, drums at most once.
        density: how busy, MIN_DENSITY..MAX_DENSITY.
        title: a name for the song, or None.
        form: which of its sections are the same, such as AABA (`inference.music.form`); of new songs only.
        strict_key: whether no note that is written may leave the key.
        edit: what is done to which song; None for a new one.

    Raises:
        InvalidSpec: a value is outside its range; the message says the range.
    """

    genres: tuple[tuple[str, float], ...]
    bars: int | None = None
    key: Key | None = None
    tempo: float | None = None
    meter: Meter | None = None
    roster: tuple[Player, ...] | None = None
    density: int | None = None
    title: str | None = None
    strict_key: bool = False
    form: str | None = None
    edit: Edit | None = None

    def __post_init__(self) -> None:
        weights = [weight for _, weight in self.genres]
        if not (self.edit is not None and not weights) and not (
            all(weight > 0 for weight in weights) and abs(sum(weights) - 1) <= 1e-6
        ):
            raise InvalidSpec("genre", "a song needs a genre, and the weights of a blend must be positive and sum to 1")
        check_range("bars", self.bars, *((MIN_BARS, MAX_BARS) if self.edit is None else (1, MAX_EDITED_BARS)))
        check_range("tempo", self.tempo, MIN_TEMPO, MAX_TEMPO)
        check_range("density", self.density, MIN_DENSITY, MAX_DENSITY)
        if self.meter is not None and self.meter not in METERS and self.edit is None:
            known = ", ".join(str(meter) for meter in METERS)
            raise InvalidSpec("meter", f"I cannot play in {self.meter} yet; I know {known}")
        if self.form is not None:
            self._check_form(self.form)
        if self.roster is not None:
            _check_roster(self.roster)

    def _check_form(self, form: str) -> None:
        if self.edit is not None:
            raise InvalidSpec("form", f"to {self.edit.operation} keeps the form of its song; leave out the form")
        if self.bars is not None:
            sections(form, self.bars)

    @property
    def main_genre(self) -> str:
        """The genre of greatest weight; empty where an edit leaves it to its song."""
        return max(self.genres, key=lambda pair: pair[1], default=("", 0.0))[0]

    def with_defaults(self, **chosen: object) -> "SongSpec":
        """A copy in which each field that is None takes the chosen value."""
        missing = {name: value for name, value in chosen.items() if getattr(self, name) is None}
        return replace(self, **missing)  # type: ignore[arg-type]  # the keys are field names, checked by replace


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How the notes are sampled. The same checkpoint, complete spec and params give the same notes.

    Args:
        seed: 0..MAX_SEED.
        temperature: 0.1..2, 1 is the model's own distribution.
        top_p: 0.1..1, nucleus of each field.
        guidance: 0..MAX_GUIDANCE, scale of classifier-free guidance towards the genre: 1 is none, 0 ignores the
            genre, more than 1 exaggerates it; anything but 1 takes twice the work.
        take: which of MAX_TAKES songs of this seed, from 0.
        space: see `Space`.
        form: the form drawn for a song of which none was asked for; None for none.
        touch: sampling biases; None until `GenreCatalogue.led` has set the genre's, which it does before an engine
            gets the job.
    """

    seed: int
    temperature: float = 1.0
    top_p: float = 0.98
    guidance: float = 1.0
    take: int = 0
    space: Space = Space.PROBABILITIES
    touch: Touch | None = None
    form: str | None = None

    def __post_init__(self) -> None:
        check_range("seed", self.seed, 0, MAX_SEED)
        check_range("temperature", self.temperature, 0.1, 2.0)
        check_range("top_p", self.top_p, 0.1, 1.0)
        check_range("guidance", self.guidance, 0.0, MAX_GUIDANCE)
        check_range("take", self.take, 0, MAX_TAKES - 1)

    @property
    def noise_seed(self) -> int:
        """The seed of this take's random numbers, 0..MAX_SEED; for the first take it is `seed` itself."""
        return (self.seed + self.take * _TAKE_STRIDE) % (MAX_SEED + 1)


def check_range(field: str, value: float | None, low: float, high: float) -> None:
    """Raises InvalidSpec with the range in words unless `value` is None or within low..high."""
    if value is not None and not low <= value <= high:
        raise InvalidSpec(field, f"{field} must be between {low:.10g} and {high:.10g}, not {value:.10g}")


def _check_roster(roster: tuple[Player, ...]) -> None:
    if not 1 <= len(roster) <= MAX_PLAYERS:
        raise InvalidSpec("band", f"a band has 1 to {MAX_PLAYERS} players, not {len(roster)}")
    if sum(player.is_drum for player in roster) > 1:
        raise InvalidSpec("band", "a band has at most one drummer")
    for player in roster:
        check_range("program", player.program, 0, 127)
