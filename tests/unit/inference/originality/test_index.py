"""An index on disk: what was saved is loaded, and anything else gets one sentence."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from inference.originality.errors import BadIndex
from inference.originality.index import OriginalityIndex
from inference.originality.lookup import look_up
from tests.fakes.tunes import index_of, score_of, tune


@pytest.fixture
def index() -> OriginalityIndex:
    return index_of(tune(1, 300), tune(2, 40))


def test_a_saved_index_answers_alike(index: OriginalityIndex, tmp_path: Path) -> None:
    index.save(tmp_path / "deep" / "index.safetensors")
    loaded = OriginalityIndex.load(tmp_path / "deep" / "index.safetensors")
    assert loaded.songs == 2
    for song in (score_of(tune(1, 90)), score_of(tune(9, 90))):
        assert look_up(loaded, song) == look_up(index, song)


def test_joined_indexes_know_the_songs_of_both_and_are_kept_in_one_file(
    index: OriginalityIndex, tmp_path: Path
) -> None:
    both = index.joined(index_of(tune(3, 100))).joined(index_of(tune(4, 100)))
    both.save(tmp_path / "index")
    loaded = OriginalityIndex.load(tmp_path / "index")
    assert loaded.songs == 4
    for seed in (1, 2, 3, 4):
        song = score_of(tune(seed, 36))
        assert look_up(loaded, song) == look_up(both, song)
        assert look_up(loaded, song).share(16) == 1.0
    assert look_up(loaded, score_of(tune(9, 300))).share(16) < 0.1
    assert loaded.levels[0].false_positive_rate > index.levels[0].false_positive_rate


def test_equal_songs_make_equal_files(index: OriginalityIndex, tmp_path: Path) -> None:
    for name in ("one", "two"):
        index.save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_missing_index_gets_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadIndex, match=r"there is no index of originality at .*nowhere"):
        OriginalityIndex.load(tmp_path / "nowhere")


def test_another_kind_of_file_gets_one_sentence(tmp_path: Path) -> None:
    save_file({"notes-16": np.zeros(8, np.uint8)}, tmp_path / "other")
    with pytest.raises(BadIndex, match="is not an index of originality of this version"):
        OriginalityIndex.load(tmp_path / "other")


@pytest.mark.parametrize("length", [0, 5, 100, 1000])
def test_a_truncated_index_gets_one_sentence(index: OriginalityIndex, tmp_path: Path, length: int) -> None:
    index.save(tmp_path / "index")
    (tmp_path / "cut").write_bytes((tmp_path / "index").read_bytes()[:length])
    with pytest.raises(BadIndex, match="is damaged"):
        OriginalityIndex.load(tmp_path / "cut")


def test_tables_of_another_size_get_one_sentence(index: OriginalityIndex, tmp_path: Path) -> None:
    index.save(tmp_path / "index")
    content = (tmp_path / "index").read_bytes()
    keys = str(index.levels[0].parts[0].keys).encode()
    (tmp_path / "index").write_bytes(content.replace(b'keys\\": ' + keys, b'keys\\": ' + b"9" * len(keys), 1))
    with pytest.raises(BadIndex, match="is damaged: 999 keys do not make"):
        OriginalityIndex.load(tmp_path / "index")
