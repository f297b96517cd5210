"""The command line through its front door: what it writes, what it prints and how it refuses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bot.__main__ import main as lnh_main
from bot.commands.cli import EXAMPLES
from inference.midi import read_midi
from inference.music.recipe import Recipe
from tests.fakes.command_line import Lnh
from tests.fakes.service import Service


def test_compose_writes_a_song_and_says_where(lnh: Lnh, service: Service) -> None:
    lnh("compose", "metal", "--bars", "8", "--title", "Ashes of Iron")
    assert lnh.status == 0, lnh.err
    assert lnh.out.splitlines()[-3:] == ["out/ashes-of-iron.mid", "out/ashes-of-iron.mp3", "out/ashes-of-iron.png"]
    assert Path("out/ashes-of-iron.mp3").read_bytes().startswith(b"ID3")
    assert "Mixing and mastering" in lnh.err


def test_compose_prints_one_json_object_with_all_there_is_to_know(lnh: Lnh, service: Service) -> None:
    options = ["--bars", "32", "--tempo", "160", "--key", "Em", "--seed", "7"]
    lnh("compose", "metal", *options, "--out", "here", "--json")
    printed = json.loads(lnh.out)
    recipe = printed["recipe"]
    assert (recipe["bars"], recipe["tempo"], recipe["key"], recipe["seed"]) == (32, 160.0, "Em", 7)
    assert recipe["checkpoint"] == "fake-weights"
    assert {"title", "genre", "recipe", "files", "extras", "left_out", "report", "seconds"} == set(printed)
    assert {"queued", "composing", "rendering", "total"} <= set(printed["seconds"])
    asked = {line["name"]: line["asked"] for line in printed["report"]}
    assert (asked["bars"], asked["tempo"], asked["key"], asked["band"]) == ("32", "160", "Em", None)
    assert all(Path(path).parent == Path("here") and Path(path).is_file() for path in printed["files"].values())
    assert set(printed["files"]) == {"mid", "mp3", "png"}


def test_the_recipe_is_inside_the_midi_file(lnh: Lnh, service: Service) -> None:
    printed = json.loads(lnh("compose", "metal", "--seed", "7", "--format", "mid", "--json").out)
    score = read_midi(Path(printed["files"]["mid"]).read_bytes())
    assert Recipe.from_meta(score.meta).to_dict() == printed["recipe"]


def test_every_option_reaches_the_engine(lnh: Lnh, service: Service) -> None:
    music = ["--bars", "12", "--key", "F# minor", "--tempo", "123.5", "--density", "6", "--band", "drums,bass:33,lead"]
    drawing = ["--seed", "9", "--temperature", "0.8", "--top-p", "0.9", "--format", "mid"]
    assert lnh("compose", "thrash", *music, *drawing).status == 0, lnh.err
    job = service.engine.submitted[0]
    spec, sampling = job.spec, job.sampling
    assert (spec.main_genre, spec.bars, str(spec.key), spec.tempo, spec.density) == ("metal", 12, "F#m", 123.5, 6)
    assert [(str(player.role), player.program) for player in spec.roster or ()][1] == ("bass", 33)
    assert (sampling.seed, sampling.temperature, sampling.top_p) == (9, 0.8, 0.9)


def test_a_second_song_of_the_same_name_overwrites_nothing(lnh: Lnh, service: Service) -> None:
    lnh("compose", "metal", "--title", "Twice", "--format", "mid")
    assert lnh("compose", "metal", "--title", "Twice", "--format", "mid").out.splitlines()[-1] == "out/twice-2.mid"


def test_replay_makes_the_same_notes_and_says_so(lnh: Lnh, service: Service) -> None:
    lnh("compose", "metal", "--seed", "7", "--bars", "8", "--title", "Again", "--format", "mid")
    lnh("replay", "out/again.mid", "--json")
    assert lnh.status == 0, lnh.err
    printed = json.loads(lnh.out)
    assert printed["identical"] is True
    asked = {line["name"]: line["asked"] for line in printed["report"]}
    assert (asked["bars"], asked["tempo"]) == ("8", None)


def test_replay_fails_when_the_notes_differ(lnh: Lnh, service: Service) -> None:
    lnh("compose", "metal", "--seed", "7", "--bars", "8", "--title", "Again", "--format", "mid")
    content = Path("out/again.mid").read_bytes()
    Path("changed.mid").write_bytes(content.replace(b'"seed":7', b'"seed":8'))
    lnh("replay", "changed.mid")
    assert lnh.status == 1
    assert "the notes differ from those of changed.mid" in lnh.err


def test_tokens_shows_a_song_as_band_code(lnh: Lnh, service: Service) -> None:
    lnh("compose", "metal", "--seed", "7", "--bars", "8", "--tempo", "150", "--title", "Code", "--format", "mid")
    assert "150 bpm" in lnh("tokens", "out/code.mid").out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("compose metall", "did you mean metal"),
        ("compose metal --tempo 900", "between 40 and 260"),
        ("compose metal --bars 3", "between 4 and 64"),
        ("compose metal --bars many", "--bars"),
        ("compose metal --key H", "“H” is not a key"),
        ("compose metal --seed -1", "between 0 and 4294967295"),
        ("compose metal --temperature 9", "between 0.1 and 2"),
        ("compose metal --density 9", "between 1 and 8"),
        ("compose metal --band drums,kazoo", "“kazoo” is no player"),
        ("compose metal --format wav", "one of mid, mp3, png"),
        ("compose metal --out file.txt/sub", "file.txt/sub cannot be written to"),
        ("compose", "genre"),
        ("compose metal --loud", "--loud"),
        ("sing", "sing"),
        ("replay absent.mid", "absent.mid cannot be read"),
        ("replay file.txt", "not a MIDI file"),
        ("tokens file.txt", "not a MIDI file"),
        ("serve --port 99999", "between 0 and 65535"),
        ("serve --host no.such.host.invalid", "not an address I can listen on"),
    ],
)
def test_bad_input_is_one_clear_sentence_and_a_failure(lnh: Lnh, words: str, sentence: str) -> None:
    Path("file.txt").write_text("no music at all")
    lnh(*words.split())
    assert lnh.status != 0
    assert lnh.out == ""
    assert len(lnh.err.splitlines()) == 1, lnh.err
    assert lnh.err.startswith("lnh: ")
    assert sentence in lnh.err


def test_no_verb_at_all_shows_what_there_is_and_nothing_else(lnh: Lnh) -> None:
    lnh()
    assert lnh.status == 2
    assert "compose" in lnh.out + lnh.err
    assert "lnh: " not in lnh.err


def test_whoever_stops_it_before_a_verb_runs_hears_one_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("bot.commands.cli.main", stop)
    assert lnh_main() == 130
    assert capsys.readouterr().err == "lnh: stopped\n"


def test_genres_that_cannot_be_read_are_named(lnh: Lnh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LNH_MUSIC_GENRES", "nowhere.toml")
    lnh("compose", "metal")
    assert lnh.status == 1
    assert lnh.err.startswith("lnh: the genres in nowhere.toml cannot be read")


@pytest.mark.parametrize("verb", ["run", "bot"])
def test_a_platform_configured_by_half_is_told_before_anything_is_started(
    lnh: Lnh, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setenv("LNH_SLACK_BOT_TOKEN", "xoxb-1")
    lnh(verb)
    assert (lnh.status, lnh.out) == (1, "")
    assert lnh.err.startswith("lnh: Slack needs LNH_SLACK_APP_TOKEN")


def test_a_database_that_cannot_be_used_is_told_before_the_service_is_started(
    lnh: Lnh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LNH_DATABASE_URL", "nonsense")
    lnh("run")
    assert lnh.status == 1
    assert lnh.err.startswith("lnh: the database URL is not one I understand")


def test_a_missing_checkpoint_is_named(lnh: Lnh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LNH_INFERENCE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("LNH_INFERENCE_CHECKPOINT", "nowhere.safetensors")
    lnh("compose", "metal")
    assert (lnh.status, lnh.err) == (
        1,
        "lnh: there is no checkpoint at nowhere.safetensors (LNH_INFERENCE_CHECKPOINT)\n",
    )


def test_a_damaged_checkpoint_is_named(lnh: Lnh, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("bad.safetensors").write_bytes(b"not weights")
    monkeypatch.setenv("LNH_INFERENCE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("LNH_INFERENCE_CHECKPOINT", "bad.safetensors")
    lnh("compose", "metal")
    assert lnh.status == 1
    assert "bad.safetensors is damaged" in lnh.err
    assert len(lnh.err.splitlines()) == 1


def test_a_port_in_use_is_one_sentence(lnh: Lnh, service: Service) -> None:
    port = service.client.make_url("/").port
    lnh("serve", "--port", str(port))
    assert lnh.status == 1
    assert f"port {port} on 127.0.0.1 is in use" in lnh.err


def test_a_misspelt_setting_is_one_sentence(lnh: Lnh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LNH_INFERENCE_SLOTZ", "3")
    lnh("config", "show")
    assert (lnh.status, lnh.err) == (1, "lnh: there is no setting called inference.slotz (LNH_INFERENCE_SLOTZ)\n")


def test_config_show_masks_tokens_and_passwords(lnh: Lnh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LNH_DISCORD_TOKEN", "very-secret")
    monkeypatch.setenv("LNH_DATABASE_URL", "postgresql+asyncpg://lnh:very-secret@db/lnh")
    for words in (("config", "show"), ("config", "show", "--json")):
        lnh(*words)
        assert "very-secret" not in lnh.out
        assert "postgresql+asyncpg://lnh:***@db/lnh" in lnh.out


def test_db_upgrade_makes_the_database(lnh: Lnh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LNH_DATABASE_URL", "sqlite+aiosqlite:///new/lnh.db")
    assert lnh("db", "upgrade").status == 0, lnh.err
    assert Path("new/lnh.db").is_file()
    monkeypatch.setenv("LNH_DATABASE_URL", "nonsense")
    lnh("db", "upgrade")
    assert (lnh.status, len(lnh.err.splitlines())) == (1, 1)


def test_bot_with_half_of_slack_names_the_other_half(lnh: Lnh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LNH_SLACK_BOT_TOKEN", "xoxb-x")
    lnh("bot")
    assert lnh.status == 1
    assert "LNH_SLACK_APP_TOKEN" in lnh.err
    assert len(lnh.err.splitlines()) == 1


@pytest.mark.parametrize("words", [words for _, words, _ in EXAMPLES])
def test_every_verb_has_help_with_an_example(lnh: Lnh, words: str) -> None:
    example = next(example for _, known, example in EXAMPLES if known == words)
    assert lnh(*words.split(), "--help").status == 0
    assert f"Example: {example}" in lnh.out


def test_help_imports_no_torch() -> None:
    script = "import sys, bot.commands.cli as cli; sys.argv[1:] = ['--help']; cli.main(); print('torch' in sys.modules)"
    shown = subprocess.check_output([sys.executable, "-c", script], text=True)  # noqa: S603  # our own interpreter
    assert shown.splitlines()[-1] == "False"
