"""Every sentence a user reads, by code and locale; the sentences are in the TOML files beside this one."""

from bot.messages.catalogue import LOCALES, messages, say
from bot.messages.daily import daily_line, date_words, days_words, next_words, skipped_line
from bot.messages.privacy import forgotten_line, kept_line, sure_line
from bot.messages.sentences import caption, kind_label, made_lines, making_line, progress_line, sentence

__all__ = [
    "LOCALES",
    "caption",
    "daily_line",
    "date_words",
    "days_words",
    "forgotten_line",
    "kept_line",
    "kind_label",
    "made_lines",
    "making_line",
    "messages",
    "next_words",
    "progress_line",
    "say",
    "sentence",
    "skipped_line",
    "sure_line",
]
