"""Slack's words to ours and back; pure functions, no input or output.

Slack escapes three characters in what people write (`&`, `<`, `>`) and wraps mentions and links in angle brackets;
we undo that on the way in and escape the same three on the way out, so that no title can mention anybody.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    InteractiveElement,
    MarkdownTextObject,
    Option,
    SectionBlock,
    StaticSelectElement,
)

from bot.domain.files import KINDS, FilesWish, MadeFiles, read_kinds
from bot.domain.request import Place, RequestId, SongChange, request_id
from bot.domain.song import Song
from bot.messages import kind_label, say
from bot.services.genres import GenreChoice
from inference.api import FileFormat
from inference.music.edit import Operation

PLATFORM = "slack"
ANOTHER = "lnh.another"
VARY, EXTEND, REPLACE, REMIX = (f"lnh.{verb}" for verb in ("vary", "extend", "replace", "remix"))
REMIX_WITH, REMIX_FORM = "lnh.remix_with", "lnh.remix_form"
FILES = "lnh.files"
CANCEL = "lnh.cancel"
INSTEAD = "lnh.instead"
COMMANDS = ("compose", "daily", "genres")
VERBS = (*COMMANDS, "privacy", "help")

# Slack refuses a whole message for one text that is too long.
MAX_TEXT = 4000
MAX_SECTION = SectionBlock.text_max_length
MAX_BUTTON = 75
MAX_OPTIONS = 100
MAX_FILES = 10
MAX_FILE_MIB = 100.0  # Slack itself takes a GiB; a channel is no place for that

_MENTION = re.compile(r"<[@#!][^>]*>")
_LINK = re.compile(r"<([^>|]+)(?:\|([^>]*))?>")
_TYPOGRAPHY = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "\u00a0": " "})
_FILE_ORDER = (FileFormat.CARD, FileFormat.MP3, FileFormat.MIDI)


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing somebody wants of the band: a verb, the words after it, and who and where.

    `change` is what a form says in place of words; `body` is what Slack sent, where a form is to be shown.
    """

    id: RequestId
    verb: str
    text: str
    place: Place
    user: str
    name: str = ""
    change: SongChange | None = None
    body: dict[str, Any] | None = None


def wish_of_command(body: dict[str, Any]) -> Wish:
    """The wish in a slash command; `/daily` and `/compose daily` are the same."""
    place = Place(PLATFORM, body["team_id"], body["channel_id"])
    verb, text = split_verb(plain(body.get("text", "")), body["command"].lstrip("/"))
    key = request_id(PLATFORM, "command", body["trigger_id"])
    return Wish(key, verb, text, place, body["user_id"], body.get("user_name", ""))


def is_from_a_person(event: dict[str, Any]) -> bool:
    """Whether a message is worth an answer; two bots that answer each other never stop."""
    return "user" in event and "bot_id" not in event


def is_direct(event: dict[str, Any]) -> bool:
    """Whether a message was written to the bot alone, rather than changed, deleted or written elsewhere."""
    return event.get("channel_type") == "im" and "subtype" not in event


def is_removal(event: dict[str, Any]) -> bool:
    """Whether an event says that the bot is in this workspace no more, rather than that somebody left."""
    return event["type"] == "app_uninstalled" or bool(event.get("tokens", {}).get("bot"))


def installed_team(body: dict[str, Any]) -> str:
    """The workspace whose installation an event is for; in a channel shared with others it may be from elsewhere."""
    authorizations = body.get("authorizations") or [{}]
    return str(authorizations[0].get("team_id") or body["team_id"])


def wish_of_message(body: dict[str, Any]) -> Wish:
    """The wish in `@lnh metal 140bpm`, or in `metal 140bpm` to the bot alone; a retry of Slack's is the same wish."""
    event = body["event"]
    place = Place(PLATFORM, installed_team(body), event["channel"], event.get("thread_ts"))
    verb, text = split_verb(plain(event.get("text", "")), "compose")
    return Wish(request_id(PLATFORM, "event", body["event_id"]), verb, text, place, event["user"])


def wish_of_button(body: dict[str, Any]) -> Wish:
    """The wish in a press on a button or a choice from a menu; `text` is the value of either.

    More files of a song belong into its thread, a new song beside it.
    """
    message, action, user = body.get("message", {}), body["actions"][0], body["user"]
    thread = message.get("thread_ts")
    if action["action_id"] == FILES:
        thread = thread or message.get("ts")
    place = Place(PLATFORM, body["team"]["id"], body["channel"]["id"], thread)
    key = request_id(PLATFORM, "action", body["trigger_id"])
    verb = action["action_id"].rpartition(".")[2]
    chosen = action.get("selected_option", action)
    shows = body if action["action_id"] == REMIX_WITH else None
    return Wish(key, verb, str(chosen["value"]), place, user["id"], user.get("username", ""), body=shows)


def answer_url(body: dict[str, Any]) -> str | None:
    """Where a whisper to whoever did this may be sent; None in a thread, for there it would come out in the channel."""
    is_in_thread = body.get("message", {}).get("thread_ts") is not None
    return None if is_in_thread else body.get("response_url")


def split_verb(text: str, command: str) -> tuple[str, str]:
    """The verb and the rest: `/compose daily stop` is daily, `@lnh compose metal` compose, nothing at all help."""
    first, _, rest = text.partition(" ")
    if command == "compose" and first.casefold() in VERBS:
        return (
            split_verb(rest.strip(), "compose") if first.casefold() == "compose" else (first.casefold(), rest.strip())
        )
    if command == "compose" and not text:
        return "help", ""
    if first.casefold() == "help":
        return "help", ""
    return command, text


def plain(text: str) -> str:
    """What a person wrote, without mentions, Slack's escapes, curly quotes or extra spaces."""
    text = _LINK.sub(lambda match: match[2] or match[1], _MENTION.sub(" ", text))
    for escape_, letter in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(escape_, letter)
    return " ".join(text.translate(_TYPOGRAPHY).split())


def escape(text: str) -> str:
    """The text as Slack shows it literally: no mention, no link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clamp(text: str, limit: int) -> str:
    """At most `limit` characters, the last an ellipsis if some were cut; never half an escape."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    return re.sub(r"&[a-z]{0,3}$", "", cut) + "…"


def local_time(instant: datetime) -> str:
    """The time of day of an instant, which Slack shows in each reader's own time zone; mrkdwn, not to be escaped."""
    return f"<!date^{int(instant.timestamp())}^{{time}}|{instant:%H:%M %Z}>"


def genre_lines(choices: Iterable[GenreChoice]) -> str:
    """One line of mrkdwn a genre: played, or struck out."""
    lines = []
    for choice in choices:
        name, description = escape(choice.genre.name), escape(choice.genre.description)
        lines.append(f"• *{name}*: {description}" if choice.enabled else f"• ~{name}~")
    return "\n".join(lines)


def song_blocks(song: Song, words: str, locale: str) -> list[dict[str, Any]]:
    """The caption and what can be done with the song; every value holds the song's id, so none needs memory.

    Raises:
        SlackObjectFormationError: never for a song; the models check Slack's limits once more.
    """
    caption = SectionBlock(text=MarkdownTextObject(text=clamp(escape(words), MAX_SECTION)))
    return _checked([caption, song_actions(song, locale)])


def song_actions(song: Song, locale: str) -> ActionsBlock:
    """Another one, a variation, a longer one, other settings, a new part for a player, another genre, more files."""
    buttons = (
        (ANOTHER, "another_button"),
        (VARY, "vary_button"),
        (EXTEND, "extend_button"),
        (REMIX_WITH, "remix_with_button"),
    )
    elements: list[InteractiveElement] = [
        ButtonElement(text=clamp(say(code, locale), MAX_BUTTON), action_id=action, value=song.id)
        for action, code in buttons
    ]
    menus = (
        (REPLACE, "replace_button", [(player, player.replace(":", " ")) for player in song.players]),
        (REMIX, "remix_button", song.remixes[:MAX_OPTIONS]),
        (FILES, "files_menu", [(str(kind), kind_label(kind, locale)) for kind in KINDS]),
    )
    for action, code, choices in menus:
        options = [Option(value=f"{song.id} {value}", label=clamp(label, MAX_BUTTON)) for value, label in choices]
        if options:
            placeholder = clamp(say(code, locale), MAX_BUTTON)
            elements.append(StaticSelectElement(placeholder=placeholder, action_id=action, options=options))
    return ActionsBlock(elements=elements)


def read_change(wish: Wish) -> SongChange:
    """What a press on *Vary* or *Extend*, a choice of a player or a genre, or a form asks for."""
    if wish.change is not None:
        return wish.change
    song, _, chosen = wish.text.partition(" ")
    return SongChange.chosen(RequestId(song), Operation(wish.verb), chosen)


def read_files(text: str) -> FilesWish:
    """What a choice from the menu of further files asks for. Raises InvalidSpec."""
    song, _, kind = text.partition(" ")
    return FilesWish(RequestId(song), read_kinds(kind), MAX_FILE_MIB)


def progress_blocks(line: str, id: RequestId, user: str, label: str) -> list[dict[str, Any]]:
    """A line of mrkdwn and the *Cancel* button, whose value says what is cancelled and who asked for it."""
    return _checked([SectionBlock(text=MarkdownTextObject(text=line)), _button(CANCEL, f"{id}:{user}", label)])


def rehearsal_blocks(words: str, next_song: str, label: str) -> list[dict[str, Any]]:
    """What is said of a daily song before it comes, and the button that has another one come instead."""
    text = MarkdownTextObject(text=clamp(escape(words), MAX_SECTION))
    return _checked([SectionBlock(text=text), _button(INSTEAD, next_song, label)])


def preview_blocks(words: str, id: RequestId, user: str, label: str) -> list[dict[str, Any]]:
    """The caption of a song whose recording is on its way still, and the *Cancel* button as under its progress."""
    return progress_blocks(clamp(escape(words), MAX_SECTION), id, user, label)


def read_cancel(value: str) -> tuple[RequestId, str]:
    """The song and the user of a *Cancel* button's value."""
    id_, _, user = value.partition(":")
    return RequestId(id_), user


def _button(action: str, value: str, label: str) -> ActionsBlock:
    return ActionsBlock(elements=[ButtonElement(text=clamp(label, MAX_BUTTON), action_id=action, value=value)])


def uploads(song: Song) -> list[dict[str, Any]]:
    """The song's files for `files_upload_v2`, the picture first."""
    files = [file for kind in _FILE_ORDER if (file := song.file(kind)) is not None]
    picture = f"Piano roll of {song.title}"
    return [
        {"filename": file.name, "title": file.name, "content": file.content}
        | ({"alt_txt": clamp(picture, 1000)} if file.format is FileFormat.CARD else {})
        for file in files
    ]


def file_batches(made: MadeFiles) -> list[list[dict[str, Any]]]:
    """More files of a song for `files_upload_v2`, as many as a message takes at a time."""
    described = [{"filename": file.name, "title": file.name, "content": file.content} for file in made.files]
    return [described[start : start + MAX_FILES] for start in range(0, len(described), MAX_FILES)]


def _checked(blocks: list[Block]) -> list[dict[str, Any]]:
    for block in blocks:
        block.validate_json()
    return [block.to_dict() for block in blocks]
