"""The wire contract is what the service serves, what it describes and what the bots can say in words."""

from pathlib import Path

import pytest
from aiohttp import web
from openapi_spec_validator import OpenAPIV31SpecValidator
from prometheus_client.parser import text_string_to_metric_families

import inference.api
from inference.api import ErrorCode, SongBody, SongState
from inference.music.genre import GenreCatalogue
from inference.server.app import create_app
from inference.server.openapi import OPERATIONS, describe
from inference.server.producer import Studio
from inference.server.refusal import STATUS_OF
from tests.fakes.engine import FakeEngine
from tests.fakes.renderer import FakeRenderer
from tests.fakes.service import AT_ONCE, running_service

METRICS = {
    "lnh_songs",
    "lnh_refused",
    "lnh_queue_length",
    "lnh_queue_wait_seconds",
    "lnh_compose_seconds",
    "lnh_render_seconds",
    "lnh_engine_steps",
    "lnh_slots",
    "lnh_slots_running",
    "lnh_first_bar_seconds",
    "lnh_event_loop_lag_seconds",
    "lnh_songs_resumed",
    "lnh_artifact_bytes",
    "lnh_engine_restarts",
    "lnh_engine_alive",
    "lnh_batch_fill",
}


def served_routes(artifacts: Path) -> set[tuple[str, str]]:
    app = create_app(Studio(FakeEngine(), FakeRenderer(), GenreCatalogue(())), AT_ONCE, artifacts)
    return {
        (route.method.lower(), route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"  # every GET answers HEAD as well
    }


def test_the_description_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(describe()).validate()


def test_every_route_is_described_and_every_description_is_served(tmp_path: Path) -> None:
    described = {(operation.method, operation.path) for operation in OPERATIONS}

    assert described == served_routes(tmp_path)


def test_the_contracts_own_words_name_every_route(tmp_path: Path) -> None:
    words = inference.api.__doc__ or ""

    for _, path in served_routes(tmp_path):
        assert path in words


async def test_the_description_is_served(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service, service.client.get("/openapi.json") as answer:
        assert answer.content_type == "application/json"
        assert await answer.json() == describe()


def test_every_error_code_has_a_status() -> None:
    assert set(STATUS_OF) == set(ErrorCode)
    assert all(400 <= status < 600 for status in STATUS_OF.values())


@pytest.mark.parametrize("example", [{"genre": "metal"}, {"genre": {"metal": 0.7, "jazz": 0.3}}])
def test_a_genre_alone_is_a_whole_body(example: dict[str, object]) -> None:
    body = SongBody.model_validate(example)

    assert body.to_spec().main_genre == "metal"
    assert [str(wanted) for wanted in body.formats] == ["mid", "mp3", "png"]


async def test_every_body_the_description_gives_as_example_is_accepted(tmp_path: Path) -> None:
    examples = {
        (name, str(example)): {name: example}
        for name, field in SongBody.model_fields.items()
        for example in field.examples or ()
    }
    async with running_service(tmp_path) as service:
        for wish in examples.values():
            await service.compose(**wish)

    assert {name for name, _ in examples} >= {"genre", "key", "meter"}


async def test_the_metrics_can_be_read_and_count_what_happened(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(free=True)) as service:
        song = await service.compose(bars=4)
        await service.until(song.id, SongState.DONE)
        await service.refused(bars=99)
        await service.service.drain()
        async with service.client.get("/metrics") as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=")
            families = {family.name: family for family in text_string_to_metric_families(await answer.text())}

    assert set(families) >= METRICS
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families.values()
        for sample in family.samples
    }
    assert samples["lnh_songs_total", "", "done"] == 1
    assert samples["lnh_refused_total", "invalid_option"] == 1
    assert samples["lnh_engine_steps_total",] == 40
    assert samples["lnh_slots",] == 2
    assert samples["lnh_queue_length",] == 0
    assert samples["lnh_batch_fill",] == 0
    for stage in ("queue_wait", "compose", "render"):
        assert samples[f"lnh_{stage}_seconds_count",] == 1


async def test_liveness_and_readiness_are_told_apart(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        for path, word in (("/healthz", "alive"), ("/readyz", "ready")):
            async with service.client.get(path) as answer:
                assert answer.status == 200
                assert await answer.json() == {"status": word, "checkpoint": "fake-weights"}
        await service.service.drain()
        async with service.client.get("/healthz") as answer:
            assert answer.status == 200
        async with service.client.get("/readyz") as answer:
            assert answer.status == 503


def test_an_application_that_was_not_started_is_an_application_still(tmp_path: Path) -> None:
    app = create_app(Studio(FakeEngine(), FakeRenderer(), GenreCatalogue(())), AT_ONCE, tmp_path / "songs")

    assert isinstance(app, web.Application)
    assert not (tmp_path / "songs").exists()
