"""Every sentence exists in every language, and fits what is said with it."""

import re
import string
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import bot
from bot.domain import errors
from bot.domain.errors import Busy, ComposerFailed, ComposerUnavailable, GenreDisabled, LnhError
from bot.domain.files import MadeFiles
from bot.domain.options import OPTIONS
from bot.domain.song import Progress, Stage
from bot.messages import (
    LOCALES,
    caption,
    kind_label,
    made_lines,
    making_line,
    messages,
    progress_line,
    say,
    sentence,
)
from inference.api import Comparison, ErrorCode, ExtraFile, LeftOut
from inference.music import errors as music_errors
from inference.music.errors import InvalidSpec, MusicError, UnknownGenre
from tests.fakes.songs import file_for, request_for, song_for

ROOT = Path(bot.__file__).parent.parent
_SAID = re.compile(r"""\bsay\(\s*["']([a-z_.]+)["'](?:\s+if [^,]+ else ["']([a-z_.]+)["'])?""")


def all_errors() -> Iterator[type[LnhError] | type[MusicError]]:
    for module, base in ((errors, LnhError), (music_errors, MusicError)):
        yield from (kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, base))


def said_codes() -> Iterator[str]:
    """Literal codes of `say` anywhere in the bot and its adapters."""
    for path in [*(ROOT / "bot").rglob("*.py"), *(ROOT / "adapters").rglob("*.py")]:
        for match in _SAID.finditer(path.read_text(encoding="utf-8")):
            yield from (code for code in match.groups() if code)


def blanks(text: str) -> set[str]:
    return {name.partition(".")[0] for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("locale", LOCALES)
def test_every_error_code_has_a_sentence(locale: str) -> None:
    codes = {kind.code for kind in all_errors()} | {code.value for code in ErrorCode} | {"cancelled"}
    assert codes <= set(messages(locale))


@pytest.mark.parametrize("locale", LOCALES)
def test_every_code_that_is_said_has_a_sentence(locale: str) -> None:
    assert set(said_codes()) <= set(messages(locale))


def test_all_languages_say_the_same_things_with_the_same_blanks() -> None:
    first, *others = LOCALES
    for other in others:
        # A language may be more precise about an option than the first, whose errors bring their own words.
        plain = {code for code in messages(other) if not code.startswith("invalid_option.")}
        assert plain == set(messages(first))
        differing = {code for code in plain if blanks(messages(other)[code]) != blanks(messages(first)[code])}
        assert differing <= {"music_error", "invalid_option", "bad_midi", "bad_recipe"} | {"not_found"}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", [kind for kind in all_errors() if issubclass(kind, LnhError)])
def test_every_error_can_be_told_even_with_its_blanks_left_open(kind: type[LnhError], locale: str) -> None:
    assert sentence(kind(), locale).endswith(".")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    "code", sorted(set(ErrorCode) - {kind.code for kind in all_errors() if issubclass(kind, MusicError)})
)
def test_a_composers_failure_is_told_by_its_reason(code: ErrorCode, locale: str) -> None:
    told = sentence(ComposerFailed(reason=code), locale)
    assert told == say(code, locale, what="?")
    assert "{" not in told


@pytest.mark.parametrize("locale", LOCALES)
def test_a_reason_nobody_knows_is_quoted(locale: str) -> None:
    assert "HTTP 418" in sentence(ComposerFailed(reason="HTTP 418"), locale)
    assert sentence(ComposerUnavailable(reason="refused"), locale) == say("composer_unavailable", locale)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_every_options_error_is_told_with_its_range(option: object, locale: str) -> None:
    assert isinstance(option, type(OPTIONS[0]))
    told = sentence(InvalidSpec(option.name, "must be between 4 and 64"), locale)
    assert told.endswith(".")
    assert "{" not in told
    assert "e+" not in told


def test_sentences_name_what_matters() -> None:
    assert sentence(GenreDisabled(genre="jazz", enabled="metal, punk"), "en") == (
        "jazz is switched off here; I can play metal, punk."
    )
    assert "40 s" in sentence(Busy(retry_after_s=40), "de")
    assert sentence(UnknownGenre("metl", ("metal",)), "en") == "I do not play “metl”; did you mean metal?"
    assert sentence(UnknownGenre("mock", ("rock", "metal", "punk")), "de").endswith("meinst du rock, metal oder punk?")
    assert sentence(UnknownGenre("metl", ()), "en") == "I do not play “metl”."
    assert sentence(UnknownGenre("hello", (), ("metal", "jazz")), "en") == "I do not play “hello”; I play metal, jazz."
    assert sentence(InvalidSpec("bars", "bars must be between 4 and 64, not 3"), "en") == (
        "Bars must be between 4 and 64, not 3."
    )
    assert "4 bis 64" in sentence(InvalidSpec("bars", "bars must be between 4 and 64, not 3"), "de-AT")


@pytest.mark.parametrize("words", ["x" * 6000, "ba na " * 1000])
@pytest.mark.parametrize("locale", LOCALES)
def test_long_words_of_people_are_repeated_in_part_and_the_advice_in_full(words: str, locale: str) -> None:
    for error in (
        UnknownGenre(words, ("metal",)),
        InvalidSpec("key", f"“{words}” is not a key; write Em"),
        InvalidSpec("genre", f"“q” is no weight for {'y' * 6000}; write metal:0.7"),
    ):
        told = sentence(error, locale)
        assert len(told) < 200
        assert any(advice in told for advice in ("metal", "Em"))


def test_what_people_wrote_is_never_a_template() -> None:
    assert "{seed}" in sentence(UnknownGenre("{seed}", ("metal",)), "en")


@pytest.mark.parametrize(
    ("locale", "expected"),
    [("de", "Noch einer"), ("de-CH", "Noch einer"), ("DE_at", "Noch einer"), ("en-GB", "Another"), ("", "Another")],
)
def test_a_locale_reads_its_language_and_unknown_ones_english(locale: str, expected: str) -> None:
    assert say("another_button", locale) == expected


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (Progress(Stage.QUEUED), "Waiting for a free slot"),
        (Progress(Stage.QUEUED, position=0), "You are next"),
        (Progress(Stage.QUEUED, position=1, eta_s=4.4), "1 song ahead, about 4 s"),
        (Progress(Stage.QUEUED, position=2, eta_s=10), "2 songs ahead, about 10 s"),
        (Progress(Stage.COMPOSING), "Counting in"),
        (Progress(Stage.COMPOSING, bars_done=0, bars=32), "Writing bar 1 of 32"),
        (Progress(Stage.COMPOSING, bars_done=11, bars=32), "Writing bar 12 of 32"),
        (Progress(Stage.COMPOSING, bars_done=32, bars=32), "Writing bar 32 of 32"),
        (Progress(Stage.RENDERING, bars_done=32, bars=32), "Mixing and mastering"),
    ],
)
def test_progress_is_one_line(progress: Progress, line: str) -> None:
    assert progress_line(progress, "en") == line
    assert progress_line(progress, "de") != line


def test_a_caption_says_the_recipe_and_what_missed_its_wish() -> None:
    song = song_for(request_for(seed=7))
    spec = song.recipe.spec
    plain = f"Iron Harvest · metal · {spec.tempo:g} bpm · {spec.key} · {spec.bars} bars · seed 7"
    assert caption(song, "en") == plain
    report = (Comparison(name="key", asked="Em", measured="G"), Comparison(name="tempo", asked=None, measured="120"))
    missed = type(song)(**{name: getattr(song, name) for name in song.__slots__} | {"report": report})
    assert caption(missed, "en").splitlines() == [plain, "key: asked for Em, came out as G"]


def test_a_caption_says_the_wishes_that_were_met_and_are_not_beside_the_title_anyway() -> None:
    lines = (("tempo", "140"), ("bars", "32"), ("form", "AABA"), ("density", "6"), ("band", "drums, bass"))
    report = tuple(Comparison(name=name, asked=said, measured=said) for name, said in lines)
    report += (Comparison(name="meter", asked=None, measured="4/4"), Comparison(name="key", asked="Em", measured="G"))
    song = replace(song_for(request_for(seed=7)), report=report)
    assert caption(song, "en").splitlines()[1:] == [
        "As asked: form AABA, density 6, band drums, bass",
        "key: asked for Em, came out as G",
    ]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_file_there_is_has_a_name_that_fits_a_menu(locale: str) -> None:
    labels = [kind_label(kind, locale) for kind in ExtraFile]
    assert len(set(labels)) == len(labels)
    assert max(map(len, labels)) <= 60
    assert making_line([ExtraFile.STEMS, ExtraFile.TAB], locale).count(",") == 1


def test_made_files_are_named_with_what_could_not_be_made_or_not_be_posted() -> None:
    stems, tab = file_for(ExtraFile.STEMS), LeftOut(file=ExtraFile.TAB, message="nobody plays a guitar.")
    assert made_lines(MadeFiles("Iron Harvest", (stems,), (tab,)), "en", [stems]).splitlines() == [
        "Stems (zip) · Iron Harvest",
        "Guitar Pro tab could not be made: nobody plays a guitar",
        "Too large for this channel: iron-harvest.stems.",
    ]
    assert made_lines(MadeFiles("Iron Harvest", (), (tab,)), "en").startswith("Guitar Pro tab could")
