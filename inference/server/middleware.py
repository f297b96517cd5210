"""Around every handler: logs that carry the song's id, and errors in the one shape of the wire."""

from math import ceil

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from aiohttp.web_middlewares import middleware

from inference.api import ErrorCode
from inference.server.refusal import Refusal

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()


@middleware
async def bind_request_id(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every log line of a request about a song names the song."""
    if "id" not in request.match_info:
        return await handler(request)
    with structlog.contextvars.bound_contextvars(request_id=request.match_info["id"]):
        return await handler(request)


@middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers every error with an ErrorBody; an unforeseen one is logged with its trace."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return _answer(refusal)
    except web.HTTPRequestEntityTooLarge:
        limit = f"{request.client_max_size / 2**10:g} KiB"
        return _answer(Refusal(ErrorCode.TOO_LARGE, f"a request may have {limit} at most"))
    except web.HTTPMethodNotAllowed as error:
        sentence = f"{request.method} does nothing here; this address takes {', '.join(sorted(error.allowed_methods))}"
        return _answer(Refusal(ErrorCode.BAD_REQUEST, sentence, status=405), {"Allow": error.headers["Allow"]})
    except web.HTTPNotFound:
        return _answer(
            Refusal(ErrorCode.NOT_FOUND, "there is nothing at this address; /openapi.json lists those I have")
        )
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _answer(Refusal(ErrorCode.BAD_REQUEST, error.reason.lower(), status=error.status))
    except ConnectionResetError:
        raise  # nobody is left to answer
    except Exception:
        log.exception("request broke", method=request.method, path=request.path)
        return _answer(Refusal(ErrorCode.UNAVAILABLE, "something broke on our side; the log tells more", status=500))


def _answer(refusal: Refusal, headers: dict[str, str] | None = None) -> web.Response:
    headers = headers or {}
    if refusal.detail.retry_after_s is not None:
        headers |= {"Retry-After": str(ceil(refusal.detail.retry_after_s))}
    body = refusal.body.model_dump_json(exclude_none=True)
    return web.Response(text=body, status=refusal.status, headers=headers, content_type="application/json")
