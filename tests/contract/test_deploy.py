"""What configs/deploy names is what the service and the settings have."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.settings import Settings, variable
from inference.api import SongState
from tests.fakes.service import running_service

DEPLOY = Path(__file__).parents[2] / "configs" / "deploy"
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))
_QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
SETTINGS = {
    variable(section, name)
    for section, field in Settings.model_fields.items()
    for name in getattr(field.annotation, "model_fields", {})
}


async def test_every_metric_of_the_dashboard_is_served(tmp_path: Path) -> None:
    queries = " ".join(target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"])
    named = set(re.findall(r"\b(?:lnh|process)_\w+", queries))
    async with running_service(tmp_path) as service:
        await service.compose()
        async with service.client.get("/metrics") as answer:
            families = {family.name for family in text_string_to_metric_families(await answer.text())}

    assert {re.sub(r"_(total|bucket)$", "", name) for name in named} <= families


async def test_every_query_of_the_dashboard_asks_for_what_there_is(tmp_path: Path) -> None:
    # Before anything has happened, so that the first failure can be told from none.
    async with running_service(tmp_path) as service, service.client.get("/metrics") as answer:
        families = list(text_string_to_metric_families(await answer.text()))
    labels = {sample.name: set(sample.labels) for family in families for sample in family.samples}
    growing = {
        sample.name for family in families for sample in family.samples if family.type in ("counter", "histogram")
    }

    assert _QUERIES
    for query in _QUERIES:
        metrics = re.findall(r"\b(?:lnh|process)_\w+", query)
        asked = set(re.findall(r"(\w+)=", query)) | {
            label for group in re.findall(r"by \(([^)]*)\)", query) for label in group.split(", ")
        }
        assert set(metrics) <= set(labels), query
        assert asked <= set.intersection(*(labels[metric] for metric in metrics)), query
        states = re.findall(r'state="(\w+)"', query)
        assert set(states) <= set(SongState), query
        # A rate is of what only grows, and what only grows is of use as a rate alone.
        rated = re.findall(r"(?:rate|increase)\((\w+)", query)
        assert set(rated) == set(metrics) & growing, query
        assert ("histogram_quantile" in query) == any(metric.endswith("_bucket") for metric in metrics), query


def test_the_dashboard_shows_all_that_an_operator_is_promised() -> None:
    promised = (
        "queue_wait",
        "first_bar",
        "engine_steps",
        "batch_fill",
        "slots_running",
        "render_seconds",
        "songs_total",
    )
    shown = " ".join(_QUERIES)
    assert [name for name in promised if f"lnh_{name}" not in shown] == []


def test_panels_lie_side_by_side_and_never_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (column, row)
            for column in range(place["x"], place["x"] + place["w"])
            for row in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells
        assert all(column < 24 for column, _ in cells)
        taken |= cells


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "lnh.service"])
def test_every_setting_that_is_deployed_exists(name: str) -> None:
    named = set(re.findall(r"\bLNH_[A-Z_]+\b", (DEPLOY / name).read_text(encoding="utf-8")))

    assert named
    assert named <= SETTINGS


def test_whatever_the_image_is_made_of_exists_and_may_be_copied() -> None:
    root = DEPLOY.parents[1]
    copied = re.findall(r"^COPY (.+) \S+$", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    sources = {source for line in copied for source in line.split()}
    let_in = {
        line.removeprefix("!")
        for line in (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }

    assert sources
    assert [source for source in sources if not (root / source).exists()] == []
    assert sources == let_in
