"""How much of a file is music: what goes beyond is refused in a sentence, before anything is made of it."""

from inference.music.score import Score
from inference.music.units import PPQ

# Ten thousands of files of bands and orchestras stay below this.
MAX_FILE_BYTES = 512 * 2**10
MAX_TRACKS = 128
MAX_NOTES = 100_000
MAX_CHANGES = 10_000
# Two hours at 160 quarters a minute.
MAX_QUARTERS = 20_000


def excess(score: Score) -> str | None:
    """What a score has too much of, as a sentence; None when it is within the limits."""
    if len(score.tracks) > MAX_TRACKS:
        return f"a MIDI file may have {MAX_TRACKS} tracks at most, not {len(score.tracks)}"
    if score.note_count > MAX_NOTES:
        return f"a MIDI file may have {MAX_NOTES} notes at most, not {score.note_count}"
    if len(score.tempos) > MAX_CHANGES:
        return f"a MIDI file may have {MAX_CHANGES} tempo changes at most, not {len(score.tempos)}"
    if len(score.meters) > MAX_CHANGES:
        return f"a MIDI file may have {MAX_CHANGES} meter changes at most, not {len(score.meters)}"
    last = max(score.end_tick, score.tempos[-1].tick, score.meters[-1].tick)
    if last > MAX_QUARTERS * PPQ:
        return f"a MIDI file may be {MAX_QUARTERS} quarters long at most, not {last // PPQ}"
    return None
