"""The manifest people paste is the app the code expects."""

from pathlib import Path

import yaml

from adapters.slack.translate import COMMANDS
from tests.fakes.slack_api import LEAST_SCOPES, SlackApi

MANIFEST = yaml.safe_load((Path(__file__).parents[4] / "docs" / "slack-manifest.yaml").read_text(encoding="utf-8"))


def test_manifest_registers_every_command_and_no_other():
    registered = [entry["command"] for entry in MANIFEST["features"]["slash_commands"]]
    assert registered == [f"/{name}" for name in COMMANDS]


def test_manifest_asks_for_the_scopes_the_tests_run_with():
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == set(LEAST_SCOPES)


def test_manifest_opens_the_tab_in_which_people_and_the_bot_write_to_each_other():
    tabs = MANIFEST["features"]["app_home"]
    assert tabs["messages_tab_enabled"] is SlackApi().messages_tab is True
    assert tabs["messages_tab_read_only_enabled"] is False


def test_manifest_subscribes_to_mentions_direct_messages_and_buttons():
    assert MANIFEST["settings"]["event_subscriptions"]["bot_events"] == ["app_mention", "message.im"]
    assert MANIFEST["settings"]["interactivity"]["is_enabled"] is True


def test_manifest_keeps_slacks_own_limits():
    assert len(MANIFEST["display_information"]["description"]) <= 140
    for entry in MANIFEST["features"]["slash_commands"]:
        assert len(entry["description"]) <= 2000
        assert len(entry["usage_hint"]) <= 1000
