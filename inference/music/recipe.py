"""The recipe of a song: everything needed to compose the same notes again."""

import json
from dataclasses import dataclass
from typing import Any

from inference.music.edit import Edit, Operation, read_span, span
from inference.music.errors import BadRecipe, MusicError
from inference.music.form import read_form
from inference.music.pitch import Key
from inference.music.program import Role
from inference.music.score import Meter
from inference.music.spec import Player, SamplingParams, SongSpec, Space
from inference.music.touch import Touch

RECIPE_MARK = "LnH recipe "
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Recipe:
    """A checkpoint's hash, a complete spec and the sampling. `asked` names the spec fields a person chose."""

    checkpoint: str
    spec: SongSpec
    sampling: SamplingParams
    asked: tuple[str, ...] = ()

    def to_json(self) -> str:
        """One line of JSON with sorted keys; equal recipes give equal text."""
        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))

    def to_dict(self) -> dict[str, Any]:
        spec, sampling = self.spec, self.sampling
        entry: dict[str, Any] = {
            "version": _VERSION,
            "checkpoint": self.checkpoint,
            "genres": dict(spec.genres),
            "bars": spec.bars,
            "key": None if spec.key is None else str(spec.key),
            "tempo": spec.tempo,
            "meter": None if spec.meter is None else str(spec.meter),
            "band": None if spec.roster is None else [f"{player.role}:{player.program}" for player in spec.roster],
            "density": spec.density,
            "title": spec.title,
            "seed": sampling.seed,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "asked": list(self.asked),
        }
        if sampling.guidance != 1:
            entry["guidance"] = sampling.guidance
        if sampling.take:
            entry["take"] = sampling.take
        if sampling.space is not Space.PROBABILITIES:
            entry["space"] = sampling.space
        if sampling.touch is not None:
            entry["touch"] = sampling.touch.said()
        if sampling.form is not None:
            entry["drawn_form"] = sampling.form
        if spec.strict_key:
            entry["strict_key"] = True
        if spec.form is not None:
            entry["form"] = spec.form
        if spec.edit is not None:
            entry["edit"] = _edit_entry(spec.edit)
        return entry

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """Reads `to_json`'s text. Raises BadRecipe on anything else."""
        try:
            entry = json.loads(text)
            if entry["version"] != _VERSION:
                raise BadRecipe(f"this recipe is of version {entry['version']}; I read version {_VERSION}")
            return cls(str(entry["checkpoint"]), _spec(entry), _sampling(entry), tuple(map(str, entry["asked"])))
        except BadRecipe:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, MusicError) as error:
            raise BadRecipe("the recipe in this file is damaged") from error

    @classmethod
    def from_meta(cls, texts: tuple[str, ...]) -> "Recipe":
        """Finds the recipe among a MIDI file's text events. Raises BadRecipe."""
        for text in texts:
            if text.startswith(RECIPE_MARK):
                return cls.from_json(text.removeprefix(RECIPE_MARK))
        raise BadRecipe("this file carries no LnH recipe, so I cannot play it again")


def _spec(entry: dict[str, Any]) -> SongSpec:
    def read(name: str, kind: Any) -> Any:
        return None if entry[name] is None else kind(entry[name])

    return SongSpec(
        genres=tuple((str(name), float(weight)) for name, weight in entry["genres"].items()),
        bars=read("bars", int),
        key=read("key", Key.parse),
        tempo=read("tempo", float),
        meter=read("meter", Meter.parse),
        roster=read("band", lambda band: tuple(_player(text) for text in band)),
        density=read("density", int),
        title=read("title", str),
        strict_key=entry.get("strict_key") is True,
        form=_form(entry.get("form")),
        edit=None if entry.get("edit") is None else _edit(entry["edit"]),
    )


def _edit_entry(edit: Edit) -> dict[str, Any]:
    entry = {
        "operation": edit.operation,
        "source": edit.source,
        "key": None if edit.key is None else str(edit.key),
        "add": edit.add,
        "bars": None if edit.bars is None else span(edit.bars),
        "players": list(edit.players),
        "keep": list(edit.keep),
        "strength": edit.strength,
    }
    if edit.operation is Operation.BLEND:
        entry |= {"other": edit.other, "ratio": edit.ratio}
    return entry


def _edit(entry: dict[str, Any]) -> Edit:
    return Edit(
        operation=Operation(entry["operation"]),
        source=str(entry["source"]),
        key=None if entry["key"] is None else Key.parse(entry["key"]),
        add=None if entry["add"] is None else int(entry["add"]),
        bars=None if entry["bars"] is None else read_span(entry["bars"]),
        players=tuple(map(str, entry["players"])),
        keep=tuple(map(str, entry["keep"])),
        strength=None if entry["strength"] is None else float(entry["strength"]),
        other=str(entry.get("other", "")),
        ratio=None if entry.get("ratio") is None else float(entry["ratio"]),
    )


def _player(text: str) -> Player:
    role, _, program = text.partition(":")
    return Player(Role(role), int(program))


def _sampling(entry: dict[str, Any]) -> SamplingParams:
    guidance = float(entry.get("guidance", 1.0))
    temperature, top_p, take = float(entry["temperature"]), float(entry["top_p"]), int(entry.get("take", 0))
    space = Space(entry.get("space", Space.PROBABILITIES))
    touch = None if entry.get("touch") is None else Touch.read(entry["touch"])
    form = _form(entry.get("drawn_form"))
    return SamplingParams(int(entry["seed"]), temperature, top_p, guidance, take, space, touch, form)


def _form(text: str | None) -> str | None:
    return None if text is None else read_form(text)
