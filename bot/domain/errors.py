"""All errors that users can meet, as one tree.

    LnhError
      Refused                 the request is fine, but not here or not now
        GenreDisabled         this workspace switched the genre off
        NotAllowed            the person lacks the platform's own permission
        CannotPost            the bot lacks permissions in this channel; names them
        CommandsChanged       the platform shows commands of an older version of the bot
        Busy                  the queue is full; says when to come back
        NoGenreLeft           the last enabled genre cannot be switched off
        NoDaily               this channel has no daily song
        DailyPaused           the daily song of this channel is paused
        DailyUnderway         the daily song is being posted this very moment
        DailyOver             the daily song that is meant is not to come any more
      NotFound                a song or schedule that is not (or no longer) known
      ComposerFailed          the inference service could not finish the song
        ComposerUnavailable   it does not answer at all
      DeliveryFailed          the song exists but the platform did not take it
        PlaceGone             permanently: channel deleted, bot removed, permission lost
      TokensLocked            the tokens of a workspace are kept encrypted with a key that we have not

Wishes that cannot be met are `inference.music.errors.MusicError`s. Every `code` has a sentence in
bot/messages for each locale; `params` fill its blanks.
"""


class LnhError(Exception):
    """Base of all. `params` are the values its message needs."""

    code = "failed"

    def __init__(self, **params: object) -> None:
        super().__init__(f"{self.code} {params}" if params else self.code)
        self.params = params


class Refused(LnhError):
    code = "refused"


class GenreDisabled(Refused):
    """params: genre, enabled (comma-separated names)."""

    code = "genre_disabled"


class NotAllowed(Refused):
    code = "not_allowed"


class CannotPost(Refused):
    """params: permissions (comma-separated, as the platform's settings spell them)."""

    code = "cannot_post"


class CommandsChanged(Refused):
    code = "commands_changed"


class Busy(Refused):
    """params: retry_after_s."""

    code = "busy"


class NoGenreLeft(Refused):
    """params: genre."""

    code = "no_genre_left"


class NoDaily(Refused):
    code = "daily_none"


class DailyPaused(Refused):
    code = "daily_rests_now"


class DailyUnderway(Refused):
    code = "daily_underway"


class DailyOver(Refused):
    code = "daily_over"


class NotFound(LnhError):
    """params: what."""

    code = "not_found"


CANCELLED = "cancelled"  # why a composer failed when somebody asked it to


class ComposerFailed(LnhError):
    """params: reason."""

    code = "composer_failed"


class ComposerUnavailable(ComposerFailed):
    code = "composer_unavailable"


class DeliveryFailed(LnhError):
    """params: reason."""

    code = "delivery_failed"


class PlaceGone(DeliveryFailed):
    """params: reason."""

    code = "place_gone"


class TokensLocked(LnhError):
    code = "tokens_locked"
