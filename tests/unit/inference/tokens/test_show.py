"""Band code as text."""

from inference.midi import write_midi
from inference.tokens.show import describe
from tests.fakes.scores import quartet_score


def test_a_file_is_shown_with_its_players_bars_hits_and_saving() -> None:
    lines = list(describe(write_midi(quartet_score(bars=8))))
    assert lines[0].startswith("# any genre, 160 bpm, 4/4, Em")
    assert lines[1] == "# written from the tonic: C sounds as E"
    assert lines[2:7] == ["START", "PLAYER 0 drums", "PLAYER 1 bass:34", "PLAYER 2 rhythm:30", "PLAYER 3 lead:30"]
    assert "BAR 1    NEW" in lines
    assert any("kick+" in line and "crash" in line for line in lines)
    assert any(line.startswith("  drums        COPY") for line in lines)
    assert lines[-2] == "END"
    assert lines[-1].endswith("steps a note")
