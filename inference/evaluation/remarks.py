"""What a reader of the report must know: how the figures came about, and which are missing and why."""

from collections.abc import Iterator, Sequence

from inference.evaluation.halves import MIN_SONGS
from inference.evaluation.material import SPLIT
from inference.originality.index import OriginalityIndex
from inference.training.bands import BARS
from inference.training.bank import Bank

_NOTES = (
    f"Real: excerpts of {BARS} bars from held-out songs ({SPLIT} split), the same players in both, each of whom "
    "plays; snapped to the grid and to the velocities of the band code, as the model sees them. Parts whose role a "
    "song lacks are taken by another of its pitched players.",
    "Intervals: 95 %, bootstrapped over songs; of rows 3 (SE) and 4: over random halves of the real songs, the other "
    f"half of which is the real figure, and only with {MIN_SONGS} real songs.",
    "Row 6: a forest of trees learnt the catalogue's genres from training songs, whole and with players left out; the "
    "AUC is against real held-out songs of the other genres. It hears instruments above all.",
    "Row 8: windows of so many notes of one track, in any key, with four different symbols (how much later and how "
    "much higher the next note comes) or more; training songs are all of other artists than the real ones here. "
    "Songs are as the model wrote them; the service has copied bars written anew before it releases a song.",
    "Row 11: eight bars in the middle, or the last eight, of real songs, written anew without being shown; who "
    "plays them is all one. Twice as many takes as of a new song are written, and the one is kept that shares most "
    "notes with the others, as the service does it. Beside the model: the bar before the gap, repeated, and the same "
    "bars of another song.",
    "Of so many takes a song the one is kept that misses the fewest wishes (key, density, no silent player); among "
    "equals the first, unless the critic, if there is one, likes another clearly more, as the service does it.",
    "Row 12: real excerpts are read into points, one for what each player plays in each bar, and written again from "
    "those and their form alone; beside it, what the same model writes without the points. Blends: where the notes lie "
    "that were written half way, as their own points "
    "tell. Songs drawn from the embedding space are chosen among as many takes, each drawn with points of its own.",
)
_NO_INDEX = (
    "There is no index of originality beside the checkpoint (originality.safetensors) or at LNH_INFERENCE_ORIGINALITY, "
    "so of row 8 the longest runs, the copied bars and the songs to be mended are missing."
)


def remarks(banks: Sequence[Bank], index: OriginalityIndex | None) -> Iterator[str]:
    """Of an evaluation with these banks and this index."""
    yield from _NOTES
    if not any(len(bank.by_split["train"]) for bank in banks):
        yield "The banks hold no training song, so row 6 and the windows of row 8 are missing."
    if index is None:
        yield _NO_INDEX


def remark_on(songs: int) -> str:
    """What to say of a genre with so many held-out songs; nothing if they are enough."""
    if not songs:
        return (
            f"**No held-out song** of this genre has {BARS} bars in 4/4 and somebody for each part, so there is "
            "nothing to hold the generated songs against: rows 1 and 11 and all real figures are missing."
        )
    if songs < MIN_SONGS:
        return (
            f"**Too few held-out songs** ({songs}) to cut in halves, so structure error (3) and overlap (4) are "
            "missing, and the other verdicts rest on little."
        )
    return ""
