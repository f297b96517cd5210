"""Slack's own limits on Block Kit, which neither fake Web API nor emulate checks by itself."""

import json
from collections.abc import Iterator
from typing import Any

MAX_BLOCKS = 50
_TEXT_LIMITS = {"section": 3000, "header": 150, "context": 3000, "button": 75}
_KNOWN = {"section", "header", "context", "actions", "divider", "image"}


def block_faults(value: Any) -> list[str]:
    """What Slack would complain about in a `blocks` argument (a list, or JSON of one); empty if it is fine."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return ["blocks is not JSON"]
    if not isinstance(value, list):
        return ["blocks is not a list"]
    faults = [] if len(value) <= MAX_BLOCKS else [f"no more than {MAX_BLOCKS} blocks"]
    for block in value:
        faults += _faults_of(block)
    return faults


def _faults_of(block: dict[str, Any]) -> Iterator[str]:
    kind = block.get("type", "")
    if kind not in _KNOWN:
        yield f"unknown block {kind!r}"
    elements = block.get("elements", [])
    if kind in ("actions", "context") and not elements:
        yield f"{kind} without elements"
    texts = [block["text"]] if "text" in block else [element for element in elements if "text" in element]
    for text in texts:
        yield from _text_faults(kind, text)
    for element in elements:
        if element.get("type") == "button":
            yield from _text_faults("button", element["text"])
            if len(element.get("value", "")) > 2000 or len(element.get("action_id", "")) > 255:
                yield "button value or action_id too long"


def _text_faults(kind: str, text: dict[str, Any]) -> Iterator[str]:
    words = text.get("text")
    if not isinstance(words, str):
        return
    if not 1 <= len(words) <= _TEXT_LIMITS.get(kind, 3000):
        yield f"text of a {kind} has {len(words)} characters"
    if kind in ("header", "button") and text.get("type") != "plain_text":
        yield f"text of a {kind} must be plain_text"
