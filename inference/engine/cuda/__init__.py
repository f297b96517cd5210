"""Decoding on a CUDA card: a whole step of all songs, grammar and draws included, without a word from the processor."""
