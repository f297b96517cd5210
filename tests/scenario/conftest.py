"""Fixtures that several scenarios share."""

from tests.fakes.command_line import lnh, service

__all__ = ["lnh", "service"]
