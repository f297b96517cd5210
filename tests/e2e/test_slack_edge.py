"""The edge and the Web API in memory are themselves checked: by clients other than ours, and against emulate."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack_api import SlackApi
from tests.fakes.slack_edge import APP_TOKEN, RESPONSE_URL_USES, SIGNING_SECRET, LateAck, Refusal, SlackEdge
from tests.fakes.slack_emulate import run_emulate, why_not

NEEDS_NODE = [pytest.mark.node, pytest.mark.skipif(why_not() is not None, reason=why_not() or "")]
BUTTON = {"type": "button", "text": {"type": "plain_text", "text": "Go"}, "action_id": "a", "value": "v"}
BLOCKS = [{"type": "actions", "elements": [BUTTON]}]


@pytest.fixture(params=["memory", pytest.param("emulate", marks=NEEDS_NODE)])
async def edge(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SlackEdge]:
    """Everything below holds for both Web APIs."""
    if request.param == "memory":
        async with SlackEdge(SlackApi()).serve() as edge:
            yield edge
    else:
        async with run_emulate(tmp_path) as api, SlackEdge(api).serve() as edge:
            yield edge


@pytest.fixture
async def lone_edge() -> AsyncIterator[SlackEdge]:
    """For what the Web API has no part in."""
    async with SlackEdge(SlackApi(), deadline_s=0.05).serve() as edge:
        yield edge


@pytest.fixture
def client(edge: SlackEdge) -> AsyncWebClient:
    return AsyncWebClient(edge.api.workspace.bot_token, base_url=edge.api_base)


async def refused(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def test_message_is_posted_edited_and_deleted(edge, client):
    channel = edge.api.workspace.channel
    posted = await client.chat_postMessage(channel=channel, text="one", blocks=BLOCKS)
    await client.chat_update(channel=channel, ts=posted["ts"], text="two", blocks=[])
    (message,) = await edge.history()
    assert (message["text"], message.get("blocks") or None) == ("two", None)
    await client.chat_delete(channel=channel, ts=posted["ts"])
    assert await edge.history() == []
    assert await refused(client.chat_update(channel=channel, ts=posted["ts"], text="x")) == "message_not_found"


async def test_replies_are_in_the_thread_and_not_in_the_channel(edge, client):
    channel = edge.api.workspace.channel
    first = await client.chat_postMessage(channel=channel, text="one")
    await client.chat_postMessage(channel=channel, text="two", thread_ts=first["ts"])
    assert [message["text"] for message in await edge.history(thread=first["ts"])] == ["one", "two"]


async def test_uploads_share_one_message_with_blocks(edge, client):
    uploads = [{"filename": f"{name}.txt", "content": name} for name in ("one", "two")]
    blocks = json.dumps(BLOCKS)
    await client.files_upload_v2(file_uploads=uploads, channel=edge.api.workspace.channel, blocks=blocks)
    (message,) = await edge.history()
    assert [await edge.api.content(file) for file in message["files"]] == [b"one", b"two"]
    assert message["blocks"][0]["elements"][0]["value"] == "v"


async def test_comment_of_an_upload_silences_its_blocks(edge, client):
    await client.files_upload_v2(
        filename="one.txt",
        content="one",
        channel=edge.api.workspace.channel,
        initial_comment="words",
        blocks=json.dumps(BLOCKS),
    )
    (message,) = await edge.history()
    assert (message["text"], message.get("blocks") or None) == ("words", None)


async def test_places_we_may_not_post_in_are_refused_by_name(edge, client):
    here = edge.api.workspace
    assert await refused(client.chat_postMessage(channel=here.private, text="x")) == "not_in_channel"
    assert await refused(client.chat_postMessage(channel="C404", text="x")) == "channel_not_found"
    assert await refused(client.api_call("chat.postMessage", json={"channel": here.channel})) == "no_text"


async def test_direct_and_ephemeral_messages_stay_out_of_the_channel(edge, client):
    here = edge.api.workspace
    await client.chat_postMessage(channel=here.member, text="psst")
    await client.chat_postEphemeral(channel=here.channel, user=here.member, text="psst")
    assert await edge.history() == []


async def test_people_are_known_with_their_rank(edge, client):
    here = edge.api.workspace
    ranks = {user: (await client.users_info(user=user))["user"]["is_admin"] for user in (here.admin, here.member)}
    assert ranks == {here.admin: True, here.member: False}
    assert await refused(client.users_info(user="U404")) == "user_not_found"


async def test_token_is_checked(edge):
    stranger = AsyncWebClient("xoxb-stranger", base_url=edge.api_base)
    assert await refused(stranger.auth_test()) == "invalid_auth"


async def test_blocks_beyond_slacks_limits_are_refused(edge, client):
    long = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]
    assert await refused(client.chat_postMessage(channel=edge.api.workspace.channel, text="x", blocks=long)) == (
        "invalid_blocks"
    )


async def test_injected_refusals_come_once_and_in_order(edge, client):
    edge.refuse("auth.test", Refusal("fatal_error"), Refusal("ratelimited", retry_after_s=7))
    assert await refused(client.auth_test()) == "fatal_error"
    with pytest.raises(SlackApiError) as limited:
        await client.auth_test()
    assert limited.value.response.status_code == 429
    assert limited.value.response.headers["Retry-After"] == "7"
    assert (await client.auth_test())["ok"]


async def test_late_acknowledgement_is_an_error(lone_edge):
    client = AsyncWebClient(base_url=lone_edge.api_base)
    address = (await client.apps_connections_open(app_token=APP_TOKEN))["url"]
    async with ClientSession() as http, http.ws_connect(address) as socket:
        assert (await socket.receive_json())["type"] == "hello"
        with pytest.raises(LateAck):
            await lone_edge.command("/compose", "metal")


async def test_socket_needs_the_app_token(lone_edge):
    client = AsyncWebClient(base_url=lone_edge.api_base)
    assert await refused(client.apps_connections_open(app_token="xapp-stranger")) == "invalid_auth"


async def test_requests_are_signed_as_slack_signs_them(lone_edge):
    verdicts: list[bool] = []

    async def receive(request: web.Request) -> web.Response:
        verifier = SignatureVerifier(SIGNING_SECRET)
        verdicts.append(verifier.is_valid_request(await request.read(), dict(request.headers)))
        return web.Response()

    server = web.Application()
    server.router.add_post("/slack/events", receive)
    runner = web.AppRunner(server)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        lone_edge.deadline_s = 3
        lone_edge.events_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
        await lone_edge.command("/compose", "metal & more")
        await lone_edge.mention("metal")
        await lone_edge.post_signed("forged=1", secret="another secret")
    finally:
        await runner.cleanup()
    assert verdicts == [True, True, False]


async def test_response_url_is_used_up_after_five_answers(lone_edge):
    async with ClientSession() as http:
        answers = [await http.post(f"{lone_edge.url}/respond/1", json={"text": "x"}) for _ in range(6)]
    assert [answer.status for answer in answers] == [200] * RESPONSE_URL_USES + [404]


async def test_waiting_for_what_never_happens_ends(lone_edge):
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(lone_edge.until(lambda: False, within_s=0.01), 5)
