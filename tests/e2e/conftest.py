"""Fixtures of the chats."""

from tests.fakes.discord_stage import stage
from tests.fakes.slack_scene import admin, band, edge

__all__ = ["admin", "band", "edge", "stage"]
