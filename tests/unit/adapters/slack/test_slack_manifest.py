"""The manifest people paste is the app the code expects."""

import re
from pathlib import Path

import yaml

from adapters.slack.lines import PATH
from adapters.slack.oauth import INSTALL_PATH, REDIRECT_PATH, SCOPES
from adapters.slack.translate import COMMANDS
from tests.fakes.slack_api import LEAST_SCOPES, SlackApi

DOCS = Path(__file__).parents[4] / "docs"
MANIFEST = yaml.safe_load((DOCS / "slack-manifest.yaml").read_text(encoding="utf-8"))
FOR_MANY = (DOCS / "slack-workspaces.md").read_text(encoding="utf-8")


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


def test_whoever_installs_the_app_is_asked_for_the_scopes_of_the_manifest():
    assert list(SCOPES) == MANIFEST["oauth_config"]["scopes"]["bot"]


def test_the_page_for_many_workspaces_changes_what_is_in_the_manifest_and_names_our_addresses():
    (block,) = re.findall(r"(?s)```yaml\n(.*?)```", FOR_MANY)
    changes = yaml.safe_load(block)
    events = changes["settings"]["event_subscriptions"]
    subscribed = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    assert events["bot_events"] == [*subscribed, "app_uninstalled", "tokens_revoked"]
    assert changes["oauth_config"]["redirect_urls"] == [f"https://your.host{REDIRECT_PATH}"]
    assert events["request_url"] == changes["settings"]["interactivity"]["request_url"] == f"https://your.host{PATH}"
    assert set(changes["settings"]) <= set(MANIFEST["settings"])
    assert f"https://your.host{INSTALL_PATH}`" in FOR_MANY
