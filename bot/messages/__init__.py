"""Every sentence a user reads, by code and locale; the sentences are in the TOML files beside this one."""

from bot.messages.catalogue import LOCALES, messages, say
from bot.messages.sentences import caption, progress_line, sentence

__all__ = ["LOCALES", "caption", "messages", "progress_line", "say", "sentence"]
