"""Tokens as they lie in the database: encrypted with the operator's keys, or as they are where there is none."""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.domain.errors import TokensLocked

_MARK = "fernet:"  # tokens begin otherwise: they are JSON


class Seal:
    """Encrypts with the first of `keys` and reads with any of them (Fernet keys: 32 bytes in base64).

    Raises:
        ValueError: one of the keys is none.
    """

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._first = Fernet(keys[0]) if keys else None
        self._any = MultiFernet([Fernet(key) for key in keys]) if keys else None

    def close(self, tokens: str) -> str:
        """What is kept in place of tokens."""
        return tokens if self._first is None else _MARK + self._first.encrypt(tokens.encode()).decode()

    def open(self, kept: str) -> str:
        """The tokens. Raises TokensLocked."""
        if not kept.startswith(_MARK):
            return kept
        if self._any is None:
            raise TokensLocked
        try:
            return self._any.decrypt(kept.removeprefix(_MARK)).decode()
        except (InvalidToken, ValueError) as error:
            raise TokensLocked from error

    def closed_again(self, kept: str) -> str | None:
        """What is to be kept from now on; None if that is the same. Raises TokensLocked."""
        return None if self._is_fresh(kept) else self.close(self.open(kept))

    @staticmethod
    def is_closed(kept: str) -> bool:
        return kept.startswith(_MARK)

    def _is_fresh(self, kept: str) -> bool:
        """Whether `close` would write the same but for chance."""
        if self._first is None:
            return not self.is_closed(kept)
        if not self.is_closed(kept):
            return False
        try:
            self._first.decrypt(kept.removeprefix(_MARK))
        except (InvalidToken, ValueError):
            return False
        return True
