"""Scores to and from Standard MIDI Files."""

from inference.midi.read import read_midi
from inference.midi.write import write_midi

__all__ = ["read_midi", "write_midi"]
