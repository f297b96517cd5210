"""What configs/deploy names is what the service and the settings have."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.settings import Settings, variable
from tests.fakes.service import running_service

DEPLOY = Path(__file__).parents[2] / "configs" / "deploy"
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))
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
