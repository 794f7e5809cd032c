"""The hosted contract as tests: every adapter's own tests subclass `HostedContract` and give its `subject`.

    class TestIdeogramV2(HostedContract):
        @pytest.fixture(scope="class")
        @classmethod
        def subject(cls) -> HostedSubject: ...

The provider is a strict loopback server of `renderlock.testing`, real HTTP and a real store; every fault that the
server can have is tried, so an adapter cannot leave one out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest

from renderlock.actions.calls.book import read_book
from renderlock.actions.calls.journal import StoreJournal
from renderlock.engines.base import Engine, EngineOptions, Hosted, Render, Unwatched
from renderlock.engines.capabilities import SizeRule
from renderlock.engines.hosted.connections import Connections
from renderlock.engines.hosted.options import HostedOptions, Patience
from renderlock.engines.resolve import Request, resolve
from renderlock.engines.table import open_engine
from renderlock.errors import KeyMissing, KeyRefused, PictureElsewhere, RenderlockError
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.reduction import reduce_by
from renderlock.spec.recipe import Recipe, Size
from renderlock.spec.standing import Standing
from renderlock.store import Store
from renderlock.store.maintenance import check
from renderlock.store.records import Encoded, Made, NewRender, Origin
from renderlock.testing import serve
from renderlock.testing.faults import FAULTS
from renderlock.testing.server import Server
from renderlock.testing.table import PROVIDERS

QUICK = Patience(connect_s=5.0, answer_s=2.0, attempts=4, retry_s=8.0, wait_s=0.01)
"""Patience that tests have; a fault's own seconds are longer where it is to run out."""

NO_LONGER_THAN_S = 110.0
FAULT_SECONDS = {"slow-answer": 6.0, "slow-body": 120.0, "rate-limit-retry-after": 0.2, "rate-limit-retry-info": 0.1}
HEAVY = frozenset({"huge-picture"})
HARMLESS = frozenset(
    {
        "wrong-mime",
        "huge-picture",
        "deprecation-headers",
        "rate-limit",
        "rate-limit-retry-after",
        "rate-limit-retry-info",
        "unavailable",
        "one-filtered",
        "failed-later",
    }
)
"""Faults after which the picture still comes, of one surface of the provider at least."""


@dataclass(frozen=True)
class HostedSubject:
    """One model under contract: its reference, the server that plays its provider, and the name its address goes by.

    `size` is a legal size that is quick; `open` opens it; `takes_key` is False for servers without keys;
    `heavy` tries the faults that need much memory and time too, which is enough for one model a provider.
    """

    reference: str
    server: str
    provider: str
    size: Size | None = None
    takes_key: bool = True
    patience: Patience = QUICK
    heavy: bool = False
    open: Callable[[str, EngineOptions], Engine] = field(default=open_engine)


@dataclass(frozen=True)
class Bench:
    """A server, a store, and the engine between them."""

    subject: HostedSubject
    server: Server
    store: Store
    connections: Connections

    def engine(self, *, key: str | None = None) -> Engine:
        """The engine as a run opens it, each time anew."""
        hosted = HostedOptions(
            urls={self.subject.provider: self.server.url},
            journal=StoreJournal(self.store),
            patience=self.subject.patience,
            allow_retired=True,
            connections=self.connections,
        )
        given = (self.server.key if key is None else key) if self.subject.takes_key else None
        return self.subject.open(self.subject.reference, EngineOptions(api_key=given or None, hosted=hosted))

    def recipe(self, prompt: str = "a red apple") -> Recipe:
        """A recipe the model renders without deviations."""
        engine = self.engine()
        request = Request(prompt, 7 if engine.capabilities.seed != "none" else 0, size=self.subject.size)
        return resolve(request, engine.identify(), engine.capabilities, "refuse").recipe

    def render(self) -> Render:
        """A render that is kept in the store, as a run keeps it."""
        recipe = self.recipe()
        render = self.engine().render(recipe, None, Unwatched())
        original = None if render.original is None else Encoded(*render.original)
        made = Made(datetime.now(UTC), 0.1, cost=render.cost)
        new = NewRender(render.pixels, recipe, Standing.PRODUCTION, Origin(), made, original=original)
        self.store.put(replace(new, source=render.source, deviations=render.deviations))
        return render

    def try_render(self) -> Render | RenderlockError:
        """A render, or the error a person is shown."""
        try:
            return self.render()
        except RenderlockError as error:
            return error


@contextmanager
def bench_of(subject: HostedSubject, root: Path, *faults: str) -> Iterator[Bench]:
    """A bench with a server that has these faults, and a fresh store."""
    with (
        serve(subject.server, faults=faults, pictures="sketch") as server,
        Store.create(root / "store") as store,
        closing(Connections()) as connections,
    ):
        yield Bench(subject, server, store, connections)


def texts_left_behind(root: Path) -> Iterator[bytes]:
    """Every file under a folder, as bytes."""
    return (path.read_bytes() for path in root.rglob("*") if path.is_file())


class HostedContract:
    """What every adapter keeps; see `renderlock.engines.hosted.engine`."""

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls) -> HostedSubject:
        raise NotImplementedError

    @pytest.fixture
    def bench(self, subject: HostedSubject, tmp_path: Path) -> Iterator[Bench]:
        with bench_of(subject, tmp_path) as bench:
            yield bench

    def test_a_picture_is_bought_once_and_its_own_bytes_are_kept(self, bench: Bench) -> None:
        render = bench.render()

        recipe = bench.recipe()
        height, width = render.pixels.shape[:2]
        assert Size(width, height) == recipe.size
        assert render.deviations == ()
        assert bench.server.accepted == 1
        assert render.original is not None
        assert (decode_picture(render.original[0]) == render.pixels).all()
        (call,) = read_book(bench.store).calls.values()
        assert call.standing == "kept"
        assert bench.store.blob(call.said("picture"), render.original[1]) == render.original[0]

    def test_half_a_listed_size_is_delivered_as_asked_from_a_picture_that_is_kept_whole(self, bench: Bench) -> None:
        engine = bench.engine()
        half = half_of_a_listed_size(engine.capabilities.sizes)
        if half is None:
            pytest.skip("the model has no list of sizes")
        seed = 7 if engine.capabilities.seed != "none" else 0
        resolved = resolve(Request("a star", seed, size=half), engine.identify(), engine.capabilities, "refuse")

        render = engine.render(resolved.recipe, None, Unwatched())

        assert resolved.recipe.size == half
        assert [deviation.field for deviation in resolved.deviations] == ["size"]
        assert render.original is not None
        bought = decode_picture(render.original[0])
        assert bought.shape[0] // half.height == bought.shape[1] // half.width > 1
        assert (render.pixels == reduce_by(bought, bought.shape[1] // half.width)).all()
        assert render.deviations == ()
        (call,) = read_book(bench.store).calls.values()
        assert bench.store.blob(call.said("picture"), render.original[1]) == render.original[0]

    def test_a_picture_that_was_paid_but_not_yet_a_render_is_not_paid_again(self, bench: Bench) -> None:
        first = bench.engine().render(bench.recipe(), None, Unwatched())

        second = bench.engine().render(bench.recipe(), None, Unwatched())

        assert bench.server.accepted == 1
        assert (first.pixels == second.pixels).all()
        assert second.source == first.source
        assert second.cost == first.cost

    def test_a_wrong_key_is_an_error_that_shows_no_key(self, bench: Bench, tmp_path: Path) -> None:
        if not bench.subject.takes_key:
            pytest.skip("the server takes no key")
        wrong = "wrong-key-4c1f7a90b2d8"

        with pytest.raises(KeyRefused) as refused:
            bench.engine(key=wrong).render(bench.recipe(), None, Unwatched())

        assert wrong not in f"{refused.value} {refused.value.advice} {refused.value.facts}"
        assert not [text for text in texts_left_behind(tmp_path) if wrong.encode() in text]
        assert bench.server.accepted == 0

    def test_without_a_key_nothing_is_sent(self, bench: Bench) -> None:
        engine = bench.engine(key="")
        if not bench.subject.takes_key:
            pytest.skip("the server takes no key")

        with pytest.raises(KeyMissing, match="_"):
            engine.render(bench.recipe(), None, Unwatched())

        assert bench.server.calls == ()
        assert read_book(bench.store).calls == {}

    def test_it_has_a_lane_a_price_note_or_says_it_has_none_and_a_probe_that_generates_nothing(
        self, bench: Bench
    ) -> None:
        engine = bench.engine()
        assert isinstance(engine, Hosted)
        assert engine.capabilities.hosted
        assert engine.lane.width >= 1

        probe = engine.probe()

        assert probe.proven or probe.unproven
        assert bench.server.accepted == 0
        note = engine.price(engine.capabilities.sizes.native)
        assert note is None or (note.cost.amount >= 0 and note.date)

    def test_the_identity_names_provider_model_and_surface(self, bench: Bench) -> None:
        identity = bench.engine().identify()

        assert identity.engine == bench.subject.reference.partition(":")[0]
        assert identity.surface
        assert identity == bench.engine().identify()

    @pytest.mark.parametrize("fault", sorted(FAULTS))
    def test_a_fault_loses_no_paid_picture_and_ends_in_time(
        self, subject: HostedSubject, tmp_path: Path, fault: str
    ) -> None:
        if fault not in faults_of(subject) or (fault in HEAVY and not subject.heavy):
            pytest.skip("this provider cannot do that, or another of its models is tried")
        seconds = f":seconds={FAULT_SECONDS[fault]}" if fault in FAULT_SECONDS else ""
        with bench_of(subject, tmp_path, f"{fault}{seconds}") as bench:
            started = time.monotonic()
            first = bench.try_render()
            assert time.monotonic() - started < NO_LONGER_THAN_S
            paid = bench.server.accepted

            assert paid <= 1
            if isinstance(first, RenderlockError):
                _is_told_well(first, bench.server.key)
                _is_paid_once(bench, first, paid)
            else:
                assert fault in HARMLESS
            assert check(bench.store).sound
            assert not [text for text in texts_left_behind(tmp_path) if bench.server.key.encode() in text]

    @pytest.mark.parametrize("fault", ["rate-limit", "unavailable", "rate-limit-retry-after"])
    def test_refused_for_ever_it_gives_up_within_its_patience_and_has_paid_nothing(
        self, subject: HostedSubject, tmp_path: Path, fault: str
    ) -> None:
        if fault not in faults_of(subject):
            pytest.skip("this provider cannot do that")
        with bench_of(subject, tmp_path, f"{fault}:times=0,seconds=0.2") as bench:
            error = bench.try_render()

            assert isinstance(error, RenderlockError)
            assert bench.server.accepted == 0
            assert not [call for call in read_book(bench.store).calls.values() if call.standing != "settled"]


def half_of_a_listed_size(rule: SizeRule) -> Size | None:
    """The smallest size that is half of a listed one and not listed itself."""
    halves = [Size(size.width // 2, size.height // 2) for size in rule.listed]
    reduced = [half for half in halves if rule.reduced_from(half) and not rule.allows(half)]
    return min(reduced, key=lambda half: half.width * half.height, default=None)


def faults_of(subject: HostedSubject) -> frozenset[str]:
    """The faults that the subject's server can have."""
    module, _, name = PROVIDERS[subject.server].provider.partition(":")
    kind = getattr(import_module(module), name)
    found: frozenset[str] = kind.faults
    return found


def _is_told_well(error: RenderlockError, key: str) -> None:
    told = f"{error} {error.advice}"
    assert error.advice
    assert "{" not in told
    assert key not in told
    assert len(told) < 1500


def _is_paid_once(bench: Bench, first: RenderlockError, paid: int) -> None:
    """After a paid failure nothing is paid again; after an unpaid one the next attempt gets the picture."""
    second = bench.try_render()
    if not paid and getattr(first, "billed", "no") == "no":
        assert isinstance(second, Render), second
        assert bench.server.accepted == 1
        return
    assert bench.server.accepted == max(paid, 1 if isinstance(second, Render) else 0)
    if isinstance(second, PictureElsewhere):
        assert "RENDERLOCK_PICTURE_HOSTS" in second.advice
    elif isinstance(second, RenderlockError):
        assert [call for call in read_book(bench.store).calls.values() if call.needs_decision]
        assert "renderlock calls" in f"{second} {second.advice}"
