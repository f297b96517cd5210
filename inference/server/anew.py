"""Songs that are written anew from the points of others: varied in the embedding space, or blended."""

from dataclasses import replace

from inference.music.edit import Edit, Operation
from inference.music.errors import InvalidSpec
from inference.music.genre import Genre, GenreCatalogue
from inference.music.spec import MAX_DENSITY, MIN_DENSITY, SongSpec
from inference.music.units import MAX_BARS, MAX_TEMPO, MIN_BARS, MIN_TEMPO
from inference.tokens.source import Source, unpack_source


def complete_anew(spec: SongSpec, edit: Edit, catalogue: GenreCatalogue) -> SongSpec:
    """Fills in what the song tells that is edited, or both.

    Raises:
        MusicError: a song is none, too long or too short, or asked to be what it cannot be.
    """
    if edit.operation not in (Operation.VARY, Operation.BLEND):
        raise InvalidSpec("space", "in the embedding space I compose, vary and blend; leave space out for the rest")
    if edit.players or edit.bars:
        raise InvalidSpec("edit", "in the embedding space a song is varied as a whole, without players or bars")
    first = unpack_source(edit.source)
    songs = [first] if edit.operation is Operation.VARY else [first, unpack_source(edit.other)]
    _check(songs)
    nearer = songs[int(edit.is_nearer_to_other)]
    header = nearer.arrangement.header
    if spec.meter not in (None, header.meter, nearer.meter):
        raise InvalidSpec("meter", f"in the embedding space a song keeps its meter, {nearer.meter}; leave it out")
    if spec.roster not in (None, header.players) or spec.bars not in (None, header.bars):
        raise InvalidSpec("edit", "in the embedding space a song keeps its band and its bars; leave those out")
    weights = _weights([likely_genre(song, catalogue).name for song in songs], edit.share)
    return replace(spec, genres=spec.genres or weights).with_defaults(
        key=(edit.key if header is first.arrangement.header else None) or header.key,
        meter=nearer.meter,
        tempo=_between([song.arrangement.header.tempo for song in songs], edit.share),
        roster=header.players,
        bars=header.bars,
        density=_density(songs, edit.share),
    )


def _check(songs: list[Source]) -> None:
    """Raises InvalidSpec for songs that no song can be written between."""
    if len({song.arrangement.header.meter for song in songs}) > 1:
        meters = " and ".join(str(song.arrangement.header.meter) for song in songs)
        raise InvalidSpec("meter", f"I blend songs of one meter, not of {meters}")
    for song in songs:
        if not MIN_BARS <= song.bars <= MAX_BARS:
            raise InvalidSpec("bars", f"I do this with songs of {MIN_BARS} to {MAX_BARS} bars; this has {song.bars}")


def likely_genre(source: Source, catalogue: GenreCatalogue) -> Genre:
    """The first of the genres whose band is most like the song's."""
    header = source.arrangement.header

    def likeness(genre: Genre) -> float:
        low, high = genre.tempo_range
        points = 0.5 if low <= header.tempo <= high else 0.0
        roles, players = [player.role for player in genre.roster], list(genre.roster)
        for player in header.players:
            if player.role in roles:
                roles.remove(player.role)
                points += 1.0
            if player in players:
                players.remove(player)
                points += 0.5
        return points - 0.25 * len(roles)

    return max(catalogue.genres, key=likeness)


def _weights(genres: list[str], ratio: float) -> tuple[tuple[str, float], ...]:
    shares: dict[str, float] = {}
    for genre, share in zip(genres, (1 - ratio, ratio), strict=False):
        shares[genre] = shares.get(genre, 0.0) + share
    return tuple((genre, share) for genre, share in shares.items() if share > 0)


def _between(tempos: list[float], ratio: float) -> float:
    """In equal steps by ratio, as tempos are heard."""
    tempo = tempos[0] if len(tempos) == 1 else tempos[0] ** (1 - ratio) * tempos[1] ** ratio
    return min(MAX_TEMPO, max(MIN_TEMPO, tempo if len(tempos) == 1 else round(tempo)))


def _density(songs: list[Source], ratio: float) -> int | None:
    levels = [song.arrangement.header.density for song in songs]
    known = [level for level in levels if level is not None]
    if len(known) < len(songs):
        return None
    mean = known[0] if len(known) == 1 else round((1 - ratio) * known[0] + ratio * known[1])
    return min(MAX_DENSITY, max(MIN_DENSITY, mean))
