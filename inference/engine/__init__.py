"""The engine: many songs decoded in one batch."""
