"""Compares our Imagen requests on the Gemini API with those of google-genai 1.75, the last SDK that builds them.

`python -m tools.compare_imagen_sdk` makes a virtual environment for that SDK in a temporary folder (it downloads),
drives both against the strict server, and prints each request's difference; it ends with 1 where there is one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass, replace
from pathlib import Path

from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.hosted.options import HostedOptions
from renderlock.engines.imagen.models import RATIO_AND_TIER
from renderlock.engines.table import open_engine
from renderlock.spec.recipe import Recipe, Size
from renderlock.testing import Call, serve
from renderlock.testing.server import Server

SDK = "google-genai==1.75.0"
GOLDEN = Path(__file__).parents[1] / "tests" / "testing" / "golden" / "imagen_gemini_api.json"
GOLDEN_SIZE = Size(2816, 1536)
PROMPT = "a red apple"
MODELS = ("imagen-4.0-generate-001", "imagen-4.0-fast-generate-001", "imagen-4.0-ultra-generate-001")
REFUSED = ("seed", "negative_prompt", "add_watermark", "enhance_prompt")
"""What the Gemini API does not take, so that the SDK refuses it and our capabilities do."""

ASK = """
import json, sys
from google import genai
from google.genai import types

job = json.load(sys.stdin)
options = types.HttpOptions(base_url=job["url"], api_version="v1beta")
client = genai.Client(api_key=job["key"], vertexai=False, http_options=options)
values = {"seed": 7, "negative_prompt": "text", "add_watermark": False, "enhance_prompt": False}
for wish in job["wishes"]:
    config = types.GenerateImagesConfig(
        number_of_images=1, include_rai_reason=True, output_mime_type="image/png", guidance_scale=wish["guidance"],
        aspect_ratio=wish["ratio"], image_size=wish["tier"],
    )
    client.models.generate_images(model=wish["model"], prompt=job["prompt"], config=config)
refused = []
for name in job["refused"]:
    try:
        config = types.GenerateImagesConfig(**{name: values[name]})
        client.models.generate_images(model=job["wishes"][0]["model"], prompt=job["prompt"], config=config)
    except ValueError:
        refused.append(name)
print(json.dumps({"sdk": genai.__version__, "refused": refused}))
"""


@dataclass(frozen=True)
class Wish:
    """One picture both are asked for."""

    model: str
    size: Size
    guidance: float | None

    def to_json(self) -> dict[str, object]:
        """The wish as the SDK's own process reads it."""
        ratio, tier = RATIO_AND_TIER[self.size]
        return {"model": self.model, "ratio": ratio, "tier": tier, "guidance": self.guidance}


def main() -> int:
    """Compares, prints, and gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, help=f"The Python of an environment that has {SDK} already.")
    given: Path | None = parser.parse_args().python
    with tempfile.TemporaryDirectory(prefix="renderlock-sdk-") as folder:
        return compare(given or environment(Path(folder)))


def environment(folder: Path) -> Path:
    """The Python of a new environment with the SDK."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", SDK], check=True)
    return python


def wishes() -> tuple[Wish, ...]:
    """Every model at every size it renders, with and without guidance."""
    return tuple(
        Wish(model, size, guidance)
        for model in MODELS
        for size, (_, tier) in RATIO_AND_TIER.items()
        for guidance in (None, 7.5)
        if tier == "1K" or "fast" not in model
    )


def compare(python: Path) -> int:
    """Drives both, and prints what differs."""
    asked = wishes()
    with serve("imagen", pictures="sketch") as server:
        said = ask_sdk(python, server, asked)
        theirs = posts(server)
        for wish in asked:
            ask_adapter(server, wish)
        ours = posts(server)[len(theirs) :]
    different = [(wish, their, our) for wish, their, our in zip(asked, theirs, ours, strict=True) if their != our]
    for wish, their, our in different:
        print(f"{wish}:\n  SDK     {their}\n  adapter {our}")
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    recorded = (golden["path"], golden["body"])
    is_golden = recorded == ours[asked.index(Wish(MODELS[0], GOLDEN_SIZE, 7.5))]
    refused = tuple(said["refused"]) == REFUSED
    print(f"google-genai {said['sdk']}: {len(asked)} requests, {len(different)} differ")
    print(f"the recorded request is {'the same' if is_golden else 'another'}")
    print(f"the SDK refuses {', '.join(said['refused'])}: {'as expected' if refused else 'not as expected'}")
    return 0 if not different and is_golden and refused else 1


def ask_sdk(python: Path, server: Server, asked: tuple[Wish, ...]) -> dict[str, list[str]]:
    """Sends every wish through the SDK, and gives what it said."""
    listed = [wish.to_json() for wish in asked]
    job = {"url": server.url, "key": server.key, "prompt": PROMPT, "wishes": listed, "refused": REFUSED}
    own = {name: value for name, value in os.environ.items() if not name.startswith(("GOOGLE_", "GEMINI_"))}
    ended = subprocess.run(
        [python, "-c", ASK], input=json.dumps(job), env=own, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise SystemExit(ended.stderr)
    said: dict[str, list[str]] = json.loads(ended.stdout)
    return said


def ask_adapter(server: Server, wish: Wish) -> None:
    """Sends a wish through our adapter."""
    hosted = HostedOptions(urls={"imagen": server.url}, allow_retired=True)
    engine = open_engine(f"imagen:{wish.model}", EngineOptions(hosted=hosted, api_key=server.key))
    recipe = Recipe(engine.identify().key, PROMPT, 0, wish.size)
    engine.render(replace(recipe, guidance_scale=wish.guidance), None, Unwatched())
    engine.close()


def posts(server: Server) -> list[tuple[str, object]]:
    """Path and body of every request that asked for a picture."""
    calls: list[Call] = [call for call in server.calls if call.method == "POST"]
    return [(call.path, call.body) for call in calls]


if __name__ == "__main__":
    sys.exit(main())
