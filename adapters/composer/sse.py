"""Server-sent events out of a byte stream (WHATWG HTML, section 9.2)."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

_LINE_END = re.compile(r"\r\n|\n|\r(?!\Z)")  # a carriage return at the very end may be half of a pair
MAX_PENDING_CHARS = 2**20


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `name` is `message` when the stream names none."""

    name: str
    data: str


class EventParser:
    """Takes bytes as they arrive, cut anywhere, and gives whole events."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._pending = ""
        self._name = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that this chunk completes. Raises ValueError when a line grows without end."""
        *lines, self._pending = _LINE_END.split(self._pending + self._decoder.decode(chunk))
        if len(self._pending) > MAX_PENDING_CHARS:
            raise ValueError("a line of the event stream is longer than any status")
        return [event for line in lines for event in self._take(line)]

    def _take(self, line: str) -> Iterator[Event]:
        if not line:
            if self._data:
                yield Event(self._name or "message", "\n".join(self._data))
            self._name, self._data = "", []
            return
        field, _, value = line.partition(":")  # a line that starts with a colon is a comment, a field without name
        value = value.removeprefix(" ")
        if field == "event":
            self._name = value
        elif field == "data":
            self._data.append(value)
