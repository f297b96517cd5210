"""Real excerpts: which songs, which players, which bars."""

from dataclasses import replace
from pathlib import Path

import pytest

from inference.evaluation.material import SPLIT, Draw, load_banks, real_excerpts
from inference.evaluation.trouble import CannotEvaluate
from inference.midi import write_midi
from inference.music.program import Role
from inference.music.spec import Player
from inference.training.bands import BARS
from inference.training.bank import Bank, build_bank
from inference.training.corpus import Source
from tests.fakes.scores import BAR, quartet_score, retuned

QUARTET = (DRUMS, BASS, RHYTHM, LEAD) = tuple(map(Player.of, (Role.DRUMS, Role.BASS, Role.RHYTHM, Role.LEAD)))


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """Held-out songs of 70, 40 and 20 bars, and one to learn from."""
    folder = tmp_path_factory.mktemp("songs")
    sources = []
    for number, (bars, split) in enumerate(((70, SPLIT), (40, SPLIT), (20, SPLIT), (50, "train"))):
        path = folder / f"{bars}.mid"
        path.write_bytes(write_midi(retuned(quartet_score(bars), number)))
        sources.append(Source(path, "metal", split))
    return build_bank(sources)[0]


def test_every_song_gives_one_excerpt_before_any_gives_two(bank: Bank) -> None:
    excerpts = real_excerpts([bank], "metal", QUARTET, Draw(100, 1))
    assert len(excerpts) == 3
    assert len({excerpt.piece.song for excerpt in excerpts[:2]}) == 2
    for excerpt in excerpts:
        assert len(excerpt.arrangement.rows) == BARS
        assert excerpt.piece.asked is None


def test_an_excerpt_in_which_a_player_rests_throughout_does_not_take_part(tmp_path: Path) -> None:
    score = quartet_score(2 * BARS)
    late = tuple(note for note in score.tracks[3].notes if note.tick >= BARS * BAR)
    path = tmp_path / "late.mid"
    path.write_bytes(write_midi(replace(score, tracks=(*score.tracks[:3], replace(score.tracks[3], notes=late)))))
    bank = build_bank([Source(path, "metal", SPLIT)])[0]
    excerpt = real_excerpts([bank], "metal", QUARTET, Draw(100, 1))
    assert [one.arrangement.header.closes for one in excerpt] == [True]
    assert len(real_excerpts([bank], "metal", QUARTET[:3], Draw(100, 1))) == 2


def test_excerpts_of_a_song_do_not_overlap(bank: Bank) -> None:
    for seed in range(5):
        excerpts = real_excerpts([bank], "metal", QUARTET, Draw(100, seed))
        opening = sum(excerpt.arrangement.header.opens for excerpt in excerpts)
        closing = sum(excerpt.arrangement.header.closes for excerpt in excerpts)
        assert opening <= 2
        assert closing <= 2
    assert (
        real_excerpts([bank], "metal", QUARTET, Draw(2, 1)) == real_excerpts([bank], "metal", QUARTET, Draw(100, 1))[:2]
    )


def test_tracks_stand_in_the_order_of_the_roster_and_the_code_in_that_of_roles(bank: Bank) -> None:
    excerpt = real_excerpts([bank], "metal", (LEAD, BASS, DRUMS), Draw(1, 1))[0]
    assert [track.name for track in excerpt.piece.score.tracks] == ["Lead guitar", "Bass", "Drums"]
    assert [player.role for player in excerpt.arrangement.header.players] == [Role.DRUMS, Role.BASS, Role.LEAD]


def test_a_genre_without_songs_is_one_sentence(bank: Bank) -> None:
    with pytest.raises(CannotEvaluate, match="no test song of genre jazz with 32 bars"):
        real_excerpts([bank], "jazz", QUARTET, Draw(4, 1))


def test_a_missing_or_broken_bank_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CannotEvaluate, match="there is no bank at"):
        load_banks([tmp_path / "absent.npz"])
    (tmp_path / "broken.npz").write_bytes(b"PK but no more")
    with pytest.raises(CannotEvaluate, match="is not a bank"):
        load_banks([tmp_path / "broken.npz"])
