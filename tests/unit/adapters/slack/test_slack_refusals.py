import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack.refusals import _FINAL, _PASSING, explain
from bot.domain.errors import PlaceGone
from bot.messages import LOCALES, messages, sentence


def refusal(code: str, **more: str) -> SlackApiError:
    answer = AsyncSlackResponse(
        client=None,
        http_verb="POST",
        api_url="",
        req_args={},
        data={"ok": False, "error": code, **more},
        headers={},
        status_code=200,
    )
    return SlackApiError("refused", answer)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("code", [*_FINAL, *_PASSING])
def test_every_refusal_has_its_own_sentence(code: str, locale: str):
    error = explain(refusal(code, needed="files:write"))
    assert error.code in messages(locale)
    assert "{" not in sentence(error, locale)


@pytest.mark.parametrize("code", _FINAL)
def test_what_asking_again_cannot_help_is_final(code: str):
    assert isinstance(explain(refusal(code)), PlaceGone)


def test_unknown_refusal_passes_on_slacks_own_word():
    error = explain(refusal("fatal_error"))
    assert not isinstance(error, PlaceGone)
    assert "fatal_error" in sentence(error, "en")


@pytest.mark.parametrize("error", [TimeoutError(), SlackApiError("no JSON", "<html>")])
def test_no_answer_and_a_strange_answer_are_passing(error: Exception):
    assert not isinstance(explain(error), PlaceGone)
