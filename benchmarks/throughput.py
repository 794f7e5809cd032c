"""How near hosted renders come to what the provider allows, and what a call costs beside a bare HTTP request.

A provider of this machine answers each request after a set time with one finished picture, in a process of its own.
Its ideal is pictures x latency / places. Three ways get the same pictures from it, in the same run: bare httpx in as
many threads as there are places; the hosted engine with its journal in a store (intent, bytes and outcome forced to
disk); and the whole run, which also decodes, encodes, stores and draws thumbnails. Other work on the machine makes
wall times longer; the CPU time a call travels better.

    python -m benchmarks.throughput --count 200 --latency-ms 200
"""

from __future__ import annotations

import argparse
import base64
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
import numpy as np

from renderlock.actions.calls.journal import StoreJournal
from renderlock.actions.campaign import RunOptions, open_run
from renderlock.actions.run import RunUnwatched
from renderlock.actions.workspace import Place, read_pipeline
from renderlock.engines.base import Engine, EngineOptions, Hosted, Unwatched
from renderlock.engines.hosted.engine import HostedEngine
from renderlock.engines.hosted.options import HostedOptions
from renderlock.engines.resolve import Request, resolve
from renderlock.engines.table import open_engine
from renderlock.imaging.pixels import encode_png
from renderlock.spec.recipe import Recipe, Size
from renderlock.store.store import Store

MODEL = "gemini:gemini-3.1-flash-image"
SIZE = Size(512, 512)
KEY = "benchmark"
PIPELINE = """\
project: throughput
sandbox_model: {model}
seeds: [{seeds}]
assets: [{{name: hero, prompt: a red apple}}]
steps: [{{name: all, model: "${{sandbox_model}}", size: 512}}]
"""


def answer() -> bytes:
    """What the provider answers: a picture of the right size that encodes to few bytes."""
    picture = encode_png(np.full((SIZE.height, SIZE.width, 3), 127, np.uint8), {})
    data = {"mimeType": "image/png", "data": base64.b64encode(picture).decode()}
    parts = [{"inlineData": data}]
    return json.dumps({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}).encode()


def serve(latency_s: float, told: Connection) -> None:  # type: ignore[explicit-any]  # its base class is so typed
    """Answers for ever; tells its port first."""
    body = answer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            time.sleep(latency_s)
            self.wfile.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )

        def log_message(self, *words: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.send(server.server_port)
    server.serve_forever()


@contextmanager
def provider(latency_s: float) -> Iterator[str]:
    """The provider's address while it answers."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(latency_s, there), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join()


@dataclass(frozen=True)
class Measured:
    """One way's wall and CPU seconds for all pictures."""

    name: str
    wall_s: float
    cpu_s: float


def measure(name: str, work: Callable[[], object]) -> Measured:
    """Times some work."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Measured(name, time.perf_counter() - wall, time.process_time() - cpu)


def side_by_side(places: int, count: int, once: Callable[[int], object]) -> Callable[[], object]:
    """The work of calling `once` for each number, as many at a time as there are places."""

    def work() -> None:
        with ThreadPoolExecutor(places) as pool:
            list(pool.map(once, range(count)))

    return work


def bare(url: str, places: int, count: int) -> Measured:
    """The same requests by httpx alone."""
    body = {"contents": [{"role": "user", "parts": [{"text": "a red apple"}]}], "generationConfig": {"seed": 7}}
    path = f"/v1beta/models/{MODEL.partition(':')[2]}:generateContent"
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        return measure("bare httpx", side_by_side(places, count, lambda _: client.post(path, json=body).content))


def engine_calls(url: str, count: int, folder: Path) -> Measured:
    """The hosted engine with its journal."""
    with Store.create(folder / "engine") as store:
        options = HostedOptions(urls={"gemini": url}, journal=StoreJournal(store))
        engine = open_engine(MODEL, EngineOptions(api_key=KEY, hosted=options))
        assert isinstance(engine, Hosted)
        recipes = [recipe_of(engine, seed) for seed in range(count)]
        once = side_by_side(engine.lane.width, count, lambda seed: engine.render(recipes[seed], None, Unwatched()))
        measured = measure("hosted engine, journalled", once)
        engine.close()
        return measured


def recipe_of(engine: Engine, seed: int) -> Recipe:
    """The recipe of a seed."""
    return resolve(Request("a red apple", seed, size=SIZE), engine.identify(), engine.capabilities, "refuse").recipe


def whole_run(url: str, count: int, folder: Path) -> Measured:
    """The run of a pipeline."""
    path = folder / "pipeline.yml"
    path.write_text(PIPELINE.format(model=MODEL, seeds=", ".join(map(str, range(count)))))
    options = EngineOptions(api_key=KEY, hosted=HostedOptions(urls={"gemini": url}))
    with open_run(read_pipeline(Place(path)), options, RunOptions(), RunUnwatched()) as run:
        measured = measure("whole run, stored", run.execute)
        result = run.execute()
    assert result.count("cached") == count
    return measured


def places_of() -> int:
    """How many pictures the provider allows at once."""
    engine = open_engine(MODEL, EngineOptions(api_key=KEY))
    assert isinstance(engine, HostedEngine)
    return engine.channel.lane.most


def main() -> None:
    """Prints a table and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200, help="pictures")
    parser.add_argument("--latency-ms", type=float, default=200.0, help="what the provider takes for one")
    parser.add_argument("--folder", type=Path, help="where the store is written; /dev/shm leaves the disk out")
    options = parser.parse_args()
    latency_s, count, places = options.latency_ms / 1000, options.count, places_of()
    ideal = latency_s * -(-count // places)
    with provider(latency_s) as url, tempfile.TemporaryDirectory(dir=options.folder) as folder:
        ways = [bare(url, places, count), engine_calls(url, count, Path(folder)), whole_run(url, count, Path(folder))]
    print(f"{count} pictures, {options.latency_ms:g} ms each, {places} places: ideal {ideal:.2f} s\n")
    print("| way | wall s | of the ideal | CPU ms a picture | beside bare httpx |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for way in ways:
        each, less = way.cpu_s / count * 1000, (way.cpu_s - ways[0].cpu_s) / count * 1000
        print(f"| {way.name} | {way.wall_s:.2f} | {ideal / way.wall_s:.0%} | {each:.1f} | +{less:.1f} |")


if __name__ == "__main__":
    main()
