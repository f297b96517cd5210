"""Between the wire contract and the bot's own types; pure."""

import json

from bot.domain.errors import Busy, ComposerFailed, ComposerUnavailable
from bot.domain.request import Priority, SongRequest
from bot.domain.song import Progress, Song, SongFile, Stage
from bot.ports import UserError
from inference.api import BandMember, EditBody, ErrorCode, ErrorDetail, SongBody, SongState, SongStatus
from inference.music.errors import BadMidi, BadRecipe, InvalidSpec, MusicError, UnknownGenre
from inference.music.recipe import Recipe

_MAX_NAME = 128  # of a client or a user, as SongBody takes it
_COME_BACK_S = 30.0  # when a full queue does not say
_BUSY = frozenset({ErrorCode.QUEUE_FULL, ErrorCode.QUOTA_USED})
_GONE = frozenset({ErrorCode.SHUTTING_DOWN, ErrorCode.UNAVAILABLE})


def body_of(request: SongRequest) -> SongBody:
    """What the service is asked."""
    spec, sampling, place = request.spec, request.sampling, request.place
    band = None
    if spec.roster is not None:
        band = [BandMember(role=player.role, program=player.program) for player in spec.roster]
    return SongBody(
        genre=dict(spec.genres) if len(spec.genres) > 1 else spec.main_genre or None,
        edit=None if spec.edit is None else EditBody.of(spec.edit),
        request_id=request.id,
        bars=spec.bars if spec.edit is None else None,  # an edit says itself how long its song becomes
        key=None if spec.key is None else str(spec.key),
        tempo=spec.tempo,
        strict_key=spec.strict_key,
        meter=None if spec.meter is None else str(spec.meter),
        band=band,
        density=spec.density,
        form=spec.form,
        title=spec.title,
        seed=sampling.seed,
        seed_drawn=request.seed_drawn,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        guidance=sampling.guidance,
        take=sampling.take,
        drawn_form=sampling.form,
        touch=None if sampling.touch is None else sampling.touch.said(),
        space=sampling.space,
        takes=request.takes,
        formats=list(request.formats),
        asked=None if request.asked is None else list(request.asked),
        files=list(request.files),
        preview=request.preview,
        checkpoint=request.checkpoint,
        max_file_mib=request.max_file_mib,
        client=f"{place.platform}:{place.workspace}"[:_MAX_NAME],
        user=request.requester.id[:_MAX_NAME],
        scheduled=request.priority is Priority.SCHEDULED,
        deadline_s=request.deadline_s,
    )


def progress_of(status: SongStatus) -> Progress:
    """How far an unfinished song is."""
    stage = Stage.RENDERING if status.state is SongState.RENDERING else Stage.COMPOSING
    if status.state is SongState.QUEUED:
        stage = Stage.QUEUED
    return Progress(stage, status.position, status.eta_s, status.bars_done, status.bars)


def song_of(request: SongRequest, status: SongStatus, files: tuple[SongFile, ...]) -> Song:
    """A finished song. Raises ComposerFailed if the service left out its recipe."""
    genre = status.genre or request.spec.main_genre
    try:
        recipe = Recipe.from_json(json.dumps(status.recipe))
    except MusicError as error:
        raise ComposerFailed(reason=ErrorCode.BAD_REQUEST) from error
    return Song(
        id=request.id,
        title=status.title or genre,
        genre=genre,
        recipe=recipe,
        files=files,
        report=tuple(status.report),
        seconds=dict(status.seconds),
        left_out=tuple(status.left_out),
    )


def is_made(request: SongRequest, status: SongStatus) -> bool:
    """Whether a song is done, and is the one of a request that says all of its recipe."""
    if status.state is not SongState.DONE:
        return False
    try:
        recipe = Recipe.from_json(json.dumps(status.recipe))
    except MusicError:
        return False
    wanted = (request.sampling.seed, [name for name, _ in request.spec.genres])
    return (recipe.sampling.seed, [name for name, _ in recipe.spec.genres]) == wanted


def failure_of(status: SongStatus, genre: str) -> UserError:
    """Why a song ended without one."""
    if status.state is SongState.CANCELLED:
        return ComposerFailed(reason="cancelled")
    if status.error is None:
        return ComposerFailed(reason=ErrorCode.COMPOSE_FAILED)
    return error_of(status.error, genre)


def error_of(detail: ErrorDetail, genre: str) -> UserError:
    """The bot's error for the service's; `genre` is the one that was asked for."""
    if detail.code in _BUSY:
        return Busy(retry_after_s=round(detail.retry_after_s or _COME_BACK_S))
    if detail.code is ErrorCode.INVALID_OPTION:
        return InvalidSpec("request", detail.message)
    if detail.code is ErrorCode.UNKNOWN_GENRE:
        return UnknownGenre(genre, ())
    if detail.code is ErrorCode.BAD_RECIPE:
        return BadRecipe(detail.message)
    if detail.code is ErrorCode.BAD_MIDI:
        return BadMidi(detail.message)
    if detail.code in _GONE:
        return ComposerUnavailable(reason=detail.code)
    return ComposerFailed(reason=detail.code)
