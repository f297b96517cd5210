"""The workspaces the band plays in, each with its clients and with what it knows of the people there."""

from collections.abc import Callable

from adapters.slack.clients import SlackClients
from adapters.slack.commands import Commands
from bot.services.band import Band


class Workspaces:
    """Makes what a workspace needs when something first happens there."""

    def __init__(self, band: Band, make_clients: Callable[[str], SlackClients]) -> None:
        self._band = band
        self._make_clients = make_clients
        self._commands: dict[str, Commands] = {}
        self._clients: dict[str, SlackClients] = {}

    def clients(self, workspace: str) -> SlackClients:
        """The clients for calls to a workspace."""
        if workspace not in self._clients:
            self._clients[workspace] = self._make_clients(workspace)
        return self._clients[workspace]

    def commands(self, workspace: str) -> Commands:
        """What does what is wished in a workspace."""
        if workspace not in self._commands:
            self._commands[workspace] = Commands(self._band, self.clients(workspace))
        return self._commands[workspace]

    def forget(self, workspace: str) -> None:
        """Drops it with the people it remembers."""
        self._commands.pop(workspace, None)
        self._clients.pop(workspace, None)
