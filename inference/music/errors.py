"""Errors about music that a person asked for.

MusicError
  InvalidSpec     a wish that cannot be met (field, reason)
  UnknownGenre    a genre that is not in the catalogue (name, nearest names, or else all there are)
  BadMidi         a file that cannot be read as music
  BadRecipe       a recipe that is missing, damaged or of another checkpoint
"""


class MusicError(Exception):
    """Base of all; `str(error)` is one sentence fit for a user."""

    code = "music_error"


class InvalidSpec(MusicError):
    code = "invalid_option"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


class UnknownGenre(MusicError):
    code = "unknown_genre"

    def __init__(self, name: str, nearest: tuple[str, ...], known: tuple[str, ...] = ()) -> None:
        hint = f"; I play {', '.join(known)}" if known else ""
        if nearest:
            hint = f"; did you mean {' or '.join(nearest)}?"
        super().__init__(f"I do not play “{name}”{hint}")
        self.name = name
        self.nearest = nearest
        self.known = known


class BadMidi(MusicError):
    code = "bad_midi"


class BadRecipe(MusicError):
    code = "bad_recipe"
