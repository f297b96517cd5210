"""The documents tell the truth about the command line, its options and the genres."""

import re

import pytest

from bot.commands.cli import EXAMPLES, main
from bot.domain.options import OPTIONS
from bot.settings import HOUSE
from inference.api import FileFormat
from tests.fakes.songs import CATALOGUE

README = (HOUSE / "README.md").read_text("utf-8")
WISHES = [option for option in OPTIONS if option.name != "genre"]


@pytest.mark.parametrize("words", [words for _, words, _ in EXAMPLES])
def test_readme_names_every_verb(words: str) -> None:
    assert f"`lnh {words}" in README


@pytest.mark.parametrize("name", [option.name for option in WISHES])
def test_readme_names_every_option_of_a_song(name: str) -> None:
    assert f"`--{name.replace('_', '-')}`" in README


def test_help_explains_every_option_as_the_table_does(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.setattr("sys.argv", ["lnh", "compose", "--help"])
    main()
    shown = " ".join(capsys.readouterr().out.split())
    for option in WISHES:
        assert f"--{option.name.replace('_', '-')} " in shown
        assert option.help in shown


def test_readme_names_every_genre_and_format() -> None:
    row = next(line for line in README.splitlines() if line.startswith("| `GENRE`"))
    assert row.split("|")[2].strip() == ", ".join(CATALOGUE.names)
    assert f"`{','.join(known.value for known in FileFormat)}`" in README


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "CONTRIBUTING.md",
        "DECISIONS.md",
        "CHANGELOG.md",
        "MODEL_CARD.md",
        "docs/benchmarks.md",
        "docs/evaluation.md",
    ],
)
def test_links_in_the_documents_lead_somewhere(name: str) -> None:
    page = HOUSE / name
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{name} links to {target}"
