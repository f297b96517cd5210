"""Errors of rendering. `str(error)` is one sentence fit for a user; all cross process borders unharmed.

RenderFailed      the files could not be made
  DiskFull        no space left for them
  ScoreTooLarge   more music than a worker may take on
  RenderTimeout   it took longer than allowed
  WorkerDied      whoever made them is gone, and somebody else may have better luck
  MemoryShort     two processes cannot share them; one alone can make them
"""

import errno

from inference.api import ErrorCode


class RenderFailed(Exception):
    """Base of all; `code` is what the wire calls it."""

    code = ErrorCode.RENDER_FAILED


class DiskFull(RenderFailed):
    code = ErrorCode.DISK_FULL


class ScoreTooLarge(RenderFailed):
    code = ErrorCode.TOO_LARGE


class RenderTimeout(RenderFailed):
    pass


class WorkerDied(RenderFailed):
    pass


class MemoryShort(RenderFailed):
    pass


def write_error(error: OSError) -> RenderFailed:
    """What a failed write means to a user."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull("the disk is full, so I could not save the song")
    return RenderFailed(f"I could not save the song ({error.strerror or 'unknown trouble with the disk'})")
