"""Requests and people as JSON texts."""

import json
from typing import Any

from bot.domain.request import Place, Priority, Requester, RequestId, SongRequest
from inference.api import DEFAULT_FILE_MIB, ExtraFile, FileFormat
from inference.music.recipe import Recipe

_NO_CHECKPOINT = ""  # a request asks; only a finished song has a checkpoint


def request_to_json(request: SongRequest) -> str:
    """One line of JSON; the wishes are written as a recipe."""
    place = request.place
    wishes = Recipe(_NO_CHECKPOINT, request.spec, request.sampling).to_dict()
    entry = {
        "id": request.id,
        "wishes": wishes,
        "place": [place.platform, place.workspace, place.channel, place.thread],
        "requester": _person(request.requester),
        "formats": list(request.formats),
        "priority": request.priority,
        "deadline_s": request.deadline_s,
        "files": list(request.files),
        "max_file_mib": request.max_file_mib,
        "seed_drawn": request.seed_drawn,
        "asked": request.asked,
    }
    return json.dumps(entry, separators=(",", ":"))


def request_from_json(text: str) -> SongRequest:
    """Reads `request_to_json`'s text. Raises ValueError, KeyError or MusicError on anything else."""
    entry = json.loads(text)
    asked = entry.get("asked")  # requests of earlier versions know neither this nor what comes last
    wishes = Recipe.from_json(json.dumps(entry["wishes"]))
    return SongRequest(
        id=RequestId(entry["id"]),
        spec=wishes.spec,
        sampling=wishes.sampling,
        place=Place(*entry["place"]),
        requester=Requester(*entry["requester"]),
        formats=tuple(FileFormat(name) for name in entry["formats"]),
        priority=Priority(entry["priority"]),
        deadline_s=float(entry["deadline_s"]),
        asked=None if asked is None else tuple(asked),
        files=tuple(ExtraFile(name) for name in entry.get("files", ())),
        max_file_mib=float(entry.get("max_file_mib", DEFAULT_FILE_MIB)),
        seed_drawn=bool(entry.get("seed_drawn", False)),
    )


def person_to_json(person: Requester) -> str:
    return json.dumps(_person(person))


def person_from_json(text: str) -> Requester:
    return Requester(*json.loads(text))


def _person(person: Requester) -> list[Any]:
    return [person.id, person.name, person.locale]
