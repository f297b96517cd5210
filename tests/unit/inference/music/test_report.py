"""What a song's report says of its notes."""

from dataclasses import replace

from inference.music.pitch import Key
from inference.music.program import Role
from inference.music.recipe import Recipe
from inference.music.report import Line, compare, count_bars
from inference.music.score import Meter, MeterChange, Note, Score, TempoChange, Track
from inference.music.spec import Player, SamplingParams, SongSpec
from tests.fakes.scores import quartet_score

ROSTER = (Player.of(Role.DRUMS), Player(Role.BASS, 34), Player(Role.RHYTHM, 30), Player(Role.LEAD, 30))
SPEC = SongSpec(
    (("metal", 1.0),), bars=8, key=Key.parse("Em"), tempo=160.0, meter=Meter(4, 4), roster=ROSTER, density=6
)
_C_SHARP = 1


def report(score: Score, *asked: str) -> dict[str, Line]:
    return {line.name: line for line in compare(Recipe("weights", SPEC, SamplingParams(1), asked), score)}


def test_every_property_is_measured_from_the_notes() -> None:
    lines = report(quartet_score(bars=8, tempo=160.0))

    assert lines["tempo"].measured == "160"
    assert lines["meter"].measured == "4/4"
    assert lines["bars"].measured == "8"
    assert lines["band"].measured == "drums, bass, rhythm, lead"
    assert lines["key"].measured == "Em"
    assert 1 <= int(lines["density"].measured) <= 8


def test_only_what_a_person_asked_stands_beside_the_measure() -> None:
    lines = report(quartet_score(), "tempo", "roster", "key")

    assert {name: line.asked for name, line in lines.items() if line.asked is not None} == {
        "tempo": "160",
        "band": "drums, bass, rhythm, lead",
        "key": "Em",
    }


def test_a_player_without_notes_is_not_in_the_band() -> None:
    score = quartet_score()
    drums, bass, rhythm, lead = score.tracks
    silent_lead = replace(score, tracks=(drums, bass, rhythm, replace(lead, notes=())))

    assert report(silent_lead)["band"].measured == "drums, bass, rhythm"


def test_an_uninvited_instrument_is_named() -> None:
    score = quartet_score()
    guest = Track("Guest", 105, False, (Note(0, 60, 480, 90),))

    assert report(replace(score, tracks=(*score.tracks, guest)))["band"].measured == "drums, bass, rhythm, lead, banjo"


def test_a_song_without_notes_is_silence_of_no_bars() -> None:
    lines = report(Score(()))

    assert lines["bars"].measured == "0"
    assert lines["band"].measured == "silence"


def test_a_note_that_rings_past_the_last_bar_line_adds_no_bar() -> None:
    ringing = Track("Bass", 34, False, (Note(3 * 1920, 40, 5000, 90),))

    assert count_bars(Score((ringing,))) == 4


def test_bars_are_counted_through_changes_of_meter() -> None:
    waltz_then_march = (MeterChange(0, Meter(3, 4)), MeterChange(2 * 1440, Meter(4, 4)))
    track = Track("Bass", 34, False, (Note(0, 40, 480, 90), Note(2 * 1440 + 1920, 40, 480, 90)))

    assert count_bars(Score((track,), meters=waltz_then_march)) == 4


def test_changes_of_tempo_are_all_told() -> None:
    score = replace(quartet_score(), tempos=(TempoChange(0, 160.0), TempoChange(1920, 92.5)))

    assert report(score)["tempo"].measured == "160 → 92.5"


def test_a_strict_key_that_is_never_left_is_not_taken_for_its_relative() -> None:
    drums, *pitched = quartet_score(bars=8, tempo=160.0).tracks
    in_scale = [
        replace(track, notes=tuple(note for note in track.notes if note.pitch % 12 != _C_SHARP)) for track in pitched
    ]
    score = replace(quartet_score(bars=8, tempo=160.0), tracks=(drums, *in_scale))
    relative = replace(SPEC, key=Key.parse("G"))

    def key(spec: SongSpec) -> str:
        lines = compare(Recipe("weights", spec, SamplingParams(1), ("key",)), score)
        return next(line.measured for line in lines if line.name == "key")

    assert key(relative) == "Em"
    assert key(replace(relative, strict_key=True)) == "G"
    assert key(replace(relative, key=Key.parse("D"), strict_key=True)) == "Em", "C natural leaves D"
