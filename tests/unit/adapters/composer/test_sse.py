"""Server-sent events are read however they are cut and whatever ends their lines."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.composer.sse import MAX_PENDING_CHARS, Event, EventParser

STREAM = (
    "\ufeff: hello\r\n\r\nevent: queued\r\ndata: {}\r\n\r\n"
    "data:one\rdata: två\r\rid: 7\nretry: 3\n\n"
    "event: done\ndata\n\n"
)
EVENTS = [Event("queued", "{}"), Event("message", "one\ntvå"), Event("done", "")]


@given(st.sets(st.integers(1, len(STREAM.encode()) - 1)))
def test_any_cut_gives_the_same_events(cuts: set[int]) -> None:
    content = STREAM.encode()
    edges = [0, *sorted(cuts), len(content)]
    parser = EventParser()
    events = [event for start, end in pairwise(edges) for event in parser.feed(content[start:end])]
    assert events == EVENTS


def test_an_event_without_its_blank_line_is_not_given() -> None:
    assert EventParser().feed(b"event: done\ndata: {}\n") == []


def test_a_name_without_data_is_no_event_and_does_not_stick() -> None:
    assert EventParser().feed(b"event: done\n\ndata: x\n\n") == [Event("message", "x")]


@given(st.binary(max_size=300))
def test_no_bytes_break_the_parser(content: bytes) -> None:
    EventParser().feed(content)


def test_a_line_without_end_is_refused() -> None:
    parser = EventParser()
    with pytest.raises(ValueError, match="longer than any status"):
        parser.feed(b"data: " + b"x" * (MAX_PENDING_CHARS + 1))
