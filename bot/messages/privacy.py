"""What is kept of somebody, in words."""

from bot.domain.privacy import Kept, Owner
from bot.messages.catalogue import say


def kept_line(kept: Kept, owner: Owner, locale: str) -> str:
    """How much is kept of a person or a workspace, and how to get or remove it."""
    code = "privacy_all" if owner.person is None else "privacy_mine"
    return say(code, locale, songs=kept.songs, dailies=kept.dailies, switches=kept.switches)


def sure_line(kept: Kept, owner: Owner, command: str, locale: str) -> str:
    """The same, what forgetting it means, and the command that does it."""
    return f"{kept_line(kept, owner, locale)} {say('privacy_sure', locale, command=command)}"


def forgotten_line(gone: Kept, locale: str) -> str:
    """What is gone now, and what is not."""
    return say("privacy_forgotten", locale, songs=gone.songs, dailies=gone.dailies, switches=gone.switches)
