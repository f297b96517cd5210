import io
import struct

import numpy as np
import pytest
import soundfile

from inference.music.genre import load_catalogue
from inference.render.soundfonts.convert import KITS, PROGRAMS, convert
from inference.render.soundfonts.sf2 import RECORDS, NotASoundfont, parse
from inference.render.soundfonts.soundset import BAND, DRUM_BANK, Soundset
from inference.render.sounds import DEFAULT_SOUNDS, load_sounds
from inference.render.synth import Tone, play_tones

RATE = 22_050
DRY_GUITARS = {29: 27, 30: 27, 31: 27}


def chunk(name: bytes, body: bytes, *, padded: bool = True) -> bytes:
    return name + struct.pack("<I", len(body)) + body + (b"\0" * (len(body) % 2) if padded else b"")


def compressed_font(presets: list[tuple[int, int]]) -> bytes:
    """An sf3 as MuseScore writes them: Ogg Vorbis samples, loops counted from their start, no pad byte."""
    wave = 0.5 * np.sin(2 * np.pi * 441 * np.arange(RATE) / RATE)
    file = io.BytesIO()
    soundfile.write(file, wave, RATE, format="OGG", subtype="VORBIS")
    ogg = file.getvalue() + (b"" if len(file.getvalue()) % 2 else b"\0")
    count = len(presets)
    rows: dict[str, list[tuple[object, ...]]] = {
        "phdr": [(b"P", program, bank, index, (0, 0, 0)) for index, (bank, program) in enumerate(presets)]
        + [(b"EOP", 0, 0, count, (0, 0, 0))],
        "pbag": [(index, 0) for index in range(count + 1)],
        "pgen": [(41, 0)] * count + [(0, 0)],
        "inst": [(b"I", 0), (b"EOI", 1)],
        "ibag": [(0, 0), (2, 0)],
        "igen": [(54, 1), (53, 0), (0, 0)],
        "shdr": [(b"S", 0, len(ogg), 5_000, 10_000, RATE, 69, 0, 0, 17), (b"EOS", 0, 0, 0, 0, 0, 0, 0, 0, 0)],
    }
    tables = b"".join(
        chunk(name.encode(), np.array(rows[name], RECORDS[name]).tobytes() if name in rows else bytes(10))
        for name in ("phdr", "pbag", "pmod", "pgen", "inst", "ibag", "imod", "igen", "shdr")
    )
    lists = (
        chunk(b"LIST", b"INFO" + chunk(b"ifil", struct.pack("<HH", 3, 1)))
        + chunk(b"LIST", b"sdta" + chunk(b"smpl", ogg, padded=False), padded=False)
        + chunk(b"LIST", b"pdta" + tables)
    )
    return b"RIFF" + struct.pack("<I", len(lists) + 4) + b"sfbk" + lists


def test_a_compressed_font_becomes_one_that_the_synth_plays_in_tune() -> None:
    wanted = [*((0, program) for program in PROGRAMS), *((DRUM_BANK, kit) for kit in KITS)]
    soundset = Soundset(convert(compressed_font(wanted)))
    tone = Tone(soundset.preset(48, is_drum=False), 69, 100)
    sound = play_tones({tone: 3 * 48_000}, soundset)[tone][0]
    assert len(sound) > 3 * 48_000  # the loop holds it
    peak = np.abs(np.fft.rfft(sound[48_000:96_000] * np.hanning(48_000))).argmax()
    assert peak == pytest.approx(441, abs=2)


def test_the_band_has_every_program_and_kit_that_a_genre_names() -> None:
    presets = parse(BAND.read_bytes()).presets()
    players = [
        player for genre in load_catalogue(DEFAULT_SOUNDS.parent / "genres.toml").genres for player in genre.roster
    ]
    programs = {DRY_GUITARS.get(player.program, player.program) for player in players if not player.is_drum}
    kits = {sound.kit for sound in load_sounds().sounds.values()}
    assert {(0, program) for program in programs} | {(DRUM_BANK, kit) for kit in kits} <= set(presets)


def test_the_band_is_below_thirty_megabytes_and_brings_its_licence() -> None:
    assert BAND.stat().st_size < 30_000_000
    licence = (BAND.parent / "LICENSE-FluidR3Mono.md").read_text(encoding="utf-8")
    assert "Permission is hereby granted" in licence
    assert "Frank Wen" in licence


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF\0\0\0\0sfbk", BAND.read_bytes()[:1_000_000]])
def test_what_is_no_whole_soundfont_is_not_parsed(content: bytes) -> None:
    with pytest.raises(NotASoundfont):
        parse(content)
