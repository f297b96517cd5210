"""LnH without a checkout: the wheel has all that the code reads, and works from an empty folder."""

import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bot.settings import HOUSE

_BUILD = """
from setuptools.build_meta import build_sdist, build_wheel

build_wheel("dist", {"--build-option": ["--compression=stored"]})
build_sdist("dist")
"""
PACKAGES = ("adapters", "bot", "inference", "configs")
# What only people read, and what only a checkout needs.
LEFT_OUT = re.compile(r"\.pyc$|^configs/deploy/|^inference/training/LOG\.md$")


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that goes at once, unlike those of pytest: a wheel is large."""
    with TemporaryDirectory(prefix="lnh-wheel-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def built(place: Path) -> Path:
    """The folder with the wheel and the source distribution; setuptools works beside the checkout, not in it."""
    for name in (*PACKAGES, "docs", "tests", ".ci", "Makefile", "pyproject.toml", "MANIFEST.in", "constraints.txt"):
        (place / name).symlink_to(HOUSE / name)
    for file in (HOUSE / ".env.example", HOUSE / "LICENSE", *HOUSE.glob("*.md")):
        (place / file.name).symlink_to(file)
    (place / "dist").mkdir()
    subprocess.run([sys.executable, "-c", _BUILD], cwd=place, check=True, capture_output=True)  # noqa: S603
    return place / "dist"


@pytest.fixture(scope="module")
def wheel(built: Path) -> Iterator[zipfile.ZipFile]:
    (file,) = built.glob("*.whl")
    with zipfile.ZipFile(file) as archive:
        yield archive


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return HeaderParser().parsestr(wheel.read(name).decode())


def files_of(package: str) -> set[str]:
    files = {str(file.relative_to(HOUSE)) for file in (HOUSE / package).rglob("*") if file.is_file()}
    return {file for file in files if not LEFT_OUT.search(file)}


def test_every_file_of_the_packages_is_in_the_wheel_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == set.union(*map(files_of, PACKAGES))
    assert {"configs/lnh.toml", "inference/render/soundfonts/band.sf2", "adapters/storage/migrations/env.py"} <= packed


def test_the_wheel_says_what_it_is_and_under_which_licences(wheel: zipfile.ZipFile, metadata: Message) -> None:
    licences = metadata.get_all("License-File") or []
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text("utf-8"))["project"]
    assert metadata["Version"] == project["version"]
    assert metadata["License-Expression"] == "GPL-3.0-or-later AND MIT"
    assert sorted(licences) == ["LICENSE", "inference/render/soundfonts/LICENSE-FluidR3Mono.md"]
    assert {name.partition("/licenses/")[2] for name in wheel.namelist()} >= set(licences)
    assert metadata.get_payload() == (HOUSE / "README.md").read_text("utf-8")


def test_the_command_from_the_wheel_finds_everything_in_an_empty_folder(
    wheel: zipfile.ZipFile, place: Path, tmp_path: Path
) -> None:
    site, empty = place / "site", tmp_path / "empty"
    empty.mkdir()
    wheel.extractall(site)  # noqa: S202  # our own
    (entry,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
    (start,) = re.findall(r"^lnh = (\S+):main$", wheel.read(entry).decode(), re.MULTILINE)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LNH_")}
    settings = {"LNH_INFERENCE_DECODER": "torch", "LNH_INFERENCE_PORT": "0", "PYTHONPATH": str(site)}
    script = f"import sys, bot, {start} as start; print(bot.__file__, file=sys.stderr); sys.exit(start.main())"
    ended = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-P", "-c", script, "doctor", "--json"],
        cwd=empty,
        env=kept | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr.startswith(str(site)), ended.stderr
    levels = {finding["subject"]: finding["level"] for finding in json.loads(ended.stdout)}
    assert {"checkpoint", "genres", "sounds", "database"} <= levels.keys()
    assert "bad" not in levels.values(), ended.stdout
    assert [str(file.relative_to(empty)) for file in empty.rglob("*") if file.is_file()] == ["var/lnh.db"]


def test_the_source_distribution_has_what_a_checkout_has(built: Path) -> None:
    (file,) = built.glob("*.tar.gz")
    with tarfile.open(file) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    assert packed >= {name for package in PACKAGES for name in files_of(package)}
    wanted = {"Makefile", "constraints.txt", ".env.example", "docs/card.png"}
    assert packed >= wanted | {"configs/deploy/Dockerfile", "tests/conftest.py", "tests/node/package.json"}
    assert not [name for name in packed if "node_modules" in name or name.endswith(".pyc")]
