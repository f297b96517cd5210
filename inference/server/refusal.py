"""The one error a handler raises when a request cannot be served."""

from inference.api import ErrorBody, ErrorCode, ErrorDetail

STATUS_OF: dict[ErrorCode, int] = {
    ErrorCode.BAD_REQUEST: 400,
    ErrorCode.INVALID_OPTION: 400,
    ErrorCode.UNKNOWN_GENRE: 400,
    ErrorCode.BAD_RECIPE: 400,
    ErrorCode.BAD_MIDI: 400,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.QUEUE_FULL: 429,
    ErrorCode.QUOTA_USED: 429,
    ErrorCode.SHUTTING_DOWN: 503,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.DISK_FULL: 507,
    ErrorCode.COMPOSE_FAILED: 500,
    ErrorCode.RENDER_FAILED: 500,
    ErrorCode.DEADLINE_PASSED: 504,
}

_RESTARTED_S = 10.0  # a service that ends or has lost its engine is up again after about so long
_OUT_OF_SERVICE = 503


class Refusal(Exception):
    """Why not, as the wire says it: a code, one sentence, an HTTP status and, where it helps, when to come back."""

    def __init__(
        self, code: ErrorCode, message: str, *, status: int | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = STATUS_OF[code] if status is None else status
        if retry_after_s is None and self.status == _OUT_OF_SERVICE:
            retry_after_s = _RESTARTED_S
        self.detail = ErrorDetail(code=code, message=message, retry_after_s=retry_after_s)

    @property
    def body(self) -> ErrorBody:
        return ErrorBody(error=self.detail)
