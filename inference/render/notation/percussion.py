"""Where drums stand on a five-line staff (after the usual kit notation), and with which head."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stroke:
    """A place on the staff as if in the treble clef, the head, and what the drum is called."""

    step: str
    octave: int
    head: str
    name: str


_STROKES = {
    35: Stroke("E", 4, "normal", "Bass drum 2"),
    36: Stroke("F", 4, "normal", "Bass drum"),
    37: Stroke("C", 5, "x", "Side stick"),
    38: Stroke("C", 5, "normal", "Snare"),
    39: Stroke("C", 5, "diamond", "Hand clap"),
    40: Stroke("C", 5, "normal", "Electric snare"),
    41: Stroke("G", 4, "normal", "Low floor tom"),
    42: Stroke("G", 5, "x", "Closed hi-hat"),
    43: Stroke("A", 4, "normal", "High floor tom"),
    44: Stroke("D", 4, "x", "Pedal hi-hat"),
    45: Stroke("B", 4, "normal", "Low tom"),
    46: Stroke("G", 5, "circle-x", "Open hi-hat"),
    47: Stroke("D", 5, "normal", "Low mid tom"),
    48: Stroke("E", 5, "normal", "High mid tom"),
    49: Stroke("A", 5, "x", "Crash"),
    50: Stroke("F", 5, "normal", "High tom"),
    51: Stroke("F", 5, "x", "Ride"),
    52: Stroke("B", 5, "x", "China"),
    53: Stroke("F", 5, "diamond", "Ride bell"),
    54: Stroke("E", 5, "triangle", "Tambourine"),
    55: Stroke("B", 5, "diamond", "Splash"),
    56: Stroke("E", 5, "triangle", "Cowbell"),
    57: Stroke("B", 5, "x", "Crash 2"),
    59: Stroke("D", 5, "x", "Ride 2"),
}


def stroke_of(pitch: int) -> Stroke:
    """The stroke of a General MIDI drum; rare ones share a line and keep their number as a name."""
    return _STROKES.get(pitch, Stroke("D", 5, "triangle", f"Percussion {pitch}"))
