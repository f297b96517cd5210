"""How each genre sounds: `configs/sounds.toml` as typed values."""

import math
import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from inference.music.program import Role
from inference.render.errors import RenderFailed

DEFAULT_SOUNDS = Path(__file__).parents[2] / "configs" / "sounds.toml"
_BASE = "default"


def _rising(curve: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    hertz = [point[0] for point in curve]
    if hertz != sorted(set(hertz)) or any(not math.isfinite(value) for point in curve for value in point):
        raise ValueError("the frequencies of a curve must rise")
    return curve


Curve = Annotated[tuple[tuple[Annotated[float, Field(ge=1)], float], ...], AfterValidator(_rising)]


class _Preset(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Amp(_Preset):
    """A guitar amplifier.

    `tone` is the curve (Hz, dB) before the clipping stages, `drive_db` the gain into them, `squeeze` a compression
    ratio before them, `cabinet` the loudspeaker's curve. A palm mute falls by 60 dB in `mute_s` and is as dull as
    `mute_tone` says.
    """

    tone: Curve = Field(min_length=2)
    drive_db: Annotated[float, Field(ge=-20, le=80)]
    cabinet: Curve = Field(min_length=2)
    squeeze: Annotated[float, Field(ge=1, le=20)] = 1.0
    mute_s: Annotated[float, Field(ge=0.02, le=4)] = 0.25
    mute_tone: Curve = ((40.0, 3.5), (115.0, 5.0), (280.0, -4.0), (700.0, -13.0), (1800.0, -24.0), (8000.0, -42.0))


class Strip(_Preset):
    """One channel of the mixing desk.

    `level` is the role's loudness as it is heard in the end, against the drums' usual 0 (LU). `pan` -1 left to 1 right,
    `width` 0 mono to 1.5, `room_db` and `echo_db` are sends, `spread_db` how wide a mono instrument becomes, `squeeze`
    a compression ratio, `drive_db` soft clipping, `tone` a curve (Hz, dB). Notes are up to `late_ms` late and
    `uneven_db` louder or softer than written. With 2 `takes` a guitar that plays alone is recorded twice, a side each.
    """

    level: Annotated[float, Field(ge=-40, le=20)] = -6.0
    pan: Annotated[float, Field(ge=-1, le=1)] = 0.0
    width: Annotated[float, Field(ge=0, le=1.5)] = 1.0
    room_db: Annotated[float, Field(ge=-80, le=6)] | None = -16.0
    echo_db: Annotated[float, Field(ge=-80, le=0)] | None = None
    spread_db: Annotated[float, Field(ge=-40, le=0)] | None = None
    squeeze: Annotated[float, Field(ge=1, le=20)] = 1.0
    drive_db: Annotated[float, Field(ge=0, le=40)] = 0.0
    late_ms: Annotated[float, Field(ge=0, le=30)] = 0.0
    uneven_db: Annotated[float, Field(ge=0, le=6)] = 0.0
    tone: Curve = ()
    takes: Annotated[int, Field(ge=1, le=2)] = 1


class Sound(_Preset):
    """A genre's whole desk. `kit` is the General MIDI drum kit; amp names point into `[amps]`."""

    kit: Annotated[int, Field(ge=0, le=127)] = 0
    rhythm_amp: str
    lead_amp: str
    clean_amp: str
    room_s: Annotated[float, Field(ge=0.05, le=4)] = 0.4
    glue: Annotated[float, Field(ge=1, le=10)] = 1.5
    tone: Curve = ()
    drums: Strip
    bass: Strip
    rhythm: Strip
    lead: Strip
    keys: Strip
    strings: Strip
    winds: Strip
    synth: Strip
    other: Strip

    def strip(self, role: Role) -> Strip:
        strip: Strip = getattr(self, role.value)
        return strip


class Sounds(_Preset):
    """All amps and all genres; a genre without a table of its own sounds like `default`."""

    amps: dict[str, Amp]
    sounds: dict[str, Sound]

    def of(self, genre: str) -> Sound:
        return self.sounds.get(genre, self.sounds[_BASE])


@cache
def load_sounds(path: Path = DEFAULT_SOUNDS) -> Sounds:
    """Reads a sounds file; each genre's table is laid over `[sounds.default]`.

    Raises:
        RenderFailed: it cannot be read or does not say what it must; the message names the place.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        base = table["sounds"][_BASE]
        merged = {name: _laid_over(base, own) for name, own in table["sounds"].items()}
        sounds = Sounds.model_validate({"amps": table["amps"], "sounds": merged})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RenderFailed(f"I cannot read the sounds in {path.name}: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise RenderFailed(f"{path.name} needs the tables [amps] and [sounds.{_BASE}]") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RenderFailed(f"{path.name} is wrong at {place}: {first['msg']}") from error
    _check_amps(sounds, path)
    return sounds


def _laid_over(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in own.items():
        under = base.get(name)
        merged[name] = under | value if isinstance(under, dict) and isinstance(value, dict) else value
    return merged


def _check_amps(sounds: Sounds, path: Path) -> None:
    for genre, sound in sounds.sounds.items():
        for amp in (sound.rhythm_amp, sound.lead_amp, sound.clean_amp):
            if amp not in sounds.amps:
                raise RenderFailed(f"{path.name}: {genre} plays through “{amp}”, which is not among the amps")
