"""Names that people type become plain text."""

import pytest

from inference.music.text import one_line, printable, slug


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Crown of Ash!", "crown-of-ash"),
        ("Don't Stop", "dont-stop"),
        ("../../etc/passwd", "etc-passwd"),
        ("x" * 59 + " y", "x" * 59),
        ("死", ""),
    ],
)
def test_a_title_becomes_a_safe_file_name(title: str, name: str) -> None:
    assert slug(title) == name


def test_nothing_that_cannot_be_printed_is_left() -> None:
    assert printable("a\x00\nb") == "a  b"
    assert one_line(" Ashes\r\n of\t\x1b Iron ") == "Ashes of Iron"
    assert one_line("\x07") == ""
