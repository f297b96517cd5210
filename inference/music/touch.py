"""A touch: sampling temperatures and logit biases per kind of decision, on top of the model's own probabilities."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from inference.music.errors import InvalidSpec

_COLD, _HOT = 0.3, 2.0
_MOST_WEIGHT = 8.0
# Of bars that others stand beside (DECISIONS.md, *Filled bars*).
_FILLING_AGAIN, _FILLING_FOUR, _FILLING_LATER, _FILLING_PAGE, _FILLING_FORM = 0.0, 1.0, 1.5, 0.7, 0.8
_ASKED_SECTION = 6.0
# Of players beside those who stay (*Players who join*).
_JOINING_PAGE, _JOINING_RIFF, _ACCOMPANYING_PAGE = 3.0, 1.5, 2.0


@dataclass(frozen=True, slots=True)
class Touch:
    """Temperatures and logit biases; the defaults change nothing.

    Temperatures divide logits (and multiply the temperature of the song): below 1 what is likely comes more often.
    Weights are in natural logarithms: 0.7 doubles the odds of what they favour.

    Args:
        drums: temperature of all that the drummer plays.
        rhythm: temperature of where the next stroke of another player falls, and of who plays.
        form: temperature of what comes again and what is new.
        low: temperature of pitch, chord, length and velocity of bass and rhythm players.
        high: the same of all others but drums.
        pedal: weight of the bass drum where the drummer strikes.
        kick: weight of the bass striking where the bass drum does, and of the bass drum where the first pitched player
            strikes if the drummer comes after it.
        riff: weight of a player striking where the first pitched player of the bar does.
        unison: weight of a player's lowest note having the pitch class that the first pitched player has there.
        chord: weight of a fifth or a third above that pitch class, of which the octave has none.
        again: weight of whatever comes again, of a player or of the whole band.
        one, two, four, eight: weight of what was played so many bars ago coming again, on top of `again`.
        far: the same of what was played twelve bars ago or longer.
        later: weight of what is known to come two, four or eight bars later coming now, for each of these; in an
            edit the bars after those that are written are known.
        page: weight of a player bringing back the bar that the players before it in this bar bring back, or of its
            playing something new if they do.
        groove: weight of whatever the drummer played before coming again, on top of `again`.
        section: weight of a bar of a section that returns being played as it was, and of pitched players playing
            something new where a new section begins (`inference/music/form.py`).
        kit: weight of each of bass drum, snare and cymbals that the drummer has struck neither in this bar nor in its
            last one; of the snare from the second beat on.
        smooth: weight of a player's lowest note being one or two semitones from the one before; not of bass and rhythm.
        full: weight of each note of a chord above its lowest, of rhythm and keys players.
        tones: weight of a player's lowest note having a pitch class that the players before it have in this bar.
        key: factor of the weights that hold a song in its key.
    """

    drums: float = 1.0
    rhythm: float = 1.0
    form: float = 1.0
    low: float = 1.0
    high: float = 1.0
    pedal: float = 0.0
    kick: float = 0.0
    riff: float = 0.0
    unison: float = 0.0
    chord: float = 0.0
    again: float = 0.0
    four: float = 0.0
    eight: float = 0.0
    page: float = 0.0
    key: float = 1.0
    one: float = 0.0
    two: float = 0.0
    later: float = 0.0
    far: float = 0.0
    tones: float = 0.0
    groove: float = 0.0
    section: float = 0.0
    kit: float = 0.0
    smooth: float = 0.0
    full: float = 0.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            low, high = (_COLD, _HOT) if name in _TEMPERATURES else (-_MOST_WEIGHT, _MOST_WEIGHT)
            if not low <= value <= high:
                raise InvalidSpec("touch", f"{name} of a touch must be between {low:g} and {high:g}, not {value:g}")

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """Reads what `said` gave. Raises InvalidSpec for an unknown name, ValueError or TypeError for no number."""
        unknown = entry.keys() - {one.name for one in fields(cls)}
        if unknown:
            raise InvalidSpec("touch", f"a touch has no {', '.join(sorted(unknown))}")
        return cls(**{name: float(value) for name, value in entry.items()})

    def in_form(self) -> Self:
        """The touch for a song with a form that was asked for: sections that return are clearly the same."""
        return replace(self, section=max(self.section, _ASKED_SECTION))

    def filling(self) -> Self:
        """The touch for bars written next to bars that stay.

        By itself the model makes too little of the bars that follow such a gap, which often repeat what is in it, and
        repeats whole bars there more rarely than real songs do. What is missing of the kit, how melodies move, and how
        full chords are, the bars around say better.
        """
        return replace(
            self,
            again=_FILLING_AGAIN,
            four=_FILLING_FOUR,
            later=_FILLING_LATER,
            page=max(self.page, _FILLING_PAGE),
            form=_FILLING_FORM,
            kit=0.0,
            smooth=0.0,
            full=0.0,
        )

    def joining(self) -> Self:
        """The touch for players rewritten beside a band that stays: they change and strike together with it.

        By themselves they follow what it plays, but hardly when it changes.
        """
        return replace(self, page=max(self.page, _JOINING_PAGE), riff=max(self.riff, _JOINING_RIFF))

    def accompanying(self) -> Self:
        """The touch for a band added to a melody or a drum track; as `joining`, but less strict."""
        return replace(self, page=max(self.page, _ACCOMPANYING_PAGE))

    def said(self) -> dict[str, float]:
        """The values that differ from the defaults, by name."""
        return {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name) != one.default}


_TEMPERATURES = frozenset({"drums", "rhythm", "form", "low", "high"})
PLAIN = Touch()
