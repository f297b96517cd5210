"""What is stored comes back as it was."""

from hypothesis import given
from hypothesis import strategies as st

from adapters.storage.codec import person_from_json, person_to_json, request_from_json, request_to_json
from bot.domain.request import Place, Priority, Requester, RequestId, SongRequest
from inference.api import ExtraFile, FileFormat
from inference.music.pitch import Key, Mode
from inference.music.program import Role
from inference.music.score import Meter
from inference.music.spec import MAX_SEED, Player, SamplingParams, SongSpec

TEXTS = st.text(max_size=30)
PEOPLE = st.builds(Requester, TEXTS, TEXTS, TEXTS)
PLAYERS = st.builds(Player, st.sampled_from([role for role in Role if role is not Role.DRUMS]), st.integers(0, 127))
BLENDS = st.just((("metal", 1.0),)) | st.floats(0.01, 0.99).map(lambda part: (("metal", part), ("jazz", 1 - part)))
SPECS = st.builds(
    SongSpec,
    genres=BLENDS,
    bars=st.none() | st.integers(4, 64),
    key=st.none() | st.builds(Key, st.integers(0, 11), st.sampled_from(Mode)),
    tempo=st.none() | st.floats(40, 260),
    meter=st.none() | st.just(Meter(4, 4)),
    roster=st.none() | st.lists(PLAYERS, min_size=1, max_size=5).map(tuple),
    density=st.none() | st.integers(1, 8),
    title=st.none() | TEXTS,
)
REQUESTS = st.builds(
    SongRequest,
    id=st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True).map(RequestId),
    spec=SPECS,
    sampling=st.builds(SamplingParams, st.integers(0, MAX_SEED), st.floats(0.1, 2), st.floats(0.1, 1)),
    place=st.builds(Place, TEXTS, TEXTS, TEXTS, st.none() | TEXTS),
    requester=PEOPLE,
    formats=st.lists(st.sampled_from(FileFormat), unique=True).map(tuple),
    priority=st.sampled_from(Priority),
    deadline_s=st.floats(1, 3600),
    files=st.lists(st.sampled_from(ExtraFile), unique=True).map(tuple),
    max_file_mib=st.floats(1, 4096),
    seed_drawn=st.booleans(),
    asked=st.none() | st.lists(st.sampled_from(["tempo", "key", "roster"]), unique=True).map(tuple),
)


@given(REQUESTS)
def test_every_request_comes_back_as_it_was(request: SongRequest) -> None:
    assert request_from_json(request_to_json(request)) == request


@given(PEOPLE)
def test_every_person_comes_back_as_they_were(person: Requester) -> None:
    assert person_from_json(person_to_json(person)) == person
