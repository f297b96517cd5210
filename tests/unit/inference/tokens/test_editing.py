"""Every operation changes what it says and nothing else; what it keeps are the source's own notes."""

import random
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from inference.midi import read_midi, write_midi
from inference.music.edit import MAX_ADDED_BARS, Edit, Operation, player_names
from inference.music.errors import InvalidSpec
from inference.music.packed import pack
from inference.music.pitch import Key
from inference.music.program import Role
from inference.music.score import Meter, MeterChange, Note, Score, TempoChange, Track
from inference.music.spec import MAX_PLAYERS, Player, SongSpec
from inference.tokens.editing import plan_edit, shift_of
from inference.tokens.given import Open, Tied
from inference.tokens.layout import lay_out
from inference.tokens.source import unpack_source
from tests.fakes.scores import BAR, quartet_score
from tests.fakes.writing import write_at_random

QUARTET = ("drums", "bass", "rhythm", "lead")
QUINTET = (*(Player.of(Role(role)) for role in QUARTET), Player.of(Role.KEYS))


def played_by_hand(bars: int, seed: int = 1) -> Score:
    """A quartet off the grid, with loudness of its own and tempo changes."""
    rng = random.Random(seed)

    def loosened(note: Note) -> Note:
        late, longer = rng.randint(0, 9), rng.randint(-3, 3)
        return Note(note.tick + late, note.pitch, max(1, note.duration - late + longer), rng.randint(30, 127))

    score = quartet_score(bars)
    tracks = tuple(replace(track, notes=tuple(sorted(map(loosened, track.notes)))) for track in score.tracks)
    return replace(score, tracks=tracks, tempos=(TempoChange(0, 160.0), TempoChange(3 * BAR + 100, 150.0)))


def edited(score: Score, seed: int = 5, roster: tuple[Player, ...] | None = None, **wishes: Any) -> SongSpec:
    """The complete spec of an edit of `score`."""
    key = wishes.pop("to", None)
    tempo = wishes.pop("tempo", None)
    edit = Edit(source=pack(score), **wishes)
    source = unpack_source(edit.source)
    header = source.arrangement.header
    wanted = SongSpec((("metal", 1.0),), key=key or header.key, edit=edit)
    layout = lay_out(edit, source, roster, shift_of(wanted, source), seed)
    return replace(
        wanted,
        bars=len(layout.rows),
        tempo=tempo or header.tempo,
        meter=header.meter,
        roster=layout.players,
        density=header.density,
    )


def in_bars(track: Track, first: int, last: int) -> list[Note]:
    """Notes that begin in bars first..last, counted from 1."""
    return [note for note in track.notes if (first - 1) * BAR <= note.tick < last * BAR]


def starts(notes: list[Note]) -> list[tuple[int, int, int]]:
    """All that an edit next to a note must not touch; it may cut its end."""
    return [(note.tick, note.pitch, note.velocity) for note in notes]


def struck(score: Score) -> list[list[list[tuple[int, int]]]]:
    """Position and pitch of all notes of each track's 16 bars; their length depends on what comes next."""
    return [
        [[(note.tick % BAR, note.pitch) for note in in_bars(track, bar, bar)] for bar in range(1, 17)]
        for track in score.tracks
    ]


@pytest.mark.parametrize("seed", range(4))
def test_replaced_players_leave_all_others_as_they_were(seed: int) -> None:
    score = played_by_hand(12)
    song = write_at_random(edited(score, seed, operation=Operation.REPLACE, players=("rhythm",)), seed)
    for index in (0, 1, 3):
        assert song.tracks[index] == score.tracks[index]
    assert song.tracks[2].notes != score.tracks[2].notes
    assert song.tempos == score.tempos


@pytest.mark.parametrize("seed", range(4))
def test_replaced_bars_leave_all_others_as_they_were(seed: int) -> None:
    score = played_by_hand(24)
    spec = edited(score, seed, operation=Operation.REPLACE, bars=(9, 12))
    assert 8 <= plan_edit(spec, seed).given.header.ahead <= 12
    song = write_at_random(spec, seed)
    for before, after in zip(score.tracks, song.tracks, strict=True):
        assert starts(in_bars(after, 1, 8)) == starts(in_bars(before, 1, 8))
        assert in_bars(after, 13, 24) == in_bars(before, 13, 24)
        assert in_bars(after, 9, 12) != in_bars(before, 9, 12)
    assert song.tempos == score.tempos


def test_a_player_may_be_replaced_in_some_bars_only() -> None:
    score = played_by_hand(16)
    song = write_at_random(edited(score, operation=Operation.REPLACE, players=("lead",), bars=(5, 8)), 5)
    assert song.tracks[:3] == score.tracks[:3]
    assert in_bars(song.tracks[3], 9, 16) == in_bars(score.tracks[3], 9, 16)
    assert starts(in_bars(song.tracks[3], 1, 4)) == starts(in_bars(score.tracks[3], 1, 4))
    assert in_bars(song.tracks[3], 5, 8) != in_bars(score.tracks[3], 5, 8)


def test_an_early_gap_shows_no_more_bars_ahead_than_stand_before_them() -> None:
    spec = edited(quartet_score(40), operation=Operation.REPLACE, bars=(1, 4))
    header = plan_edit(spec, 5).given.header
    assert (header.bars, header.ahead, header.opens, header.closes) == (8, 4, True, False)
    assert len(write_at_random(spec, 5).tracks[0].notes) > 0


def test_a_long_song_is_edited_through_an_excerpt() -> None:
    score = played_by_hand(200)
    spec = edited(score, operation=Operation.REPLACE, bars=(101, 108))
    header = plan_edit(spec, 5).given.header
    assert header.bars <= 64
    assert not header.opens
    song = write_at_random(spec, 5)
    for before, after in zip(score.tracks, song.tracks, strict=True):
        assert starts(in_bars(after, 1, 100)) == starts(in_bars(before, 1, 100))
        assert in_bars(after, 109, 200) == in_bars(before, 109, 200)


def test_extending_writes_the_last_bar_anew_and_continuing_keeps_it() -> None:
    score = played_by_hand(8)
    longer = write_at_random(edited(score, operation=Operation.EXTEND, add=8), 5)
    on = write_at_random(edited(score, operation=Operation.CONTINUE, add=4), 5)
    for before, extended, continued in zip(score.tracks, longer.tracks, on.tracks, strict=True):
        assert starts(in_bars(extended, 1, 7)) == starts(in_bars(before, 1, 7))
        assert starts(in_bars(continued, 1, 8)) == starts(in_bars(before, 1, 8))
    assert any(in_bars(track, 16, 16) for track in longer.tracks)
    assert any(in_bars(track, 12, 12) for track in on.tracks)
    assert not any(in_bars(track, 17, 99) for track in longer.tracks)
    assert not any(in_bars(track, 13, 99) for track in on.tracks)


@pytest.mark.parametrize("bars", [1, 8, 100])
@pytest.mark.parametrize("operation", [Operation.EXTEND, Operation.CONTINUE])
def test_as_many_bars_are_added_as_may_be_asked_for(operation: Operation, bars: int) -> None:
    score = quartet_score(bars)
    song = write_at_random(edited(score, operation=operation, add=MAX_ADDED_BARS), 5)
    assert max(note.tick for track in song.tracks for note in track.notes) // BAR + 1 == bars + MAX_ADDED_BARS
    for before, after in zip(score.tracks, song.tracks, strict=True):
        assert starts(in_bars(after, 1, bars - 1)) == starts(in_bars(before, 1, bars - 1))


def orchestra(bars: int = 12) -> Score:
    """A quartet and twelve more, of whom the last four are too many to be players."""
    many = [
        Track(f"Desk {one}", 56 + one, False, tuple(Note(bar * BAR, 60 + one, 90, 80) for bar in range(bars)))
        for one in range(12)
    ]
    score = played_by_hand(bars)
    return replace(score, tracks=(*score.tracks, *many))


def test_who_is_too_many_for_the_band_plays_on_beside_it() -> None:
    score = orchestra()
    by_name = {track.name: track for track in score.tracks}
    song = write_at_random(edited(score, operation=Operation.REPLACE, players=("lead",)), 5)
    assert len(song.tracks) == len(score.tracks) == 16
    for track in song.tracks:
        assert (track == by_name[track.name]) is (track.name != "Lead guitar")


def test_who_is_too_many_for_the_band_rests_in_bars_that_are_new_for_everybody() -> None:
    score = orchestra()
    last = score.tracks[-1]
    bars = write_at_random(edited(score, operation=Operation.REPLACE, bars=(5, 8)), 5)
    longer = write_at_random(edited(score, operation=Operation.CONTINUE, add=4), 5)
    assert bars.tracks[-1] == replace(last, notes=(*last.notes[:4], *last.notes[8:]))
    assert longer.tracks[-1] == last
    assert len(write_at_random(edited(score, operation=Operation.REMIX), 5).tracks) == MAX_PLAYERS


def test_a_melody_is_accompanied_as_it_was_sung() -> None:
    sung = tuple(Note(at * 240 + at % 7, 64 + at * 5 % 12, 200, 60 + at) for at in range(60))
    melody = Score((Track("take 3", 0, False, sung),))
    roster = tuple(Player.of(Role(name)) for name in QUARTET)
    spec = edited(melody, roster=roster, operation=Operation.ACCOMPANY)
    assert spec.roster == (*roster[:3], Player(Role.LEAD, 0))
    song = write_at_random(spec, 5)
    assert song.tracks[3] == melody.tracks[0]
    assert all(track.notes for track in song.tracks)


def test_drums_are_accompanied_by_the_rest_of_the_band() -> None:
    drums = Score((played_by_hand(8).tracks[0],))
    roster = tuple(Player.of(Role(name)) for name in QUARTET)
    song = write_at_random(edited(drums, roster=roster, operation=Operation.ACCOMPANY), 5)
    assert song.tracks[0].notes == drums.tracks[0].notes
    assert [track.is_drum for track in song.tracks] == [True, False, False, False]


@pytest.mark.parametrize("strength", [0.1, 0.5, 1.0])
def test_a_variation_keeps_the_form(strength: float) -> None:
    score = quartet_score(16)
    spec = edited(score, operation=Operation.VARY, strength=strength)
    before, after = struck(score), struck(write_at_random(spec, 5))
    cells = plan_edit(spec, 5).given.rows
    assert [Open.FRESH in {row[slot] for row in cells} for slot in range(4)] == [True] * 4 or strength < 1
    for played, varied in zip(before, after, strict=True):
        for bar, other in combinations(range(15), 2):
            assert played[bar] != played[other] or varied[bar] == varied[other]
        assert varied[15] == played[15]
    assert after != before


def test_even_the_weakest_variation_changes_something_and_the_same_seed_changes_the_same() -> None:
    score = quartet_score(8)
    spec = edited(score, operation=Operation.VARY, strength=0.0001)
    opened = [cell for row in plan_edit(spec, 5).given.rows for cell in row if isinstance(cell, Open | Tied)]
    assert opened
    assert write_at_random(spec, 5) == write_at_random(spec, 5)
    assert plan_edit(spec, 5) != plan_edit(spec, 6)


def test_a_remix_transposes_who_stays_and_writes_the_others_in_the_same_form() -> None:
    score = played_by_hand(12)
    roster = tuple(Player.of(Role(name)) for name in ("drums", "bass", "keys", "winds"))
    spec = edited(score, roster=roster, operation=Operation.REMIX, keep=("lead",), to=Key.parse("Am"), tempo=96.0)
    song = write_at_random(spec, 5)
    assert [player.role for player in spec.roster or ()] == ["drums", "bass", "lead", "keys", "winds"]
    shift = shift_of(spec, unpack_source(spec.edit.source if spec.edit else ""))
    assert shift in range(-5, 7)
    assert song.tracks[2].notes == tuple(
        sorted(replace(note, pitch=note.pitch + shift) for note in score.tracks[3].notes)
    )
    assert song.tempos == (TempoChange(0, 96.0),)
    assert song.tracks[0].notes != score.tracks[0].notes


def test_an_edited_song_can_be_edited_again() -> None:
    score = write_at_random(edited(played_by_hand(8), operation=Operation.EXTEND, add=8), 5)
    read = read_midi(write_midi(score))
    again = write_at_random(edited(read, operation=Operation.REPLACE, players=("lead",), bars=(3, 4)), 6)
    assert again.tracks[0] == read.tracks[0]


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"operation": Operation.REPLACE, "players": ("sitar",)}, "there is no “sitar”.*drums, bass, rhythm, lead"),
        ({"operation": Operation.REPLACE, "bars": (7, 9)}, "this song has 8 bars; there are no bars 7-9"),
        ({"operation": Operation.REMIX, "keep": QUARTET}, "nothing to remix"),
        ({"operation": Operation.ACCOMPANY}, "everybody in this band plays already"),
    ],
)
def test_what_the_song_has_not_is_refused_with_a_sentence(wishes: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidSpec, match=words):
        edited(quartet_score(8), **wishes)


def test_too_many_bars_at_a_time_are_refused() -> None:
    with pytest.raises(InvalidSpec, match="name a range"):
        edited(quartet_score(100), operation=Operation.REPLACE, players=("lead",))
    with pytest.raises(InvalidSpec, match="this song has 150, so send a part of it"):
        edited(quartet_score(150), roster=QUINTET, operation=Operation.ACCOMPANY)
    with pytest.raises(InvalidSpec, match="256 bars at most"):
        edited(quartet_score(250), operation=Operation.EXTEND, add=8)


def test_players_of_one_role_are_numbered() -> None:
    assert player_names([Role.DRUMS, Role.RHYTHM, Role.RHYTHM, Role.LEAD]) == ("drums", "rhythm:1", "rhythm:2", "lead")


@pytest.mark.parametrize("meter", [Meter(3, 4), Meter(6, 8), Meter(2, 4), Meter(2, 2)], ids=str)
def test_songs_in_other_meters_fill_their_bars(meter: Meter) -> None:
    roster = tuple(Player.of(Role(name)) for name in QUARTET)
    spec = SongSpec((("rock", 1.0),), 6, Key.parse("G"), 120.0, meter, roster, 5)
    song = write_at_random(spec, 7)
    assert song.meters == (MeterChange(0, meter),)
    last = max(note.tick for track in song.tracks for note in track.notes)
    assert last // meter.ticks == 5


def test_an_edited_song_is_held_to_a_density_only_if_it_is_not_its_own() -> None:
    spec = edited(quartet_score(16), operation=Operation.REPLACE, bars=(5, 8))
    own = unpack_source(spec.edit.source if spec.edit else "").arrangement.header.density
    assert own is not None
    assert plan_edit(spec, 1).given.header.density is None
    assert plan_edit(replace(spec, density=9 - own), 1).given.header.density == 9 - own
    adding = edited(quartet_score(16), roster=QUINTET, operation=Operation.ACCOMPANY)
    assert plan_edit(adding, 1).given.header.density == own
    assert plan_edit(replace(adding, density=None), 1).given.header.density is None
    assert plan_edit(edited(quartet_score(16), operation=Operation.REMIX), 1).given.header.density == own


def test_a_count_in_that_the_model_does_not_hear_is_the_first_bar_and_stays() -> None:
    score = quartet_score(8)
    sticks = tuple(Note(beat * 480, 31, 60, 90) for beat in range(4))  # of no lane of the band code
    late = [
        replace(track, notes=tuple(replace(note, tick=note.tick + BAR) for note in track.notes))
        for track in score.tracks
    ]
    counted = replace(score, tracks=(replace(late[0], notes=(*sticks, *late[0].notes)), *late[1:]))
    song = write_at_random(edited(counted, operation=Operation.REPLACE, players=("lead",), bars=(2, 3)), 5)
    assert song.tracks[:3] == counted.tracks[:3]


def test_who_is_too_many_for_the_band_may_begin_and_end_the_song() -> None:
    score = orchestra(4)
    early, last = score.tracks[-1], Note(7 * BAR, 60, 90, 80)
    late = [
        replace(track, notes=tuple(replace(note, tick=note.tick + BAR) for note in track.notes))
        for track in score.tracks[:-1]
    ]
    whole = replace(score, tracks=(*late, replace(early, notes=(early.notes[0], last))))
    spec = edited(whole, operation=Operation.REPLACE, players=("lead",))
    assert spec.bars == 8
    assert write_at_random(spec, 5).tracks[-1] == whole.tracks[-1]
