"""Ablations of the composer: the same small training with one design choice changed."""
