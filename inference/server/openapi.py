"""The OpenAPI description, made from the wire's own models."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.json_schema import models_json_schema

from inference.api import ErrorBody, FilesBody, SongBody, SongStatus

_REF = "#/components/schemas/{model}"


class Health(BaseModel):
    """That the service is there, and the weights it plays from."""

    model_config = ConfigDict(frozen=True)

    status: str
    checkpoint: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One address and method. `answers` maps a status to (what it means, model or media type or None for no body)."""

    method: str
    path: str
    summary: str
    answers: dict[int, tuple[str, type[BaseModel] | str | None]]
    body: type[BaseModel] | None = None


_NOT_FOUND: dict[int, tuple[str, type[BaseModel] | str | None]] = {404: ("no song or file of this name", ErrorBody)}
_JSON = "application/json"
_COME_BACK = (429, 503)  # these answers say when

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "post",
        "/v1/songs",
        "Compose a song. The same request_id again answers the same song; one that failed is tried again.",
        {
            202: ("accepted, or known already", SongStatus),
            400: ("the body cannot be read or a wish cannot be met", ErrorBody),
            409: ("request_id names a different song", ErrorBody),
            413: ("the body is too large", ErrorBody),
            429: ("the queue is full or the client has had its share; Retry-After says when to come back", ErrorBody),
            503: ("shutting down, or the engine is gone", ErrorBody),
            507: ("there is no room to write the request down", ErrorBody),
        },
        SongBody,
    ),
    Operation("get", "/v1/songs/{id}", "How far a song is.", {200: ("its status", SongStatus), **_NOT_FOUND}),
    Operation(
        "delete",
        "/v1/songs/{id}",
        "Cancel a song; one that has ended stays as it is.",
        {200: ("its status now", SongStatus), **_NOT_FOUND},
    ),
    Operation(
        "get",
        "/v1/songs/{id}/events",
        "Follow a song: the status now, then every change until it ends.",
        {
            200: (
                "server-sent events; event: the state or `preview`, id: a version, data: a SongStatus",
                "text/event-stream",
            ),
            204: ("Last-Event-ID was the final event", None),
            **_NOT_FOUND,
        },
    ),
    Operation(
        "get",
        "/v1/songs/{id}/files/{name}",
        "One file of a song, as listed in its status.",
        {200: ("the bytes, of the media type that the status tells", "application/octet-stream"), **_NOT_FOUND},
    ),
    Operation(
        "post",
        "/v1/songs/{id}/files",
        "Make more files of a finished song; answers when they are made. Files it has are not made again.",
        {
            200: ("its status with the new files; left_out says what could not be made and why", SongStatus),
            400: ("the body cannot be read, or the song has no MIDI file", ErrorBody),
            409: ("the song is not finished", ErrorBody),
            413: ("the body is too large", ErrorBody),
            429: ("too many wait for files; Retry-After says when to come back", ErrorBody),
            503: ("shutting down", ErrorBody),
            **_NOT_FOUND,
        },
        FilesBody,
    ),
    Operation("get", "/healthz", "Whether the process is alive.", {200: ("it is", Health)}),
    Operation(
        "get",
        "/readyz",
        "Whether a song asked for now would be made.",
        {200: ("it would", Health), 503: ("it would not", ErrorBody)},
    ),
    Operation("get", "/metrics", "Numbers for Prometheus.", {200: ("text exposition", "text/plain")}),
    Operation("get", "/openapi.json", "This description.", {200: ("OpenAPI 3.1", _JSON)}),
)


def describe(operations: Sequence[Operation] = OPERATIONS) -> dict[str, Any]:
    """The description as an OpenAPI 3.1 document."""
    _, schemas = models_json_schema(
        [
            (SongBody, "validation"),
            (FilesBody, "validation"),
            (SongStatus, "serialization"),
            (ErrorBody, "serialization"),
            (Health, "serialization"),
        ],
        ref_template=_REF,
    )
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "LnH inference service",
            "description": "Writes songs: sends a request, follows it, fetches the files.",
            "version": _version(),
        },
        "paths": paths,
        "components": {"schemas": schemas["$defs"]},
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": f"{operation.method} {operation.path}".replace("/", " ").replace("{", "").replace("}", ""),
        "summary": operation.summary,
        "responses": {str(status): _answer(status, *answer) for status, answer in operation.answers.items()},
    }
    names = [part.strip("{}") for part in operation.path.split("/") if part.startswith("{")]
    if names:
        described["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ]
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": {_JSON: {"schema": _reference(operation.body)}}}
    return described


def _answer(status: int, meaning: str, content: type[BaseModel] | str | None) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": meaning}
    if isinstance(content, str):
        answer["content"] = {content: {}}
    elif content is not None:
        answer["content"] = {_JSON: {"schema": _reference(content)}}
    if status in _COME_BACK:
        answer["headers"] = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}
    return answer


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}


def _version() -> str:
    try:
        return version("lnh-band")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "0"
