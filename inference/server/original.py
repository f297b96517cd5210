"""Nothing leaves the studio that copies a training song: such bars are written anew, and if need be the whole song."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog

from inference.api import ErrorCode
from inference.engine.contract import Finished
from inference.music.edit import Edit, Operation, player_names
from inference.music.errors import MusicError
from inference.music.genre import GenreCatalogue
from inference.music.packed import pack, unpack
from inference.music.recipe import Recipe
from inference.music.score import Score, Track
from inference.music.spec import MAX_SEED, SongSpec, Space
from inference.originality.review import Verdict
from inference.server.completing import complete
from inference.server.stages import StageFailed
from inference.tokens.source import unpack_source

REWRITES = 3
MAX_TRIES = 6
log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()

Review = Callable[[Score], Verdict]
Compose = Callable[[Recipe], Awaitable[Finished]]


@dataclass(frozen=True, slots=True)
class Written:
    """A song that may be released. `recipe` writes exactly it; `verdict` is None where nothing can be looked up."""

    recipe: Recipe
    finished: Finished
    verdict: Verdict | None
    tries: int = 1


async def compose_original(
    compose: Compose, review: Review | None, recipe: Recipe, catalogue: GenreCatalogue
) -> Written:
    """Has a song written until it is original; the same recipe always ends in the same song.

    What the sender of an edit brought along is the sender's own: such a song is looked up, but only what the band
    adds to an original one must be original.

    Raises:
        StageFailed: a take could not be written, or MAX_TRIES of them were no use.
    """
    finished = await compose(recipe)
    if review is None:
        return Written(recipe, finished, None)
    now, tries = recipe, 1
    while True:
        verdict = await asyncio.to_thread(review, finished.score)
        written = Written(now, finished, verdict, tries)
        if verdict.is_original or (tries == 1 and await asyncio.to_thread(_was_known, review, recipe.spec)):
            return written
        log.info("bars are too close to a training song", longest_run=verdict.longest_run, tries=tries)
        if tries == MAX_TRIES:
            message = "whatever I wrote came too close to a song I learnt from; another seed may fare better"
            raise StageFailed(ErrorCode.COMPOSE_FAILED, message)
        now = await asyncio.to_thread(_next, recipe, written, verdict, catalogue)
        finished = await compose(now)
        tries += 1


def _was_known(review: Review, spec: SongSpec) -> bool:
    return spec.edit is not None and not review(unpack(spec.edit.source)).is_original


def _next(asked: Recipe, written: Written, verdict: Verdict, catalogue: GenreCatalogue) -> Recipe:
    """The recipe to try next: the copied bars anew, later everything with another seed."""
    seed = _seed(asked.sampling.seed, written.tries)
    if asked.spec.edit is None and written.tries <= REWRITES:
        try:
            return _rewritten(written, verdict, seed, catalogue)
        except MusicError as error:
            log.info("the copied bars cannot be written anew alone", reason=str(error))
    return replace(asked, sampling=replace(asked.sampling, seed=seed, take=0))


def _rewritten(written: Written, verdict: Verdict, seed: int, catalogue: GenreCatalogue) -> Recipe:
    """Raises MusicError where the song cannot be edited."""
    now, score = written.recipe, written.finished.score
    spec, packed = now.spec, pack(score)
    ranges = [bars for copied in verdict.bars_to_rewrite.values() for bars in copied]
    edit = Edit(
        Operation.REPLACE,
        packed,
        spec.key,
        bars=(1 + min(bars.start for bars in ranges), max(bars.stop for bars in ranges)),
        players=_names(packed, [score.tracks[number] for number in verdict.bars_to_rewrite]),
    )
    open_spec = replace(spec, edit=edit, bars=None, roster=None)
    sampling = replace(now.sampling, seed=seed, take=0, space=Space.PROBABILITIES)
    return replace(now, spec=complete(open_spec, catalogue, seed), sampling=sampling)


def _names(packed: str, tracks: list[Track]) -> tuple[str, ...]:
    """What an edit of the packed song calls the players of these tracks."""
    source = unpack_source(packed)
    names = player_names(player.role for player in source.arrangement.header.players)
    return tuple(
        name
        for name, part in zip(names, source.parts, strict=True)
        if any(track.notes == other.notes for track in tracks for other in part.tracks)
    )


def _seed(seed: int, tries: int) -> int:
    digest = hashlib.sha256(f"{seed} {tries}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % (MAX_SEED + 1)
