"""The wire contract of the inference service (HTTP + JSON + server-sent events); no torch here.

POST   /v1/songs                     SongBody -> 202 SongStatus (idempotent by request_id), 4xx/503 ErrorBody
GET    /v1/songs/{id}                -> SongStatus
GET    /v1/songs/{id}/events         -> server-sent events; event: a SongState or `preview`, data: a SongStatus
GET    /v1/songs/{id}/files/{name}   -> the bytes
POST   /v1/songs/{id}/files          FilesBody -> SongStatus: more files of a finished song, made while the call waits
DELETE /v1/songs/{id}                -> SongStatus (cancelled)
GET    /healthz /readyz /metrics /openapi.json

The same request_id again is the same song, unless it failed or was cancelled: then it is tried again with the seed it
had. One request_id for two different songs is refused with 409. Events carry a version as id; a reader that comes back
gets the status of now first, or 204 if it has seen the last one.

A song that is asked for with `preview` may be heard before its mix is done: while it is rendered, `preview` of its
status lists all files it can be shown with, the recording as a quick mix, and such events are called `preview`.
"""

from inference.api.edit import EditBody
from inference.api.files import (
    DEFAULT_FILE_MIB,
    MAX_FILE_MIB,
    ExtraFile,
    FileFormat,
    FilesBody,
    LeftOut,
    SongFile,
)
from inference.api.song import BandMember, SongBody
from inference.api.status import (
    PREVIEW_EVENT,
    Comparison,
    ErrorBody,
    ErrorCode,
    ErrorDetail,
    SongState,
    SongStatus,
)

__all__ = [
    "DEFAULT_FILE_MIB",
    "MAX_FILE_MIB",
    "PREVIEW_EVENT",
    "BandMember",
    "Comparison",
    "EditBody",
    "ErrorBody",
    "ErrorCode",
    "ErrorDetail",
    "ExtraFile",
    "FileFormat",
    "FilesBody",
    "LeftOut",
    "SongBody",
    "SongFile",
    "SongState",
    "SongStatus",
]
