"""Reading a request's body; whatever is wrong with it becomes one sentence that says what would be right."""

import difflib
import json
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from inference.api import ErrorCode, SongBody
from inference.server.refusal import Refusal

_Schema = dict[str, Any]
_SCHEMA: _Schema = SongBody.model_json_schema()
_MAX_QUOTE = 40
_EXAMPLE = '{"genre": "metal"}'
_GENRE = 'genre must be a name such as "metal", or names with weights such as {"metal": 0.7, "jazz": 0.3}'


def read_body(raw: bytes) -> SongBody:
    """Parses and checks the form of a request; whether its wishes can be met is the catalogue's to say.

    Raises:
        Refusal: bad request (not JSON, a field is missing or unknown) or invalid option (a value is).
    """
    try:
        body = SongBody.model_validate_json(raw)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False)[0]) from None
    if body.genre is None and body.edit is None:
        raise Refusal(ErrorCode.BAD_REQUEST, f"genre is missing; {_EXAMPLE} alone is enough")
    return body


def _refusal(error: ErrorDetails) -> Refusal:
    path = error["loc"]
    match error["type"]:
        case "json_invalid":
            return Refusal(ErrorCode.BAD_REQUEST, f"the body is not JSON: {error['ctx']['error']}")
        case "model_type" if not path:
            return Refusal(ErrorCode.BAD_REQUEST, f"the body must be a JSON object such as {_EXAMPLE}")
        case "missing":
            return Refusal(ErrorCode.BAD_REQUEST, f"{_spell(path)} is missing")
        case "extra_forbidden":
            return Refusal(ErrorCode.BAD_REQUEST, _unknown_field(path))
        case _ if path[0] == "genre":
            return Refusal(ErrorCode.INVALID_OPTION, _GENRE)
        case _:
            wish = f"{_spell(path)} must be {_right(_schema_at(path))}"
            return Refusal(ErrorCode.INVALID_OPTION, wish + _instead(error["input"]))


def _unknown_field(path: Sequence[int | str]) -> str:
    fields = list(_schema_at(path[:-1])["properties"])
    close = difflib.get_close_matches(str(path[-1]), fields, n=1)
    hint = f"did you mean {close[0]}?" if close else f"I know {', '.join(fields)}"
    return f"{_quote(path[-1])} is not a field I know; {hint}"


def _schema_at(path: Sequence[int | str]) -> _Schema:
    """The part of the body's JSON schema that describes the value at `path`."""
    node = _SCHEMA
    for step in path:
        node = _plain(node["items"] if isinstance(step, int) else node["properties"][step])
    return node


def _plain(node: _Schema) -> _Schema:
    """Follows a reference, and leaves null out of a choice."""
    if "$ref" in node:
        target: _Schema = _SCHEMA["$defs"][node["$ref"].rpartition("/")[2]]
        return target
    if "anyOf" in node:
        return _plain(next(choice for choice in node["anyOf"] if choice.get("type") != "null"))
    return node


def _right(node: _Schema) -> str:
    """What a value must be, in words."""
    if "enum" in node:
        return f"one of {', '.join(node['enum'])}"
    if "pattern" in node:
        return "1 to 64 letters, digits, hyphens or underscores"
    match node["type"]:
        case "integer":
            return f"a whole number {_range(node)}"
        case "number":
            return f"a number {_range(node)}"
        case "string":
            return f"a text of {node.get('minLength', 0)} to {node['maxLength']} characters"
        case "array":
            return f"a list of {node['minItems']} to {node['maxItems']} entries"
        case "boolean":
            return "true or false"
        case _:
            return 'an object such as {"role": "bass"}'


def _range(node: _Schema) -> str:
    if "exclusiveMinimum" in node:
        return f"above {node['exclusiveMinimum']:g} and at most {node['maximum']:g}"
    return f"between {node['minimum']} and {node['maximum']}".replace(".0 ", " ").removesuffix(".0")


def _instead(value: object) -> str:
    """What came instead, if it is short enough to say."""
    if isinstance(value, dict | list):
        return ""
    return f", not {_quote(value)}"


def _quote(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_QUOTE else f"{text[:_MAX_QUOTE]}…"


def _spell(path: Sequence[int | str]) -> str:
    spelt = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return spelt.removeprefix(".")
