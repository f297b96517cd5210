"""Progress in words: one line a stage where nobody watches, a bar on a terminal."""

import io

from adapters.console.view import progress_view, wrapped
from bot.domain.song import Progress, Stage


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_one_line_a_stage_and_place_in_the_queue() -> None:
    stream = io.StringIO()
    with progress_view(stream) as view:
        view.show(Progress(Stage.QUEUED, position=2, eta_s=12.4))
        view.show(Progress(Stage.QUEUED, position=2, eta_s=11.9))
        for bar in range(3):
            view.show(Progress(Stage.COMPOSING, bars_done=bar, bars=32))
        view.show(Progress(Stage.RENDERING))
    assert stream.getvalue().splitlines() == [
        "2 songs ahead, about 12 s",
        "Writing bar 1 of 32",
        "Mixing and mastering",
    ]


def test_a_terminal_sees_the_bars_written() -> None:
    stream = _Terminal()
    with progress_view(stream) as view:
        view.show(Progress(Stage.COMPOSING, bars_done=5, bars=32))
    assert "Writing bar 6 of 32" in stream.getvalue()


def test_the_clock_goes_on_after_the_last_bar() -> None:
    stream, now_s = _Terminal(), [0.0]
    with progress_view(stream, lambda: now_s[0]) as view:
        view.show(Progress(Stage.COMPOSING, bars_done=32, bars=32))
        now_s[0] = 7.0
        view.show(Progress(Stage.RENDERING))
    assert "Mixing and mastering" in stream.getvalue()
    assert "0:00:07" in stream.getvalue()


def test_a_view_nobody_opened_draws_nothing_on_a_terminal() -> None:
    stream = _Terminal()
    progress_view(stream).show(Progress(Stage.RENDERING))
    assert stream.getvalue() == ""


def test_long_lines_break_between_words_and_keep_to_their_column() -> None:
    assert wrapped("I play nu-metal and hip-hop.", 16) == "I play nu-metal\nand hip-hop."
    assert wrapped("/vary   a variation of the song", 24) == "/vary   a variation of\n        the song"
    assert wrapped("short", 16) == "short"
    assert wrapped("out/a-very-long-name-without-a-break.mp3", 16) == "out/a-very-long-name-without-a-break.mp3"
