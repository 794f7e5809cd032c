"""The strict ComfyUI: graphs and their errors, the queue with our own ids, the socket, caching and interruption."""

from __future__ import annotations

import io
import json
import struct
import time
import uuid
from collections.abc import Callable, Iterator
from copy import deepcopy

import httpx
import numpy as np
import pytest
from PIL import Image
from tests.testing.asking import GRAPH
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from renderlock.imaging.pixels import encode_png
from renderlock.testing import serve
from renderlock.testing.server import Server

Graph = dict[str, dict[str, object]]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve("comfyui", pictures="sketch") as serving:
        yield serving


def changed(node: str, **inputs: object) -> Graph:
    graph = deepcopy(GRAPH)
    given = graph[node]["inputs"]
    assert isinstance(given, dict)
    given.update(inputs)
    return graph


def without(node: str, name: str) -> Graph:
    graph = deepcopy(GRAPH)
    given = graph[node]["inputs"]
    assert isinstance(given, dict)
    del given[name]
    return graph


def post(server: Server, graph: object, **fields: object) -> httpx.Response:
    return httpx.post(f"{server.url}/prompt", json={"prompt": graph, **fields})


def finished(server: Server, prompt_id: str) -> dict[str, object]:
    """The history of a prompt once it is there."""
    for _ in range(400):
        history = httpx.get(f"{server.url}/history/{prompt_id}").json()
        if history:
            entry: dict[str, object] = history[prompt_id]
            return entry
        time.sleep(0.02)
    raise AssertionError("the prompt did not end")


BROKEN: list[tuple[Callable[[], object], str, str]] = [
    (lambda: {"1": {"class_type": "Magic", "inputs": {}}}, "missing_node_type", "Magic"),
    (lambda: {"5": GRAPH["5"]}, "prompt_no_outputs", "no outputs"),
    (lambda: without("3", "cfg"), "required_input_missing", "cfg"),
    (lambda: changed("3", sampler_name="fast"), "value_not_in_list", "fast"),
    (lambda: changed("3", steps=0), "value_smaller_than_min", "min of 1"),
    (lambda: changed("3", denoise=1.5), "value_bigger_than_max", "max of 1"),
    (lambda: changed("3", seed="5"), "invalid_input_type", "seed"),
    (lambda: changed("3", model=["9", 0]), "return_type_mismatch", "model"),
    (lambda: changed("3", model=["99", 0]), "bad_linked_input", "model"),
    (lambda: changed("3", latent_image=["3", 0]), "dependency_cycle", "3 -> 3"),
    (lambda: changed("5", colour="red"), "extra_input", "colour"),
]


@pytest.mark.parametrize(("graph", "kind", "words"), BROKEN, ids=[kind for _, kind, _ in BROKEN])
def test_a_graph_that_cannot_run_is_400_with_the_kind_of_error(
    server: Server, graph: Callable[[], object], kind: str, words: str
) -> None:
    answer = post(server, graph())

    assert answer.status_code == 400
    assert kind in answer.text
    assert words in answer.text


def test_no_prompt_and_a_prompt_id_that_is_no_uuid_are_refused(server: Server) -> None:
    nothing = httpx.post(f"{server.url}/prompt", json={})
    odd = post(server, GRAPH, prompt_id="MY-ID")

    assert nothing.json()["error"]["type"] == "no_prompt"
    assert odd.json()["error"]["type"] == "invalid_prompt_id"


def test_a_prompt_runs_under_our_own_id_and_its_picture_carries_the_graph(server: Server) -> None:
    prompt_id = str(uuid.uuid4())
    assert post(server, changed("3", seed=101), prompt_id=prompt_id).json()["prompt_id"] == prompt_id

    entry = finished(server, prompt_id)
    file = entry["outputs"]["9"]["images"][0]  # type: ignore[index]  # plain JSON
    data = httpx.get(f"{server.url}/api/view", params=file).content

    with Image.open(io.BytesIO(data)) as picture:
        assert picture.size == (128, 128)
        assert json.loads(picture.info["prompt"])["3"]["inputs"]["seed"] == 101
    assert entry["status"]["completed"] is True  # type: ignore[index]  # plain JSON


def test_the_same_graph_again_is_cached_and_not_made_again(server: Server) -> None:
    graph = changed("3", seed=202)
    before = server.accepted
    first, second = (post(server, graph).json()["prompt_id"] for _ in range(2))

    outputs = [finished(server, each)["outputs"] for each in (first, second)]

    assert outputs[0] == outputs[1]
    assert server.accepted == before + 1


def messages_of(server: Server, graph: Graph) -> tuple[list[dict[str, object]], list[bytes]]:
    """Every message and frame about one prompt, to its end."""
    client, prompt_id = uuid.uuid4().hex, str(uuid.uuid4())
    said: list[dict[str, object]] = []
    frames: list[bytes] = []
    with connect(f"{server.url.replace('http', 'ws')}/ws?clientId={client}") as socket:
        post(server, graph, client_id=client, prompt_id=prompt_id)
        for message in socket:
            if isinstance(message, bytes):
                frames.append(message)
                continue
            said.append(json.loads(message))
            if str(said[-1]["type"]) in ("execution_success", "execution_error", "execution_interrupted"):
                break
    return said, frames


def test_the_socket_tells_every_step_and_shows_previews(server: Server) -> None:
    said, frames = messages_of(server, changed("3", seed=303, steps=3))

    kinds = [message["type"] for message in said]
    steps = [message["data"]["value"] for message in said if message["type"] == "progress"]  # type: ignore[index]  # JSON
    assert kinds[:3] == ["status", "execution_start", "execution_cached"]
    assert kinds[-1] == "execution_success"
    assert steps == [1, 2, 3]
    assert struct.unpack(">II", frames[0][:8]) == (1, 1)
    assert frames[0][8:10] == b"\xff\xd8"


@pytest.mark.parametrize(
    ("fault", "kind"), [("out-of-memory", "OutOfMemoryError"), ("execution-error", "RuntimeError")]
)
def test_a_failing_node_is_told_on_the_socket_and_in_the_history(fault: str, kind: str) -> None:
    with serve("comfyui", faults=[fault], pictures="sketch") as server:
        said, _ = messages_of(server, GRAPH)
        data = said[-1]["data"]
        assert isinstance(data, dict)
        status = finished(server, data["prompt_id"])["status"]
        accepted = server.accepted

    assert (said[-1]["type"], accepted) == ("execution_error", 0)
    assert kind in data["exception_type"]
    assert isinstance(status, dict)
    assert (status["status_str"], status["messages"][-1][0]) == ("error", "execution_error")


def test_a_200_may_drop_outputs() -> None:
    with serve("comfyui", faults=["node-errors"], pictures="sketch") as server:
        answer = post(server, GRAPH).json()
        outputs = finished(server, answer["prompt_id"])["outputs"]

    assert answer["node_errors"]["9"]["class_type"] == "SaveImage"
    assert outputs == {}


def test_an_interrupt_by_id_leaves_other_prompts_alone() -> None:
    with serve("comfyui", latency_s=3.0, pictures="sketch") as server:
        prompt_id = post(server, changed("3", steps=20)).json()["prompt_id"]
        while not httpx.get(f"{server.url}/queue").json()["queue_running"]:
            time.sleep(0.02)
        httpx.post(f"{server.url}/interrupt", json={"prompt_id": str(uuid.uuid4())})
        still = httpx.get(f"{server.url}/queue").json()["queue_running"]
        httpx.post(f"{server.url}/interrupt", json={"prompt_id": prompt_id})
        status = finished(server, prompt_id)["status"]

    assert still[0][1] == prompt_id
    assert isinstance(status, dict)
    assert status["messages"][-1][0] == "execution_interrupted"


def test_a_waiting_prompt_can_be_deleted() -> None:
    with serve("comfyui", latency_s=2.0, pictures="sketch") as server:
        first = post(server, changed("3", seed=1)).json()["prompt_id"]
        second = post(server, changed("3", seed=2)).json()["prompt_id"]
        httpx.post(f"{server.url}/queue", json={"delete": [second]})
        finished(server, first)
        queue = httpx.get(f"{server.url}/queue").json()
        history = httpx.get(f"{server.url}/history/{second}").json()

    assert (queue["queue_pending"], history) == ([], {})


def test_the_socket_can_be_refused_or_cut() -> None:
    with serve("comfyui", faults=["no-socket"], pictures="sketch") as server, pytest.raises(InvalidStatus):
        connect_once(server)
    with serve("comfyui", faults=["cut-socket:on=generate"], pictures="sketch") as server:
        said, _ = messages_of(server, changed("3", steps=3))
    assert [message["type"] for message in said][-1] == "progress"


def connect_once(server: Server) -> None:
    with connect(f"{server.url.replace('http', 'ws')}/ws"):
        pass


def test_pictures_are_uploaded_and_loaded_by_name(server: Server) -> None:
    data = encode_png(np.full((64, 96, 3), 90, np.uint8), {})
    name = httpx.post(f"{server.url}/upload/image", files={"image": ("in.png", data, "image/png")}).json()["name"]
    graph = {"1": {"class_type": "LoadImage", "inputs": {"image": name}}}
    graph["2"] = {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}

    outputs = finished(server, post(server, graph).json()["prompt_id"])["outputs"]
    missing = post(server, {**graph, "1": {"class_type": "LoadImage", "inputs": {"image": "none.png"}}})

    assert isinstance(outputs, dict)
    assert outputs["2"]["images"][0]["type"] == "temp"
    assert "Invalid image file" in missing.text


def test_what_the_server_says_of_itself(server: Server) -> None:
    info = httpx.get(f"{server.url}/object_info/KSampler").json()["KSampler"]
    assets = httpx.get(f"{server.url}/api/assets", params={"name_contains": "sd15"}).json()["assets"]

    assert "euler" in info["input"]["required"]["sampler_name"][0]
    assert assets[0]["hash"].startswith("blake3:")
    assert httpx.get(f"{server.url}/object_info/Magic").json() == {}
    assert "comfyui_version" in httpx.get(f"{server.url}/system_stats").json()["system"]
