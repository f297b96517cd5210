"""What people write after `privacy`."""

import pytest

from bot.domain.privacy import Owner, PrivacyWish, Wanted, read_privacy
from inference.music.errors import InvalidSpec


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("", PrivacyWish(Wanted.SHOW)),
        ("show all", PrivacyWish(Wanted.SHOW, is_for_all=True)),
        ("all", PrivacyWish(Wanted.SHOW, is_for_all=True)),
        ("Export", PrivacyWish(Wanted.EXPORT)),
        ("forget me", PrivacyWish(Wanted.FORGET)),
        ("forget all sure", PrivacyWish(Wanted.FORGET, is_for_all=True, is_sure=True)),
    ],
)
def test_privacy_is_read_as_people_write_it(text: str, wish: PrivacyWish) -> None:
    assert read_privacy(text) == wish


@pytest.mark.parametrize("text", ["forgit", "forget everything", "export them"])
def test_other_words_are_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(InvalidSpec, match="privacy forget all"):
        read_privacy(text)


def test_a_person_is_meant_unless_all_are() -> None:
    assert PrivacyWish(Wanted.SHOW).owner("slack", "T1", "U1") == Owner("slack", "T1", "U1")
    assert PrivacyWish(Wanted.SHOW, is_for_all=True).owner("slack", "T1", "U1") == Owner("slack", "T1")
