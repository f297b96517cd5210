"""Originality: how much of a song's melodies stands in the songs that the composer learnt from."""
