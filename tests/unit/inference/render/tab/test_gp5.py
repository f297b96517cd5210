import io
import json
import shutil
import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import guitarpro
import pytest

from inference.music.articulation import palm_mutes
from inference.music.pitch import Key
from inference.music.score import Note, Score, TempoChange, Track
from inference.music.units import PPQ
from inference.render.errors import RenderFailed
from inference.render.notation.musicxml import Sheet
from inference.render.notation.staves import in_page_order
from inference.render.tab.fingering import Stroke, finger
from inference.render.tab.gp5 import Tab, write_tab
from inference.render.tab.tunings import BASS_TUNINGS, GUITAR_TUNINGS
from tests.fakes.scores import quartet_score, single_note_score

SHEET = Sheet("Ashes 🔥 of Ünder", "Metal", Key.parse("Em"))
NODE = Path(__file__).parents[4] / "node"
STANDARD = GUITAR_TUNINGS[0]


def fretted(tab: Tab) -> dict[str, list[tuple[float, int, bool]]]:
    """(Start in quarters, pitch, palm-muted) of each fretted track, as PyGuitarPro reads the file."""
    song = guitarpro.parse(io.BytesIO(tab.content))
    found = {}
    for track in song.tracks:
        if not track.isPercussionTrack:
            notes = []
            for measure in track.measures:
                start = (measure.start - 960) / 960
                for beat in measure.voices[0].beats:
                    notes += [
                        (round(start, 2), note.realValue, note.effect.palmMute)
                        for note in beat.notes
                        if note.type is guitarpro.NoteType.normal
                    ]
                    start += beat.duration.time / 960
            found[track.name] = sorted(notes)
    return found


def lowered(score: Score, steps: int) -> Score:
    """The guitars `steps` semitones down."""
    return replace(
        score,
        tracks=tuple(
            replace(track, notes=tuple(replace(note, pitch=note.pitch - steps) for note in track.notes))
            if track.program == 30
            else track
            for track in score.tracks
        ),
    )


def guitar(*chords: tuple[int, ...], program: int = 30, quarters: float = 0.5) -> Score:
    long = round(quarters * PPQ)
    notes = tuple(Note(at * long, pitch, long, 100) for at, chord in enumerate(chords) for pitch in sorted(set(chord)))
    return Score((Track("Guitar", program, False, notes),), (TempoChange(0, 160.0),))


def test_every_note_is_in_the_tab_at_its_time_and_palm_mutes_are_those_of_the_amplifier() -> None:
    score = quartet_score(16)
    read = fretted(write_tab(score, SHEET))
    assert list(read) == ["Lead guitar (E standard)", "Rhythm guitar (E standard)", "Bass (E standard)"]
    for track, notes in zip(reversed(score.tracks[1:]), read.values(), strict=True):
        muted = palm_mutes(track, score)
        played = [(round(n.tick / PPQ, 2), n.pitch, m) for n, m in zip(track.notes, muted, strict=True)]
        assert notes == sorted(played)
    assert sum(muted for *_, muted in read["Rhythm guitar (E standard)"]) > 20


def test_no_grip_is_wider_than_a_hand_and_none_uses_a_string_twice() -> None:
    for steps in range(-12, 9, 4):
        song = guitarpro.parse(io.BytesIO(write_tab(lowered(quartet_score(8), steps), SHEET).content))
        for track in song.tracks:
            for measure in track.measures:
                for beat in measure.voices[0].beats if not track.isPercussionTrack else ():
                    strings = [note.string for note in beat.notes]
                    frets = [note.value for note in beat.notes if note.value]
                    assert len(set(strings)) == len(strings)
                    assert all(0 <= fret <= 22 for fret in frets)
                    assert max(frets, default=0) - min(frets, default=0) <= 4


@pytest.mark.parametrize(
    ("chugs", "tuning"),
    [
        ([(40, 47, 52), (43, 50, 55), (45, 52, 57)], "E standard"),
        ([(38, 45, 50), (41, 48, 53), (43, 50, 55), (38,), (38,)], "drop D"),
        ([(36, 43, 48), (39, 46, 51), (41, 48, 53), (36,), (36,)], "drop C"),
        ([(38, 45), (43, 50, 55), (40, 47), (62, 57, 53), (38,)], "D standard"),
    ],
)
def test_the_band_finds_the_tuning_a_guitarist_would_choose(chugs: list[tuple[int, ...]], tuning: str) -> None:
    tab = write_tab(guitar(*chugs * 8), SHEET)
    if tuning == "D standard":
        assert tab.tunings["Guitar"] in ("D standard", "drop D")
    else:
        assert tab.tunings == {"Guitar": tuning}
    assert (tab.left_out, tab.moved) == (0, 0)


def test_both_guitars_share_a_tuning_that_is_named_in_their_tracks() -> None:
    tab = write_tab(lowered(quartet_score(8), 4), SHEET)
    assert tab.tunings["Rhythm guitar"] == tab.tunings["Lead guitar"] != "E standard"
    song = guitarpro.parse(io.BytesIO(tab.content))
    assert song.tracks[1].name == f"Rhythm guitar ({tab.tunings['Rhythm guitar']})"
    assert min(string.value for string in song.tracks[1].strings) <= 36


def test_what_rings_after_the_last_bar_is_let_ring_and_has_no_bar_of_its_own() -> None:
    score = guitar((40, 47, 52), (40, 47, 52), quarters=4)
    longer = Track("Guitar", 30, False, tuple(replace(n, duration=8 * PPQ) for n in score.tracks[0].notes))
    song = guitarpro.parse(io.BytesIO(write_tab(replace(score, tracks=(longer,)), replace(SHEET, bars=2)).content))
    measures = song.tracks[0].measures
    assert [[n.effect.letRing for b in m.voices[0].beats for n in b.notes] for m in measures] == [
        [False] * 3,
        [True] * 3,
    ]


def test_palm_mutes_keep_to_the_thick_strings() -> None:
    fingering = finger([Stroke((64, 59, 52), number / 8, muted=True) for number in range(8)], STANDARD)
    assert {tuple(sorted(placed.places.values())) for placed in fingering.strokes} == {((3, 9), (4, 9), (5, 7))}


def test_power_chords_in_a_drop_tuning_are_one_finger_across_three_strings() -> None:
    drop_d = next(tuning for tuning in GUITAR_TUNINGS if tuning.name == "drop D")
    fingering = finger([Stroke((53, 48, 41), 0.0), Stroke((55, 50, 43), 0.2)], drop_d)
    assert [sorted(placed.places.values()) for placed in fingering.strokes] == [
        [(4, 3), (5, 3), (6, 3)],
        [(4, 5), (5, 5), (6, 5)],
    ]


def test_a_scale_stays_in_one_position_of_the_hand() -> None:
    scale = (64, 66, 67, 69, 71, 72, 74, 76, 74, 72, 71, 69, 67, 66, 64)
    fingering = finger([Stroke((pitch,), 0.125 * at) for at, pitch in enumerate(scale)], STANDARD)
    frets = [fret for placed in fingering.strokes for _, fret in placed.places.values() if fret]
    assert max(frets) - min(frets) <= 5


def test_a_fast_line_moves_the_hand_less_than_always_taking_the_thinnest_string_would() -> None:
    pitches = [76, 64, 79, 67, 81, 69, 83, 71, 76, 64, 74, 62] * 4
    fingering = finger([Stroke((pitch,), 0.1 * at) for at, pitch in enumerate(pitches)], STANDARD)
    frets = [fret for placed in fingering.strokes for _, fret in placed.places.values()]
    naive = [min(pitch - string for string in STANDARD.strings if pitch >= string) for pitch in pitches]

    def travel(frets: list[int]) -> int:
        return sum(abs(a - b) for a, b in pairwise(fret for fret in frets if fret))

    assert travel(frets) < travel(naive) / 2


def test_what_no_hand_can_play_is_left_out_or_moved_and_counted() -> None:
    tab = write_tab(guitar(tuple(range(128))), SHEET)
    (notes,) = fretted(tab).values()
    assert 1 <= len(notes) <= 7
    assert tab.left_out > 0
    assert write_tab(guitar((20,), (110,)), SHEET).moved == 2


@pytest.mark.parametrize("tempo", [20.0, 400.0])
def test_one_note_at_any_tempo_is_a_tab(tempo: float) -> None:
    score = replace(guitar((52,)), tempos=(TempoChange(0, tempo),))
    assert guitarpro.parse(io.BytesIO(write_tab(score, SHEET).content)).tempo == tempo


def test_a_song_without_strings_or_drums_is_refused() -> None:
    with pytest.raises(RenderFailed, match="no guitar, bass or drum part"):
        write_tab(single_note_score(), SHEET)


def test_tunings_are_named_once_and_fall_from_thin_to_thick() -> None:
    for tunings in (GUITAR_TUNINGS, BASS_TUNINGS):
        assert len({tuning.name for tuning in tunings}) == len(tunings)
        assert all(list(tuning.strings) == sorted(tuning.strings, reverse=True) for tuning in tunings)


@pytest.mark.node
@pytest.mark.skipif(
    shutil.which("node") is None or not (NODE / "node_modules" / "@coderline").is_dir(),
    reason="Guitar Pro files were NOT read by alphaTab: run `npm ci --prefix tests/node` first",
)
def test_alphatab_reads_the_same_notes_and_finds_every_bar_full(tmp_path: Path) -> None:
    score = quartet_score(16)
    path = tmp_path / "song.gp5"
    path.write_bytes(write_tab(score, SHEET).content)
    ran = subprocess.run(  # noqa: S603
        [str(shutil.which("node")), str(NODE / "read-tab.mjs"), str(path)], capture_output=True, check=True, timeout=60
    )
    read = json.loads(ran.stdout)
    assert read["tempo"] == 160
    tracks = in_page_order(score.tracks)
    for track, found in zip(tracks, read["tracks"], strict=True):
        assert sorted(map(tuple, found["notes"])) == sorted((note.tick / PPQ, note.pitch) for note in track.notes)
        assert found["unfilled"] == 0
    assert [track["muted"] for track in read["tracks"]] == [sum(palm_mutes(track, score)) for track in tracks]
