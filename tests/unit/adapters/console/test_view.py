"""Progress in words: one line a stage where nobody watches, a bar on a terminal."""

import io

from adapters.console.view import describe, progress_view
from bot.domain.song import Progress, Stage


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_each_stage_once() -> None:
    stream = io.StringIO()
    with progress_view(stream) as view:
        view.show(Progress(Stage.QUEUED, position=2, eta_s=12.4))
        for bar in range(3):
            view.show(Progress(Stage.COMPOSING, bars_done=bar, bars=32))
        view.show(Progress(Stage.RENDERING))
    assert stream.getvalue() == "queued, 2 ahead, about 12 s\ncomposing\nrendering\n"


def test_a_terminal_sees_the_bars_written() -> None:
    stream = _Terminal()
    with progress_view(stream) as view:
        view.show(Progress(Stage.COMPOSING, bars_done=5, bars=32))
    assert "composing, 5 of 32 bars" in stream.getvalue()


def test_a_stage_without_numbers_is_just_named() -> None:
    assert describe(Progress(Stage.QUEUED)) == "queued"
    assert describe(Progress(Stage.RENDERING, bars_done=32, bars=32)) == "rendering"
