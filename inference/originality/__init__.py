"""Originality: how much of a song's melodies is found in the training songs."""
