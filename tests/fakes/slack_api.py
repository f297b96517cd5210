"""A small Slack Web API in memory: the methods the band calls, with Slack's own refusals. Needs no Node.js."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

LEAST_SCOPES = ("commands", "app_mentions:read", "chat:write", "files:write", "users:read", "im:history")
Arguments = dict[str, Any]
Answer = dict[str, Any]


@dataclass(frozen=True)
class Workspace:
    """Who and where: the ids of a workspace in which the app is installed. The bot is not in `private`."""

    team: str
    bot_user: str
    admin: str
    member: str
    channel: str
    private: str
    bot_token: str = "xoxb-lnh"
    admin_token: str = "xoxp-ada"


class WebApi(Protocol):
    """What the edge needs of a Web API: this one, or emulate in another process."""

    workspace: Workspace

    async def call(self, method: str, arguments: Arguments, token: str) -> Answer: ...

    async def store(self, file_id: str, content: bytes) -> bool:
        """Takes the bytes of an upload; False if there is no such upload."""

    async def content(self, file: dict[str, Any]) -> bytes: ...


class _Refused(Exception):
    """The method answers `ok: false` with this error."""


@dataclass
class _File:
    id: str
    name: str
    length: int
    content: bytes | None = None
    title: str = ""
    done: bool = False

    def describe(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "title": self.title, "size": len(self.content or b"")}


@dataclass
class SlackApi:
    """One workspace with an admin, a member, a channel the bot is in and a private one it is not in.

    Nobody can be written to directly where the app has no `messages_tab`. With `deaf_updates` a message that is
    changed does not get the files it is to have.
    """

    workspace: Workspace = Workspace("T0BAND", "U0LNH", "U0ADA", "U0MEL", "C0SONGS", "C0SECRET")
    scopes: set[str] = field(default_factory=lambda: set(LEAST_SCOPES))
    messages_tab: bool = True
    deaf_updates: bool = False
    messages: list[dict[str, Any]] = field(default_factory=list)
    ephemeral: list[dict[str, Any]] = field(default_factory=list)
    _files: dict[str, _File] = field(default_factory=dict)
    _count: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def call(self, method: str, arguments: Arguments, token: str) -> Answer:
        """Runs a method and answers as Slack does, refusals included."""
        known: dict[str, tuple[str | None, Callable[[Arguments], Answer]]] = {
            "auth.test": (None, self._auth_test),
            "users.info": ("users:read", self._users_info),
            "chat.postMessage": ("chat:write", self._post),
            "chat.postEphemeral": ("chat:write", self._post_ephemeral),
            "chat.update": ("chat:write", self._update),
            "chat.delete": ("chat:write", self._delete),
            "files.getUploadURLExternal": ("files:write", self._upload_url),
            "files.completeUploadExternal": ("files:write", self._complete),
            "files.delete": ("files:write", self._delete_file),
            "conversations.history": (None, self._history),
            "conversations.replies": (None, self._replies),
        }
        if method not in known:
            return {"ok": False, "error": "unknown_method"}
        scope, run = known[method]
        if scope is not None and scope not in self.scopes:
            provided = ",".join(sorted(self.scopes))
            return {"ok": False, "error": "missing_scope", "needed": scope, "provided": provided}
        try:
            return {"ok": True, **run(arguments)}
        except _Refused as refusal:
            return {"ok": False, "error": str(refusal)}

    async def store(self, file_id: str, content: bytes) -> bool:
        file = self._files.get(file_id)
        if file is None or file.done or len(content) != file.length:
            return False
        file.content = content
        return True

    async def content(self, file: dict[str, Any]) -> bytes:
        return self._files[file["id"]].content or b""

    def _auth_test(self, _: Arguments) -> Answer:
        here = self.workspace
        return {"url": "https://band.slack.com/", "team": "Band", "user": "lnh"} | {
            "team_id": here.team,
            "user_id": here.bot_user,
            "bot_id": "B0LNH",
        }

    def _users_info(self, arguments: Arguments) -> Answer:
        here = self.workspace
        names = {here.admin: "ada", here.member: "mel", here.bot_user: "lnh"}
        user = arguments.get("user", "")
        if user not in names:
            raise _Refused("user_not_found")
        locale = {"locale": "en-GB"} if arguments.get("include_locale") in ("1", "true", True) else {}
        profile = {"display_name": names[user]}
        return {"user": {"id": user, "name": names[user], "is_admin": user == here.admin, "profile": profile} | locale}

    def _post(self, arguments: Arguments) -> Answer:
        self._check_text(arguments)
        channel = self._channel(arguments.get("channel", ""))
        message = self._new_message(channel, arguments)
        self.messages.append(message)
        return {"channel": channel, "ts": message["ts"], "message": message}

    def _post_ephemeral(self, arguments: Arguments) -> Answer:
        self._check_text(arguments)
        message = self._new_message(self._channel(arguments.get("channel", "")), arguments)
        self.ephemeral.append(message | {"target_user": arguments.get("user", "")})
        return {"message_ts": message["ts"]}

    def _update(self, arguments: Arguments) -> Answer:
        message = self._find(arguments)
        message |= {"text": arguments.get("text", ""), "blocks": _decoded(arguments.get("blocks")), "edited": True}
        if arguments.get("file_ids") and not self.deaf_updates:
            files = [self._file(name) for name in arguments["file_ids"].split(",")]
            message["files"] = [file.describe() for file in files]
        return {"channel": message["channel"], "ts": message["ts"], "text": message["text"], "message": message}

    def _delete(self, arguments: Arguments) -> Answer:
        message = self._find(arguments)
        self.messages.remove(message)
        return {"channel": message["channel"], "ts": message["ts"]}

    def _upload_url(self, arguments: Arguments) -> Answer:
        if not arguments.get("filename") or not str(arguments.get("length", "")).isdigit():
            raise _Refused("invalid_arguments")
        file_id = f"F{next(self._count):08}"
        self._files[file_id] = _File(file_id, arguments["filename"], int(arguments["length"]))
        return {"file_id": file_id, "upload_url": f"/upload/v1/{file_id}"}

    def _complete(self, arguments: Arguments) -> Answer:
        files = [self._uploaded(entry) for entry in _decoded(arguments.get("files")) or []]
        if not files:
            raise _Refused("invalid_arguments")
        for file in files:
            file.done = True
        if not arguments.get("channel_id"):  # private, until a message names it
            return {"files": [file.describe() for file in files]}
        channel = self._channel(arguments["channel_id"])
        comment = arguments.get("initial_comment")
        chosen = arguments | {"text": comment or "", "blocks": None if comment else arguments.get("blocks")}
        message = self._new_message(channel, chosen) | {"subtype": "file_share"}
        message["files"] = [file.describe() for file in files]
        self.messages.append(message)
        return {"files": message["files"]}

    def _delete_file(self, arguments: Arguments) -> Answer:
        file = self._file(arguments.get("file", ""))
        del self._files[file.id]
        for message in self.messages:
            if "files" in message:
                message["files"] = [kept for kept in message["files"] if kept["id"] != file.id]
        return {}

    def _history(self, arguments: Arguments) -> Answer:
        found = [m for m in self.messages if m["channel"] == arguments.get("channel") and not m.get("thread_ts")]
        return {"messages": found[::-1]}

    def _replies(self, arguments: Arguments) -> Answer:
        return {"messages": [m for m in self.messages if arguments.get("ts") in (m["ts"], m.get("thread_ts"))]}

    def _file(self, id: str) -> _File:
        if id not in self._files:
            raise _Refused("file_not_found")
        return self._files[id]

    def _uploaded(self, entry: dict[str, Any]) -> _File:
        file = self._files.get(entry["id"])
        if file is None or file.content is None or file.done:
            raise _Refused("file_not_found")
        file.title = entry.get("title", file.name)
        return file

    def _channel(self, id: str) -> str:
        here = self.workspace
        if id == here.private:
            raise _Refused("not_in_channel")
        direct = {person: f"D{person[1:]}" for person in (here.admin, here.member)}
        if id in direct or id in direct.values():
            if not self.messages_tab:
                raise _Refused("messages_tab_disabled")
            return direct.get(id, id)
        if id != here.channel:
            raise _Refused("channel_not_found")
        return id

    def _find(self, arguments: Arguments) -> dict[str, Any]:
        for message in self.messages:
            if (message["channel"], message["ts"]) == (arguments.get("channel"), arguments.get("ts")):
                return message
        raise _Refused("message_not_found")

    def _new_message(self, channel: str, arguments: Arguments) -> dict[str, Any]:
        message = {"type": "message", "channel": channel, "user": self.workspace.bot_user, "text": arguments["text"]}
        message |= {"ts": f"1700000000.{next(self._count):06}", "blocks": _decoded(arguments.get("blocks"))}
        return message | ({"thread_ts": arguments["thread_ts"]} if arguments.get("thread_ts") else {})

    @staticmethod
    def _check_text(arguments: Arguments) -> None:
        if not arguments.get("text"):
            raise _Refused("no_text")


def _decoded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value else value
