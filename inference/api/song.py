"""A request for a song."""

from typing import Annotated

from pydantic import Field, StringConstraints

from inference.api.edit import EditBody
from inference.api.files import DEFAULT_FILE_MIB, FILES_HELP, ExtraFile, FileFormat, MaxFileMib
from inference.api.wire import FormText, GenreName, ShortText, Wire
from inference.music.form import read_form
from inference.music.pitch import Key
from inference.music.program import Role
from inference.music.score import Meter
from inference.music.spec import (
    MAX_DENSITY,
    MAX_GUIDANCE,
    MAX_PLAYERS,
    MAX_SEED,
    MAX_TAKES,
    MAX_TITLE,
    MIN_DENSITY,
    Player,
    SongSpec,
    Space,
)
from inference.music.units import MAX_BARS, MAX_TEMPO, MIN_BARS, MIN_TEMPO


class BandMember(Wire):
    """One player: a role and, if wanted, a General MIDI program."""

    role: Role
    program: Annotated[int, Field(ge=0, le=127)] | None = None


class SongBody(Wire):
    """What to compose. `{"genre": "metal"}` alone is enough; the rest is chosen from the genre.

    With `edit` a song that exists is changed; what is not said, the genre included, is then taken from that song.
    """

    genre: GenreName | dict[GenreName, float] | None = Field(
        default=None, examples=["metal", {"metal": 0.7, "jazz": 0.3}], description="required unless there is an edit"
    )
    edit: EditBody | None = None
    request_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    bars: Annotated[int, Field(ge=MIN_BARS, le=MAX_BARS)] | None = None
    key: ShortText | None = Field(default=None, examples=["Em", "F# major"])
    tempo: Annotated[float, Field(ge=MIN_TEMPO, le=MAX_TEMPO)] | None = None
    strict_key: bool = Field(default=False, description="use only notes of the key in what is written")
    meter: ShortText | None = Field(default=None, examples=["4/4", "3/4", "6/8", "2/4", "2/2"])
    band: Annotated[list[BandMember], Field(min_length=1, max_length=MAX_PLAYERS)] | None = None
    density: Annotated[int, Field(ge=MIN_DENSITY, le=MAX_DENSITY)] | None = None
    form: FormText | None = Field(
        default=None, examples=["AABA", "verse chorus verse chorus"], description="sections of a new song"
    )
    title: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TITLE)] | None = None
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] | None = None
    seed_drawn: bool = Field(
        default=False,
        description="the seed was drawn at random, so no particular song is expected: without `takes`, fewer takes"
        " are written while other songs are made or wait; implied when `seed` is left out",
    )
    temperature: Annotated[float, Field(ge=0.1, le=2.0)] = 1.0
    top_p: Annotated[float, Field(ge=0.1, le=1.0)] = 0.98
    guidance: Annotated[float, Field(ge=0.0, le=MAX_GUIDANCE)] = 1.0
    space: Space = Field(
        default=Space.PROBABILITIES,
        description="embedding: first sample a point of the embedding space (or, to vary a song, move it) for each"
        " player and bar, then notes that match it",
    )
    takes: Annotated[int, Field(ge=1, le=MAX_TAKES)] | None = Field(
        default=None,
        description="write so many takes of a new song and keep the best, by obedience and the critic; the"
        " recipe is that one's. Default: the service's number, fewer under load if `seed_drawn`",
    )
    take: Annotated[int, Field(ge=0, le=MAX_TAKES - 1)] = Field(
        default=0, description="which take of this seed (replay)"
    )
    touch: dict[ShortText, float] | None = Field(
        default=None, description="sampling biases, from a recipe (replay); default: the genre's"
    )
    drawn_form: FormText | None = Field(
        default=None, description="the sections that the band made up its mind on, as a recipe says them (replay)"
    )
    formats: list[FileFormat] = Field(default=list(FileFormat), min_length=1, max_length=8)
    files: list[ExtraFile] = Field(default=[], min_length=0, max_length=16, description=FILES_HELP)
    max_file_mib: MaxFileMib = DEFAULT_FILE_MIB
    preview: bool = Field(
        default=False, description="announce a quick mix if the full one takes longer than the service's preview_s"
    )
    asked: Annotated[list[ShortText], Field(min_length=0, max_length=16)] | None = Field(
        default=None, description="which fields a person chose, from a recipe (replay); default: all that are given"
    )
    checkpoint: Annotated[str, StringConstraints(max_length=128)] | None = Field(
        default=None, description="refuse unless this checkpoint is loaded (replay)"
    )
    client: Annotated[str, StringConstraints(max_length=128)] = Field(
        default="", description="opaque id for fair sharing, such as a guild or workspace: clients take turns"
    )
    user: Annotated[str, StringConstraints(max_length=128)] = Field(
        default="", description="opaque id of a person: users take turns within `client`, each with a quota"
    )
    scheduled: bool = Field(default=False, description="not interactive: queue behind all interactive requests")
    deadline_s: Annotated[float, Field(gt=0, le=3600)] = 600.0

    def to_spec(self) -> SongSpec:
        """The spec asked for. Raises InvalidSpec (UnknownGenre comes later, from the catalogue)."""
        weights = {self.genre: 1.0} if isinstance(self.genre, str) else self.genre or {}
        total = sum(weights.values())
        # Weights that sum to 1 already stay as they are to the last bit, so that a recipe's blend replays exactly.
        # Negative ones must not become positive.
        scale = 1.0 if total <= 0 or abs(total - 1) < 1e-9 else 1 / total
        return SongSpec(
            genres=tuple((name, weight * scale) for name, weight in weights.items()),
            bars=self.bars,
            key=None if self.key is None else Key.parse(self.key),
            tempo=self.tempo,
            meter=None if self.meter is None else Meter.parse(self.meter),
            roster=None if self.band is None else tuple(Player.of(member.role, member.program) for member in self.band),
            density=self.density,
            title=self.title,
            strict_key=self.strict_key,
            form=None if self.form is None else read_form(self.form),
            edit=None if self.edit is None else self.edit.to_edit(),
        )
