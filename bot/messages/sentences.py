"""Errors, progress and songs in words."""

import re
from collections.abc import Iterable, Sequence

from bot.domain.errors import ComposerFailed, LnhError
from bot.domain.files import MadeFiles
from bot.domain.options import OPTIONS
from bot.domain.song import Progress, Song, SongFile, Stage
from bot.messages.catalogue import language, messages, say
from bot.ports import UserError
from inference.api import Comparison, ErrorCode, ExtraFile
from inference.music.errors import InvalidSpec, MusicError, UnknownGenre

# Whoever raises an error may leave a blank open; the person must be told all the same.
_BLANKS: dict[str, object] = dict.fromkeys(("enabled", "genre", "id", "permissions", "reason", "what"), "?") | {
    "retry_after_s": 30
}
_LONG_QUOTE = re.compile(r"“([^”]{60})[^”]+”")
_LONG_WORD = re.compile(r"([^\s”]{64})[^\s”]+")
# Why the composer failed, as far as there is a sentence for it; wishes that cannot be met are errors of their own.
_WISHES = {ErrorCode.INVALID_OPTION, ErrorCode.UNKNOWN_GENRE, ErrorCode.BAD_RECIPE}
_UNTITLED = frozenset(("meter", "band", "density", "form"))  # wishes that are not beside the title anyway
_REASONS = frozenset({*ErrorCode, "cancelled"} - _WISHES)


def sentence(error: UserError, locale: str) -> str:
    """One sentence that tells a person what went wrong and what to do."""
    known = messages(language(locale))
    code = next((code for code in _codes(error) if code in known), LnhError.code)
    return say(code, locale, **_params(error, locale))


def progress_line(progress: Progress, locale: str) -> str:
    """One line such as “Writing bar 12 of 32” or “2 songs ahead, about 10 s”."""
    if progress.stage is Stage.RENDERING:
        return say("progress_rendering", locale)
    if progress.stage is Stage.COMPOSING:
        code = "progress_composing" if progress.bars else "progress_starting"
        return say(code, locale, bar=min(progress.bars_done + 1, progress.bars or 1), bars=progress.bars)
    line = say(_queue_code(progress.position), locale, position=progress.position)
    if progress.eta_s is None:
        return line
    return say("progress_eta", locale, line=line, seconds=max(1, round(progress.eta_s)))


def caption(song: Song, locale: str) -> str:
    """Title, what was played with which recipe, what else was asked for, and each wish that the notes do not meet."""
    spec = song.recipe.spec
    words = say(
        "caption",
        locale,
        title=song.title,
        genre=" × ".join(name for name, _ in sorted(spec.genres, key=lambda genre: -genre[1])) or song.genre,
        tempo=f"{spec.tempo:g}",
        key=spec.key,
        bars=spec.bars,
        seed=song.recipe.sampling.seed,
    )
    asked = [line for line in song.report if line.asked is not None]
    met = [f"{line.name} {line.measured}" for line in asked if line.asked == line.measured and line.name in _UNTITLED]
    kept = [say("caption_kept", locale, wishes=", ".join(met))] if met else []
    return "\n".join([words, *kept, *(_miss(line, locale) for line in asked if line.asked != line.measured)])


def kind_label(kind: ExtraFile, locale: str) -> str:
    """What a file is called in a menu, in at most 60 characters."""
    return say(f"files_kind_{kind.replace('-', '_')}", locale)


def making_line(kinds: Iterable[ExtraFile], locale: str) -> str:
    """That files are being made."""
    return say("files_making", locale, files=", ".join(kind_label(kind, locale) for kind in kinds))


def made_lines(made: MadeFiles, locale: str, too_large: Iterable[SongFile] = ()) -> str:
    """What was made, and a line for each file that was not or that is too large for this place."""
    kinds = dict.fromkeys(ExtraFile(file.kind) for file in made.files)
    lines = [say("files_made", locale, files=", ".join(kind_label(kind, locale) for kind in kinds), title=made.title)]
    if not made.files:
        lines = []
    lines += [
        say("files_left_out", locale, file=kind_label(one.file, locale), reason=one.message.rstrip("."))
        for one in made.left_out
    ]
    names = ", ".join(file.name for file in too_large)
    return "\n".join([*lines, say("file_too_large", locale, files=names)] if names else lines)


def _queue_code(position: int | None) -> str:
    if position is None:
        return "progress_queued"
    return {0: "progress_next", 1: "progress_queued_one"}.get(position, "progress_queued_other")


def _miss(line: Comparison, locale: str) -> str:
    return say("caption_miss", locale, name=line.name, asked=line.asked, measured=line.measured)


def _codes(error: UserError) -> tuple[str, ...]:
    """Message codes for this error, most specific first."""
    if isinstance(error, ComposerFailed) and (reason := error.params.get("reason")) in _REASONS:
        return (str(reason), error.code)
    if isinstance(error, UnknownGenre) and not error.nearest:
        return ("unknown_genre_of_all" if error.known else MusicError.code,)
    if isinstance(error, InvalidSpec):
        return (f"{error.code}.{error.field}", error.code)
    return (error.code,)


def _or(words: Sequence[str], locale: str) -> str:
    *others, last = words or ("",)
    return say("words_or", locale, first=", ".join(others), last=last) if others else last


def _params(error: UserError, locale: str) -> dict[str, object]:
    if isinstance(error, LnhError):
        return _BLANKS | error.params
    text = _shortened(str(error).rstrip("."))
    params: dict[str, object] = {"text": text[:1].upper() + text[1:]}
    if isinstance(error, UnknownGenre):
        params |= {
            "name": _shortened(f"“{error.name}”")[1:-1],
            "nearest": _or(error.nearest, locale),
            "known": ", ".join(error.known),
        }
    if isinstance(error, InvalidSpec):
        option = next((option for option in OPTIONS if option.name == error.field), None)
        params |= {"field": error.field}
        if option is not None and option.minimum is not None and option.maximum is not None:
            params |= {"minimum": f"{option.minimum:.10g}", "maximum": f"{option.maximum:.10g}"}
    return params


def _shortened(text: str) -> str:
    """Repeats of somebody's words only as far as they are recognised, so that what is said about them is not lost."""
    return _LONG_WORD.sub(r"\1…", _LONG_QUOTE.sub(r"“\1…”", text))
