"""What admins do in Slack, genres, daily songs and privacy, with the real Bolt over real sockets."""

from tests.fakes.slack_edge import Actor
from tests.fakes.slack_running import running


async def test_genres_are_switched_by_admins_only(edge, band):
    async with running(edge, band):
        await edge.command("/genres", "disable metal")
        assert "Only admins" in (await edge.responded())["text"]
    assert band.genres.off == set()


async def test_daily_song_is_set_shown_posted_and_stopped(edge, band, admin):
    async with running(edge, band):
        await edge.command("/daily", "18:30 Europe/Berlin metal", admin)
        assert "18:30 (Europe/Berlin)" in (await edge.responded())["text"]
        await edge.command("/compose", "daily show")
        assert "18:30" in (await edge.responded(2))["text"]
        await band.next_day()
        (message,) = await edge.history()
        assert len(message["files"]) == 3
        await edge.command("/daily", "stop", admin)
        assert "No more" in (await edge.responded(3))["text"]
    assert band.clock.calls == {}


async def test_an_admin_hears_the_next_daily_song_in_a_direct_message_and_skips_it(edge, band, admin):
    here = edge.api.workspace
    async with running(edge, band):
        await edge.command("/daily", "18:30 Europe/Berlin metal", admin)
        await edge.responded()
        await edge.command("/daily", "preview", admin)
        assert "on its way to you, in a direct message" in (await edge.responded(2))["text"]
        await edge.until(lambda: len(edge.api.messages) == 2)
        words, files = await edge.history(f"D{here.admin[1:]}")
        assert "Only you hear it now" in words["text"]
        assert [file["name"].rpartition(".")[2] for file in files["files"]] == ["png", "mp3", "mid"]
        assert await edge.history() == []
        await edge.command("/daily", "skip", admin)
        assert "There will be no song on Wed 1 Jul at 18:30." in (await edge.responded(3))["text"]
        await edge.command("/daily", "skip")
        assert "Only admins" in (await edge.responded(4))["text"]


async def test_another_song_instead_of_the_next_one_comes_by_a_button_and_by_a_command(edge, band, admin):
    here, direct = edge.api.workspace, f"D{edge.api.workspace.admin[1:]}"
    boss = Actor(here.team, direct, here.admin, "ada")
    async with running(edge, band):
        await edge.command("/daily", "18:30 Europe/Berlin metal", admin)
        await edge.responded()
        await edge.command("/daily", "preview", admin)
        await edge.until(lambda: len(edge.api.messages) == 2)
        heard, _ = await edge.history(direct)
        for said in (4, 6):  # a second press means the same
            await edge.click(heard, boss)
            await edge.until(lambda said=said: len(edge.api.messages) == said)
        await edge.command("/daily", "another", admin)
        await edge.until(lambda: len(edge.api.messages) == 8)
        assert await edge.history() == []
        seeds = [asked.sampling.seed for asked in band.composer.asked]
        assert (len(set(seeds)), seeds[1]) == (3, seeds[2])
        await edge.click(heard)
        assert "Only admins" in (await edge.responded(6))["text"]
        await band.next_day()
        (posted,) = await edge.history()
        assert len(posted["files"]) == 3
        assert band.composer.asked[-1].sampling.seed == seeds[3]
        await edge.click(heard, boss)
        assert "will not come any more" in (await edge.responded(7))["text"]


async def test_what_is_kept_is_shown_handed_out_and_forgotten(edge, band, admin):
    here = edge.api.workspace
    async with running(edge, band):
        await edge.command("/compose", "privacy")
        assert "What I keep about you" in (await edge.responded())["text"]
        await edge.command("/compose", "privacy forget")
        assert "/compose privacy forget sure" in (await edge.responded(2))["text"]
        await edge.command("/compose", "privacy forget all sure")
        assert "Only admins" in (await edge.responded(3))["text"]
        assert band.records.forgotten == []
        await edge.command("/compose", "privacy forget sure")
        assert "Forgotten for good" in (await edge.responded(4))["text"]
        await edge.command("/compose", "privacy forget all sure", admin)
        await edge.responded(5)
        await edge.command("/compose", "privacy export")
        assert "direct message" in (await edge.responded(6))["text"]
        _, message = await edge.history(f"D{here.member[1:]}")
        assert message["files"][0]["name"] == "lnh-records.json"
        assert b'"of": "' in await edge.api.content(message["files"][0])
    assert [owner.person for owner in band.records.forgotten] == [here.member, None]


async def test_daily_song_cannot_be_set_by_everybody(edge, band):
    async with running(edge, band):
        await edge.command("/daily", "18:30 Europe/Berlin metal")
        assert "Only admins" in (await edge.responded())["text"]
    assert band.schedules.by_id == {}


async def test_daily_song_where_we_may_not_post_is_refused_when_it_is_set(edge, band, admin):
    here = edge.api.workspace
    async with running(edge, band):
        await edge.command("/daily", "18:30 Europe/Berlin", Actor(here.team, here.private, here.admin, "ada"))
        assert "/invite" in (await edge.responded())["text"]
    assert band.schedules.by_id == {}


async def test_unreadable_time_is_explained_with_an_example(edge, band, admin):
    async with running(edge, band):
        await edge.command("/daily", "noonish Europe/Berlin", admin)
        assert "18:30" in (await edge.responded())["text"]
