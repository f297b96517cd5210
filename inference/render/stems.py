"""Every player alone (stems), and the song without one of them (minus-one)."""

import io
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inference.music.score import Score
from inference.music.spec import Player
from inference.render.errors import RenderFailed, ScoreTooLarge
from inference.render.mp3 import Quality, encode_frames, fitting_quality
from inference.render.signal import Audio, gain_of
from inference.render.soundfiles import encode_flac
from inference.render.studio import Studio
from inference.render.zips import zip_member

_MOST_TRACK_SECONDS = 4_000.0  # 8 players for 8 minutes: more than 3 GB on disk meanwhile
_PEAK_DBFS = -1.0
_ZIP_SPARE_BYTES = 4096


@dataclass(frozen=True)
class Take:
    """One player's stem; the sound lies on disk."""

    name: str
    audio: Audio


@dataclass(frozen=True)
class Session:
    """All stems of a song, which have one length and sum to the mix. Lives as long as `record_stems`' context."""

    takes: tuple[Take, ...]
    total: Audio
    rate: int
    genre: str
    studio: Studio

    def without(self, take: Take) -> Audio:
        """The mastered song without a player. Raises RenderFailed if nobody else plays."""
        if len(self.takes) < 2:
            raise RenderFailed("a song for one player has nobody to practise with")
        return self.studio.finish(self.total - take.audio, self.rate, self.genre)

    def zipped(self, limit_bytes: int | None) -> bytes:
        """All stems, at levels that sum to the mix: as FLAC, or as the best MP3s with which the zip fits.

        Raises:
            ScoreTooLarge: it fits neither way.
        """
        loudest = max(float(np.abs(audio).max(initial=0.0)) for audio in (self.total, *(t.audio for t in self.takes)))
        gain = np.float32(gain_of(_PEAK_DBFS) / loudest if loudest else 1.0)
        try:
            return self._pack(
                "flac", [encode_flac(take.audio * gain, self.rate, None) for take in self.takes], limit_bytes
            )
        except ScoreTooLarge:
            quality = self._quality(limit_bytes or 0)
        frames = [encode_frames(take.audio * gain, self.rate, quality) for take in self.takes]
        return self._pack("mp3", frames, limit_bytes)

    def _quality(self, limit_bytes: int) -> Quality:
        each = (limit_bytes - _ZIP_SPARE_BYTES) // len(self.takes)
        try:
            return fitting_quality(self.total.shape[1], self.rate, each)
        except ScoreTooLarge as error:
            most = limit_bytes / 2**20
            raise ScoreTooLarge(
                f"the stems of {len(self.takes)} players do not fit into {most:.3g} MiB, not even as MP3s in mono"
            ) from error

    def _pack(self, suffix: str, contents: list[bytes], limit_bytes: int | None) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for number, (take, content) in enumerate(zip(self.takes, contents, strict=True), 1):
                archive.writestr(zip_member(f"{number:02} {take.name}.{suffix}"), content)
        if limit_bytes is not None and file.tell() > limit_bytes:
            raise ScoreTooLarge("the stems are too large")
        return file.getvalue()


@contextmanager
def record_stems(studio: Studio, score: Score, roster: tuple[Player, ...], genre: str) -> Iterator[Session]:
    """Records every player once; the stems lie in a temporary folder while the context lasts.

    Raises:
        RenderFailed: no notes, too many players for that long, or a SoundFont that cannot be played.
        OSError: no room for them.
    """
    playing = sum(bool(track.notes) for track in score.tracks)
    if playing * score.duration_s > _MOST_TRACK_SECONDS:
        minutes = _MOST_TRACK_SECONDS / 60 / playing
        raise ScoreTooLarge(f"stems of {playing} players may last {minutes:.0f} minutes at most")
    with tempfile.TemporaryDirectory(prefix="lnh-stems-") as folder:
        takes: list[Take] = []
        total, rate = np.zeros((2, 0), np.float32), 0
        for stem in studio.stems(score, roster, genre):
            path = Path(folder) / f"{stem.track}.npy"
            np.save(path, stem.audio)
            total = stem.audio.copy() if not takes else total + stem.audio
            rate = stem.rate
            takes.append(Take(_free_name(stem.name or stem.role, takes), np.load(path, mmap_mode="r")))
        if not takes:
            raise RenderFailed("this song has no notes, so there is nothing to play")
        yield Session(tuple(takes), total, rate, genre, studio)
        takes.clear()


def _free_name(name: str, takes: list[Take]) -> str:
    """A file name for a player: letters that every file system takes, and no two alike."""
    clean = "".join(letter if letter.isalnum() and letter.isascii() else " " for letter in name)
    plain = " ".join(clean.split())[:40] or "Player"
    taken = {take.name.casefold() for take in takes}
    numbered = [plain, *(f"{plain} {number}" for number in range(2, len(takes) + 3))]
    return next(candidate for candidate in numbered if candidate.casefold() not in taken)
