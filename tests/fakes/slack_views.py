"""Modals, which neither fake Web API has: who may open one, what Slack refuses of it, and which stand open."""

import itertools
import json
import time
from dataclasses import dataclass, field
from typing import Any

TRIGGER_LASTS_S = 3.0
_INPUTS = {"plain_text_input", "number_input", "static_select", "multi_static_select"}


@dataclass
class SlackViews:
    """`opened` are the modals on the screens of people, oldest first; each press can open one, for three seconds."""

    opened: list[dict[str, Any]] = field(default_factory=list)
    _good_until: dict[str, float] = field(default_factory=dict)
    _count: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def issue(self, trigger: str) -> str:
        """Makes a trigger good for opening a modal."""
        self._good_until[trigger] = time.monotonic() + TRIGGER_LASTS_S
        return trigger

    def expire(self) -> None:
        """No press so far is good for a modal any more."""
        self._good_until = dict.fromkeys(self._good_until, 0.0)

    def open(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Answers `views.open`."""
        ends = self._good_until.pop(str(arguments.get("trigger_id")), None)
        if ends is None:
            return {"ok": False, "error": "exchanged_trigger_id"}
        if ends < time.monotonic():
            return {"ok": False, "error": "expired_trigger_id"}
        view = arguments["view"]
        view = json.loads(view) if isinstance(view, str) else view
        faults = view_faults(view)
        if faults:
            return {"ok": False, "error": "invalid_arguments", "response_metadata": {"messages": faults}}
        self.opened.append(view | {"id": f"V{next(self._count):08}"})
        return {"ok": True, "view": self.opened[-1]}


def view_faults(view: dict[str, Any]) -> list[str]:
    """What Slack would complain about in a modal; empty if it is fine."""
    texts = [view.get(name, {}) for name in ("title", "submit", "close")]
    faults = [f"title, submit or close is {len(text.get('text', ''))} long" for text in texts if _is_off(text, 24)]
    faults += ["private_metadata is too long"] if len(view.get("private_metadata", "")) > 3000 else []
    for block in view.get("blocks", ()):
        element = block.get("element", {})
        options = element.get("options")
        wrong = {
            "is no input": block.get("type") != "input" or element.get("type") not in _INPUTS,
            "has no label": _is_off(block.get("label", {}), 2000),
            "has a long placeholder": _is_off(element.get("placeholder", {}), 150),
            "has no or too many options": options is not None and not 1 <= len(options) <= 100,
            "has a long option": any(len(one["value"]) > 150 or _is_off(one["text"], 75) for one in options or ()),
        }
        faults += [f"{block.get('block_id')} {what}" for what, is_so in wrong.items() if is_so]
    ids = [block.get("block_id") for block in view.get("blocks", ())]
    return faults + (["block ids are not unique"] if len(set(ids)) != len(ids) else [])


def _is_off(text: dict[str, Any], limit: int) -> bool:
    return text.get("type") != "plain_text" or not 1 <= len(text.get("text", "")) <= limit
