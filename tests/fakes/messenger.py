"""A platform that takes posts, or does not."""

from dataclasses import dataclass, field

from bot.domain.request import Place, Requester
from bot.domain.song import Song


@dataclass
class FakeMessenger:
    """`posts` holds (place, song, note), one a nonce; `told` the sentences; `failures` are raised by `post_song`."""

    posts: list[tuple[Place, Song, str | None]] = field(default_factory=list)
    nonces: set[str] = field(default_factory=set)
    told: list[str] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)

    async def post_song(self, place: Place, song: Song, note: str | None, nonce: str) -> None:
        if self.failures:
            raise self.failures.pop(0)
        if nonce not in self.nonces:
            self.nonces.add(nonce)
            self.posts.append((place, song, note))

    async def tell(self, person: Requester, place: Place, sentence: str) -> None:
        self.told.append(sentence)
