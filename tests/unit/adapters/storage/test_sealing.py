"""Tokens are encrypted with the operator's keys, whenever those came, and a key that is lost loses nothing else."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from adapters.storage import Storage, StorageError, kept_tokens, open_storage
from adapters.storage.sealed import Kept
from adapters.storage.sealing import Seal
from bot.domain.errors import TokensLocked

OLD, NEW, WRONG = (Fernet.generate_key().decode() for _ in range(3))
TOKENS = '{"bot_token": "xoxe.xoxb-secret-one", "bot_refresh_token": "xoxe-secret-two"}'


def url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder}/lnh.db"


@asynccontextmanager
async def opened(folder: Path, *keys: str) -> AsyncIterator[Storage]:
    storage = await open_storage(url(folder), keys)
    try:
        yield storage
    finally:
        await storage.close()


async def kept(folder: Path, *keys: str) -> Kept:
    return await kept_tokens(url(folder), keys)


def rows(folder: Path) -> list[str]:
    database = sqlite3.connect(folder / "lnh.db")
    try:
        return [text for (text,) in database.execute("SELECT tokens FROM installations ORDER BY workspace")]
    finally:
        database.close()


def bytes_of(folder: Path) -> bytes:
    """Everything that lies in the files of the database."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("lnh.db*")))


@given(st.text())
def test_what_was_closed_is_opened_with_any_of_the_keys(text: str) -> None:
    closed = Seal([OLD]).close(text)
    assert Seal([NEW, OLD]).open(closed) == text
    assert not text or text not in closed or len(text) < 8


@pytest.mark.parametrize("keys", [[], [WRONG], [WRONG, NEW]])
def test_without_its_key_nothing_is_opened_or_closed_again(keys: Sequence[str]) -> None:
    closed = Seal([OLD]).close(TOKENS)
    for read in (Seal(keys).open, Seal(keys).closed_again):
        with pytest.raises(TokensLocked):
            read(closed)


def test_a_damaged_text_is_one_that_no_key_opens() -> None:
    closed = Seal([OLD]).close(TOKENS)
    other = "A" if closed[20] != "A" else "B"
    for damaged in (closed[:-4], closed[:20] + other + closed[21:], "fernet:", "fernet:é"):
        with pytest.raises(TokensLocked):
            Seal([OLD]).open(damaged)


def test_without_a_key_everything_stays_as_it_is() -> None:
    seal = Seal()
    assert seal.close(TOKENS) == seal.open(TOKENS) == TOKENS
    assert seal.closed_again(TOKENS) is None


@pytest.mark.parametrize("key", ["", "made-up", "A" * 44])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r"Fernet|padd|base64|decod"):
        Seal([key])


async def test_no_token_is_in_the_files_in_clear_text(tmp_path: Path) -> None:
    async with opened(tmp_path, OLD) as storage:
        await storage.installations.save("slack", "T1", TOKENS)
        await storage.installations.change("slack", "T1", TOKENS.replace("one", "three"))
        assert await storage.installations.find("slack", "T1") == TOKENS.replace("one", "three")
        assert b"secret" not in bytes_of(tmp_path)
        assert b"fernet:" in bytes_of(tmp_path)
    assert b"secret" not in bytes_of(tmp_path)


async def test_tokens_from_before_the_key_are_read_and_encrypted_at_the_start_without_a_trace(tmp_path: Path) -> None:
    async with opened(tmp_path) as before:
        for number in range(30):
            await before.installations.save("slack", f"T{number}", TOKENS)
        for number in range(10, 30):
            await before.installations.remove("slack", f"T{number}")
    assert b"secret" in bytes_of(tmp_path)
    assert await kept(tmp_path, OLD) == Kept(plain=10)
    async with opened(tmp_path, OLD) as storage:
        assert await storage.installations.find("slack", "T0") == TOKENS
        assert await storage.installations.kept() == Kept(closed=10)
        assert b"secret" not in bytes_of(tmp_path)
    assert b"secret" not in bytes_of(tmp_path)


async def test_tokens_in_clear_text_are_encrypted_when_next_written(tmp_path: Path) -> None:
    async with opened(tmp_path, OLD) as storage, opened(tmp_path) as older_version:
        await older_version.installations.save("slack", "T1", TOKENS)
        assert await storage.installations.find("slack", "T1") == TOKENS
        assert await storage.installations.change("slack", "T1", TOKENS)
        assert rows(tmp_path)[0].startswith("fernet:")


async def test_a_new_key_in_front_takes_over_and_the_old_one_may_go(tmp_path: Path) -> None:
    async with opened(tmp_path, OLD) as storage:
        await storage.installations.save("slack", "T1", TOKENS)
    async with opened(tmp_path, NEW, OLD) as storage:
        assert await storage.installations.find("slack", "T1") == TOKENS
    taken_over = rows(tmp_path)
    async with opened(tmp_path, NEW) as storage:
        assert await storage.installations.find("slack", "T1") == TOKENS
    assert rows(tmp_path) == taken_over  # what has the newest key already is not written again


@pytest.mark.parametrize("keys", [(), (WRONG,)])
async def test_with_a_wrong_or_lost_key_nothing_is_lost_and_the_sentence_says_what_to_do(
    tmp_path: Path, keys: tuple[str, ...]
) -> None:
    async with opened(tmp_path, OLD) as storage:
        await storage.installations.save("slack", "T1", TOKENS)
        await storage.installations.save("slack", "T2", TOKENS)
    before = rows(tmp_path)
    async with opened(tmp_path, *keys) as storage:
        with pytest.raises(TokensLocked):
            await storage.installations.find("slack", "T1")
        async with storage.installations.alone("slack", "T1"):
            pass
        trouble = (await storage.installations.kept()).trouble or ""
        assert trouble.startswith("the tokens of 2 Slack workspaces are encrypted with a key that LNH_SLACK_TOKEN_KEY")
        assert trouble.endswith("add that key to it behind a comma, or have the app installed there once more")
        await storage.installations.save("slack", "T2", "installed again")
        assert await storage.installations.find("slack", "T2") == "installed again"
    assert rows(tmp_path)[0] == before[0]
    async with opened(tmp_path, *keys, OLD) as storage:
        assert await storage.installations.find("slack", "T1") == TOKENS


async def test_a_database_without_tables_has_no_tokens_to_look_at(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        await kept(tmp_path, OLD)
