"""The frame that all loopback providers share: counting, recording, limits, links, and what faults do on the wire."""

from __future__ import annotations

import io
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from PIL import Image
from tests.testing.asking import ANSWERING, ASKINGS

from renderlock.errors import MissingDependency, UnknownName, UsageError
from renderlock.imaging.decoding import decode_picture
from renderlock.testing import serve
from renderlock.testing.calls import NO_ANSWER
from renderlock.testing.spoiled import BOMB, HUGE


@pytest.mark.parametrize("name", ASKINGS)
def test_a_good_request_is_answered_counted_and_recorded(name: str) -> None:
    asking = ASKINGS[name]
    with serve(name, pictures="sketch") as server:
        answer = asking.ask(server)
        call = server.calls[0]
        accepted = server.accepted if name != "comfyui" else 1

    assert answer.status_code == 200
    assert (call.method, call.path, call.body, call.status) == ("POST", asking.path, asking.body, 200)
    assert accepted == 1


@pytest.mark.parametrize("name", ANSWERING)
def test_pictures_are_real_and_of_the_answered_size(name: str) -> None:
    with serve(name) as server:
        pixels = decode_picture(ASKINGS[name].picture(ASKINGS[name].ask(server)))

    assert pixels.shape[0] >= 128
    assert pixels.std() > 10


@pytest.mark.parametrize("name", ASKINGS)
def test_no_key_is_ever_recorded(name: str) -> None:
    with serve(name, pictures="sketch") as server:
        ASKINGS[name].ask(server)
        httpx.get(f"{server.url}/v1beta/models?key={server.key}")
        recorded = repr(server.calls)

    assert server.key not in recorded
    assert server.key.rpartition(":")[2] not in recorded


@pytest.mark.parametrize("name", [name for name in ASKINGS if name not in ("comfyui", "sglang")])
def test_a_missing_and_a_wrong_key_are_refused_and_cost_nothing(name: str) -> None:
    asking = ASKINGS[name]
    with serve(name, pictures="sketch") as server:
        missing = httpx.post(f"{server.url}{asking.path}", json=dict(asking.body))
        wrong = httpx.post(f"{server.url}{asking.path}", json=dict(asking.body), headers=dict(asking.headers("no:no")))
        accepted = server.accepted

    assert {missing.status_code, wrong.status_code} <= {400, 401, 403}
    assert accepted == 0


@pytest.mark.parametrize("name", ASKINGS)
def test_an_unknown_field_is_refused_with_its_name(name: str) -> None:
    with serve(name, pictures="sketch") as server:
        answer = ASKINGS[name].ask(server, frobnicate=1)
        accepted = server.accepted

    assert answer.status_code in (400, 422)
    assert "frobnicate" in answer.text
    assert accepted == 0


@pytest.mark.parametrize("name", ASKINGS)
def test_a_body_that_is_no_json_is_refused(name: str) -> None:
    asking = ASKINGS[name]
    headers = {**asking.headers("key"), "Content-Type": "application/json"}
    with serve(name, pictures="sketch") as server:
        answer = httpx.post(f"{server.url}{asking.path}", content=b'{"prompt": ', headers=headers)

    assert answer.status_code == 400
    assert json.loads(answer.content)


@pytest.mark.parametrize("name", ASKINGS)
def test_a_burst_of_429_ends_and_costs_nothing(name: str) -> None:
    with serve(name, faults=["rate-limit:times=2"], pictures="sketch") as server:
        answers = [ASKINGS[name].ask(server) for _ in range(3)]
        calls = server.calls

    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert "retry-after" not in answers[0].headers
    assert [call.faults for call in calls[:3]] == [("rate-limit",), ("rate-limit",), ()]


@pytest.mark.parametrize(("fault", "status"), [("server-error", 500), ("unavailable", 503)])
@pytest.mark.parametrize("name", ANSWERING)
def test_a_broken_server_accepts_nothing(name: str, fault: str, status: int) -> None:
    with serve(name, faults=[fault], pictures="sketch") as server:
        answer = ASKINGS[name].ask(server)
        accepted = server.accepted

    assert answer.status_code == status
    assert accepted == 0


@pytest.mark.parametrize("name", ASKINGS)
def test_retry_after_is_whole_seconds(name: str) -> None:
    with serve(name, faults=["rate-limit-retry-after:seconds=1.5"], pictures="sketch") as server:
        assert ASKINGS[name].ask(server).headers["retry-after"] == "2"


@pytest.mark.parametrize("name", ANSWERING)
def test_a_connection_that_is_cut_before_the_answer_was_accepted_all_the_same(name: str) -> None:
    with serve(name, faults=["cut-before-answer"], pictures="sketch") as server:
        with pytest.raises(httpx.RemoteProtocolError):
            ASKINGS[name].ask(server)
        accepted, status = server.accepted, server.calls[0].status

    assert (accepted, status) == (1, NO_ANSWER)


@pytest.mark.parametrize("name", ANSWERING)
def test_a_connection_is_cut_within_the_body(name: str) -> None:
    with serve(name, faults=["cut-in-body"], pictures="sketch") as server:
        with pytest.raises(httpx.RemoteProtocolError, match=r"incomplete|without sending complete"):
            ASKINGS[name].ask(server)
        assert server.accepted == 1


@pytest.mark.parametrize("fault", ["slow-answer", "slow-body"])
def test_a_slow_answer_takes_its_time_and_is_whole(fault: str) -> None:
    with serve("gemini", faults=[f"{fault}:seconds=0.3"], pictures="sketch") as server:
        began = time.monotonic()
        answer = ASKINGS["gemini"].ask(server)

    assert time.monotonic() - began >= 0.28
    assert ASKINGS["gemini"].picture(answer)


@pytest.mark.parametrize("name", ANSWERING)
def test_garbage_is_no_json(name: str) -> None:
    with serve(name, faults=["garbage-json"], pictures="sketch") as server:
        answer = ASKINGS[name].ask(server)

    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Expecting"):
        answer.json()


@pytest.mark.parametrize("name", [name for name in ANSWERING if name not in ("ideogram", "sglang")])
def test_truncated_base64_cannot_be_decoded(name: str) -> None:
    with serve(name, faults=["truncated-base64"], pictures="sketch") as server:
        answer = ASKINGS[name].ask(server)

    with pytest.raises(ValueError, match=r"base64|padding|data characters"):
        ASKINGS[name].picture(answer)


@pytest.mark.parametrize("name", ANSWERING)
@pytest.mark.parametrize("fault", ["truncated-picture", "not-a-picture"])
def test_bytes_that_are_no_picture_do_not_decode(name: str, fault: str) -> None:
    with serve(name, faults=[fault], pictures="sketch") as server:
        data = ASKINGS[name].picture(ASKINGS[name].ask(server))

    with pytest.raises(ValueError, match=r".+"):
        decode_picture(data)


@pytest.mark.parametrize(("fault", "size"), [("huge-picture", HUGE), ("bomb-picture", BOMB)])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_huge_picture_is_small_on_the_wire(fault: str, size: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with serve("ideogram", faults=[fault], pictures="sketch") as server:
        data = ASKINGS["ideogram"].picture(ASKINGS["ideogram"].ask(server))

    with Image.open(io.BytesIO(data)) as picture:
        assert f"{picture.width}x{picture.height}" == str(size)
    assert len(data) < 200_000


def test_a_wrong_media_type_is_one_that_the_bytes_are_not() -> None:
    with serve("ideogram", faults=["wrong-mime"], pictures="sketch") as server:
        link = ASKINGS["ideogram"].ask(server).json()["data"][0]["url"]
        picture = httpx.get(link)

    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.content.startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["ideogram", "sglang"])
def test_links_are_signed_on_another_host_and_expire(name: str) -> None:
    with serve(name, faults=["expired-link:nth=2"], pictures="sketch") as server:
        good, expired = (ASKINGS[name].ask(server).json()["data"][0]["url"] for _ in range(2))
        statuses = [httpx.get(link).status_code for link in (good, expired, good.replace("sig=", "sig=0"))]

    assert statuses == [200, 403, 403]
    assert good.startswith(server.picture_url)
    assert server.picture_url != server.url


def test_the_picture_host_refuses_a_key() -> None:
    with serve("ideogram", pictures="sketch") as server:
        link = ASKINGS["ideogram"].ask(server).json()["data"][0]["url"]
        assert httpx.get(link, headers={"Api-Key": server.key}).status_code == 400


def test_a_foreign_host_is_told_apart_and_its_downloads_counted() -> None:
    with serve("ideogram", faults=["foreign-host"], pictures="sketch") as server:
        link = ASKINGS["ideogram"].ask(server).json()["data"][0]["url"]
        before = server.foreign_fetches
        httpx.get(link)

    assert "//localhost:" in link
    assert (before, server.foreign_fetches) == (0, 1)


def test_more_pictures_in_progress_than_the_limit_are_refused() -> None:
    with serve("ideogram", latency_s=2.0, concurrency=2, pictures="sketch") as server:
        with ThreadPoolExecutor(4) as pool:
            statuses = sorted(
                answer.status_code for answer in pool.map(lambda _: ASKINGS["ideogram"].ask(server), range(4))
            )
        accepted, most = server.accepted, server.most_in_progress

    assert statuses == [200, 200, 429, 429]
    assert (accepted, most) == (2, 2)


def test_latency_is_the_least_time_of_a_generation() -> None:
    with serve("ideogram", latency_s=0.3, pictures="sketch") as server:
        began = time.monotonic()
        ASKINGS["ideogram"].ask(server)
    assert time.monotonic() - began >= 0.3


def test_a_fault_that_a_provider_cannot_have_is_refused_before_it_serves() -> None:
    with pytest.raises(UsageError, match="gemini cannot have the fault expired-link"):
        serve("gemini", faults=["expired-link"])


def test_an_unknown_provider_is_told_the_nearest() -> None:
    with pytest.raises(UnknownName) as caught:
        serve("ideograms")
    assert "ideogram" in caught.value.advice


def test_a_taken_port_is_said() -> None:
    with serve("ideogram") as server, pytest.raises(UsageError, match="cannot be listened on"):
        serve("ideogram", port=int(server.url.rpartition(":")[2]))


def test_without_the_extra_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)

    with pytest.raises(MissingDependency, match="uvicorn") as caught:
        serve("ideogram")

    assert "renderlock[testing]" in caught.value.advice
