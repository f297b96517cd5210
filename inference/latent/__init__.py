"""The embedding space: what a bar of the whole band is, as a point, and how the composer is steered to play it."""
