"""`renderlock testing …`: strict providers on this machine, to rehearse a hosted pipeline with."""

from __future__ import annotations

import shlex
import time
from typing import Annotated, Literal

import typer

from renderlock.cli.console import answer, answer_json, say
from renderlock.cli.options import JsonOption
from renderlock.testing.faults import FAULTS, faults_of
from renderlock.testing.options import ServeOptions
from renderlock.testing.serving import open_server
from renderlock.testing.table import PROVIDERS

app = typer.Typer(
    help="Serve strict providers on this machine, to rehearse hosted pipelines.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

FaultOption = Annotated[
    list[str],
    typer.Option("--fault", help="What to do wrong: NAME or NAME:nth=2,times=3,seconds=0.5,on=picture; see `faults`."),
]
LatencyOption = Annotated[float, typer.Option("--latency", min=0.0, help="Seconds a generation takes at least.")]
ConcurrencyOption = Annotated[
    int | None, typer.Option("--concurrency", min=0, help="Pictures in progress before 429; default: the provider's.")
]
PicturesOption = Annotated[
    Literal["engine", "sketch"], typer.Option("--pictures", help="Rendered by the embedded engine, or quick patches.")
]


@app.command()
def serve(
    provider: Annotated[str, typer.Argument(help=f"One of {', '.join(PROVIDERS)}.")],
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Where to listen; 0 for any free port.")] = 0,
    key: Annotated[str | None, typer.Option("--key", help="The API key it takes; default: a random one.")] = None,
    fault: FaultOption = [],  # noqa: B006  typer reads the default; nobody changes it
    latency: LatencyOption = 0.0,
    concurrency: ConcurrencyOption = None,
    pictures: PicturesOption = "engine",
    json: JsonOption = False,
) -> None:
    """Serve a provider strictly until Ctrl-C; prints its address, its key, and how to point renderlock at it."""
    options = ServeOptions(
        port=port,
        key=key,
        faults=faults_of(fault),
        latency_s=latency,
        concurrency=concurrency,
        pictures=pictures,
    )
    with open_server(provider, options) as server:
        variables = PROVIDERS[provider].pointing(server.url, server.key)
        attempt = shlex.join(
            ["renderlock", "variants", "-m", PROVIDERS[provider].model, "-p", "a red apple", "-n", "1"]
        )
        if json:
            told: dict[str, object] = {"provider": provider, "url": server.url, "key": server.key}
            answer_json(told | {"environment": variables, "try": attempt})
        else:
            answer(f"{provider} at {server.url}, key {server.key}")
            for name, value in variables.items():
                answer(f"export {name}={value}")
            answer(attempt)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            say(f"{len(server.calls)} request(s), {server.accepted} picture(s) accepted")


@app.command()
def faults(json: JsonOption = False) -> None:
    """List what the providers can do wrong."""
    if json:
        answer_json({"faults": [{"name": name, "summary": facts.summary} for name, facts in FAULTS.items()]})
        return
    for name, facts in FAULTS.items():
        answer(f"{name:<24} {facts.summary}")
