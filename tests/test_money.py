"""The story's pipeline over real HTTP, killed again and again: no picture is paid twice without somebody saying so."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from renderlock.actions.calls.book import CallRecord, read_book
from renderlock.actions.calls.decide import decide
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.reduction import reduce_by
from renderlock.spec.standing import Standing
from renderlock.store import Store
from renderlock.store.maintenance import check
from renderlock.testing import serve
from renderlock.testing.server import Server

KILLS = 30
NAMES = ("apple", "star", "tree", "moon", "boat", "kite", "lamp", "fish", "bell", "leaf", "drum", "crown")
PICTURES = 2 * len(NAMES)
"""A quick pass and a final an asset."""

ZYGOTE = """
import json, os, sys
import renderlock.cli.run, renderlock.engines.ideogram.engine, renderlock.engines.imagen.engine
from renderlock.cli.main import main
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        sys.argv = ["renderlock", *json.loads(line)]
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nothing, stream)
        main()
    print(child, flush=True)
    os.waitpid(child, 0)
    print("ended", flush=True)
"""
"""Starts commands as its own copies, so that thirty of them do not load everything thirty times."""

DOCS = Path(__file__).parents[1] / "docs" / "pipeline.md"


def story() -> str:
    """The smallest pipeline file of the documentation, to the letter."""
    text = DOCS.read_text(encoding="utf-8")
    return text.partition("The smallest file has")[2].partition("```yaml\n")[2].partition("```")[0]


def assets() -> str:
    """Assets for the story's file; one seed each, as Imagen takes none on the Gemini API."""
    return "assets:\n" + "".join(f"  - {{name: {name}, prompt: a golden {name}}}\n" for name in NAMES)


@dataclass(frozen=True)
class Project:
    """The story's project, with both providers on loopback."""

    folder: Path
    ideogram: Server
    imagen: Server

    @property
    def accepted(self) -> int:
        """How many pictures the providers would bill."""
        return self.ideogram.accepted + self.imagen.accepted

    @property
    def environment(self) -> dict[str, str]:
        """The environment that points renderlock at the servers."""
        return os.environ | {
            "IDEOGRAM_API_KEY": self.ideogram.key,
            "GEMINI_API_KEY": self.imagen.key,
            "RENDERLOCK_URL_IDEOGRAM": self.ideogram.url,
            "RENDERLOCK_URL_IMAGEN": self.imagen.url,
            "RENDERLOCK_ALLOW_RETIRED": "1",
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A renderlock command in the project."""
        return subprocess.Popen(
            [sys.executable, "-m", "renderlock.cli.main", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        """Exit code and output of a whole command."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=180)
        return process.returncode, output

    def waiting(self) -> list[CallRecord]:
        """The calls that a person must decide about."""
        with Store.open(self.folder / ".renderlock") as store:
            return [call for call in read_book(store).calls.values() if call.needs_decision]

    def decide_all(self) -> int:
        """Says retry to every call that waits, and gives how many there were."""
        waiting = self.waiting()
        with Store.open(self.folder / ".renderlock") as store:
            for call in waiting:
                decide(store, call.id, "retry", by="Ada")
        return len(waiting)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    (tmp_path / "pipeline.yml").write_text(story() + assets())
    with (
        serve("ideogram", pictures="sketch", latency_s=0.15) as ideogram,
        serve("imagen", pictures="sketch", latency_s=0.15) as imagen,
    ):
        made = Project(tmp_path, ideogram, imagen)
        code, output = made.run("lock")
        assert code == 0, output
        yield made


@pytest.fixture
def zygote(project: Project) -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen(
        [sys.executable, "-c", ZYGOTE],
        cwd=project.folder,
        env=project.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with started:
        yield started
        assert started.stdin is not None
        started.stdin.close()


def kill_after_its_first_request(project: Project, zygote: subprocess.Popen[str], seconds: float) -> bool:
    """Kills a run so many seconds after its first request reached a provider; whether it was still running."""
    assert zygote.stdin is not None
    assert zygote.stdout is not None
    before = len(project.ideogram.calls) + len(project.imagen.calls)
    zygote.stdin.write(json.dumps(["run", "--no-reports", "--no-progress", "-j", "1"]) + "\n")
    zygote.stdin.flush()
    child = int(zygote.stdout.readline())
    deadline = time.monotonic() + 60
    while len(project.ideogram.calls) + len(project.imagen.calls) == before and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    assert zygote.stdout.readline() == "ended\n"
    return time.monotonic() < deadline


def test_thirty_kills_pay_no_picture_twice_unless_somebody_said_so(
    project: Project, zygote: subprocess.Popen[str]
) -> None:
    dice = random.Random(20261123)
    reported = kills = 0
    while kills < KILLS and project.accepted < PICTURES + reported:
        kills += kill_after_its_first_request(project, zygote, dice.uniform(0.0, 0.3))
        reported += project.decide_all()
        assert project.accepted <= PICTURES + reported

    code, output = project.run("run", "--no-reports", "--no-progress")

    assert code == 0, output
    assert kills == KILLS
    assert reported > 0
    assert PICTURES <= project.accepted <= PICTURES + reported
    with Store.open(project.folder / ".renderlock") as store:
        renders = list(store.records(standing=Standing.PRODUCTION))
        assert len({record.digest for record in renders}) == len(renders) == PICTURES
        assert check(store).sound
        # Beside what the renders cost, the book counts every call that may have been billed for nothing.
        billed = sum((record.made.cost.amount for record in renders if record.made.cost), Decimal(0))
        assert read_book(store).spent()["USD"] >= billed > 0


def test_the_six_lines_of_the_story_give_512_pixels_and_say_how(project: Project) -> None:
    (project.folder / "pipeline.yml").write_text(story())
    words = ("run", "--no-reports", "--no-progress", "--prompt", "a red apple")
    said = "size: asked 512x512, done 512x512, made at 1024x1024 and reduced by 2"

    planned, dry = project.run(*words, "--dry-run")
    code, output = project.run(*words)

    assert (planned, code) == (0, 0), dry + output
    assert said in dry
    assert said in output
    with Store.open(project.folder / ".renderlock") as store:
        quick, final = (next(iter(store.records(step=step))) for step in ("quick-pass", "final-render"))
        assert (str(quick.size), str(final.size)) == ("512x512", "2048x2048")
        assert said in str(quick.deviations[0])
        assert quick.original is not None
        bought = decode_picture(store.blob(*quick.original))
        assert (decode_picture(store.read(quick)) == reduce_by(bought, 2)).all()
        kept = store.layout.blob(*quick.original)
    shown, page = project.run("show", quick.address)
    assert (shown, said in page, str(kept.relative_to(project.folder)) in page) == (0, True, True)


def test_a_call_killed_inside_its_request_is_reported_and_repeated_only_on_a_decision(
    project: Project, zygote: subprocess.Popen[str]
) -> None:
    kill_after_its_first_request(project, zygote, 0.02)
    (lost,) = project.waiting()

    code, output = project.run("run", "--no-reports", "--no-progress", "--asset", NAMES[0], "--step", "quick-pass")

    assert code == 4
    assert f"call {lost.id} may be billed" in output
    assert f"renderlock calls decide {lost.id}" in output
    assert project.ideogram.accepted == 1
    assert project.run("calls")[0] == 1

    decided, _ = project.run("calls", "decide", lost.id[:8], "--retry", "--as", "Ada")
    code, output = project.run("run", "--no-reports", "--no-progress", "--asset", NAMES[0], "--step", "quick-pass")

    assert (decided, code) == (0, 0), output
    assert project.ideogram.accepted == 2
    assert project.run("calls")[0] == 0
