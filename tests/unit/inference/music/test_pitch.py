"""Keys are read the way people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.music.errors import InvalidSpec
from inference.music.pitch import Key, Mode

KEYS = st.builds(Key, st.integers(0, 11), st.sampled_from(Mode))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Em", Key(4, Mode.MINOR)),
        ("e minor", Key(4, Mode.MINOR)),
        ("C", Key(0, Mode.MAJOR)),
        ("Bb major", Key(10, Mode.MAJOR)),
        ("F#m", Key(6, Mode.MINOR)),
        ("D♭", Key(1, Mode.MAJOR)),
        ("Cb", Key(11, Mode.MAJOR)),
        ("GM", Key(7, Mode.MAJOR)),
    ],
)
def test_a_key_is_read_in_every_common_spelling(text: str, key: Key) -> None:
    assert Key.parse(text) == key


@given(KEYS)
def test_a_keys_name_reads_back(key: Key) -> None:
    assert Key.parse(str(key)) == key


@given(KEYS)
def test_a_scale_has_seven_pitch_classes_with_its_tonic(key: Key) -> None:
    assert len(key.pitch_classes) == 7
    assert key.tonic in key.pitch_classes


@pytest.mark.parametrize("text", ["", "H", "Emm", "E##", "minor", "E dorian"])
def test_what_is_no_key_is_refused_with_examples(text: str) -> None:
    with pytest.raises(InvalidSpec, match="such as Em"):
        Key.parse(text)
