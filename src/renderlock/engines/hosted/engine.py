"""The base of every hosted engine: it carries money, patience, keys and pictures, so that an adapter is only its wire.

An adapter subclasses `HostedEngine` with `obtain` (and `resume`, where the API has an id to ask again by), or the
simpler `OneShotEngine` with `compose` and `read` where one request gives the picture. It may override `error_of` for
bodies it understands better, `authorize` for another kind of login, `notice_deviations`, and `probe`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from renderlock.engines.base import EngineOptions, KeyState, Probe, Render, Watch
from renderlock.engines.capabilities import Capabilities, LifecycleState, SeedGrade
from renderlock.engines.describing import DESCRIBED, Description
from renderlock.engines.hosted.channel import Channel
from renderlock.engines.hosted.faults import error_of, retired
from renderlock.engines.hosted.journal import Work
from renderlock.engines.hosted.lanes import JobLane
from renderlock.engines.hosted.model import HostedModel
from renderlock.engines.hosted.prices import PriceNote, price_of
from renderlock.engines.hosted.purchase import Bought, Buyer, Call, Deal, Obtained
from renderlock.engines.hosted.wire import Answer, TextPairs, WireRequest
from renderlock.engines.hosted.words import clean
from renderlock.engines.reduction import unreduced
from renderlock.errors import EngineFailed, HostedError, KeyFileUnsafe, NotCapable
from renderlock.imaging.pixels import Pixels, digest_pixels, fit_to
from renderlock.imaging.reduction import reduce_by
from renderlock.settings import Secret
from renderlock.spec.canonical import canonical_sha256
from renderlock.spec.deviation import Deviation
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.recipe import Recipe, Size


class HostedEngine(ABC):
    """One model of one provider; safe to be called from several threads."""

    resumes_by_call_id: ClassVar[bool] = False
    """Whether the provider knows a call by our own id from the moment it is sent."""

    intends_when_sent: ClassVar[bool] = False
    """Whether `obtain` buys by `call.send` alone, so that the intent need be written only once that has its place."""

    def __init__(self, model: HostedModel, options: EngineOptions) -> None:
        self.model = model
        self.options = options.hosted
        self.channel = Channel(
            model=model,
            options=options.hosted,
            offline=options.offline,
            api_key=Secret(options.api_key) if options.api_key else None,
            refuse=self.error_of,
            authorize=self.authorize(),
            usual_url=self.base_url,
        )

    # What an adapter gives.

    @abstractmethod
    def obtain(self, recipe: Recipe, init: Pixels | None, call: Call) -> Obtained:
        """Buys the picture of a recipe with `call.send`; `init` is there where the recipe has one."""

    def resume(self, recipe: Recipe, call: Call) -> Obtained | None:
        """The picture of a call whose run was killed, asked for by `call.resume`; None where it cannot be had."""
        return None

    def error_of(self, answer: Answer) -> HostedError:
        """The error for an answer that is no success."""
        return error_of(answer, self.model, self.channel.secrets)

    def authorize(self) -> Callable[[], Mapping[str, str]] | None:
        """What makes the authorization headers in place of the provider's key header."""
        return None

    def base_url(self) -> str:
        """Where the provider is called when the user names no address."""
        return self.model.provider.base_url

    def notice_deviations(self, recipe: Recipe, notes: TextPairs) -> tuple[Deviation, ...]:
        """What the provider did differently beyond size, seed and prompt, by its notes."""
        return ()

    def probe(self) -> Probe:
        """Proves key and model by the cheapest call; here: that there is none that costs nothing."""
        self.prepare()
        return Probe((), ("key and model: this provider has no call that proves them without a paid picture",))

    # What every hosted engine is.

    @property
    def capabilities(self) -> Capabilities:
        """The facts of this model; a retired one counts as uncertain at an address of the user's own that allows it."""
        facts = replace(self.model.capabilities, hosted=True, reduces=bool(self.model.capabilities.sizes.listed))
        if facts.lifecycle.state is LifecycleState.RETIRED and self._may_call_retired:
            return replace(facts, lifecycle=replace(facts.lifecycle, state=LifecycleState.UNCERTAIN))
        return facts

    @property
    def lane(self) -> JobLane:
        """The lane of its provider, for those who start jobs."""
        return JobLane(self.channel.lane)

    def identify(self) -> ModelIdentity:
        """Provider, model id and API surface."""
        model = self.model
        return ModelIdentity(model.engine, model.name, model.revision, model.surface, model.files)

    def environment(self) -> tuple[tuple[str, str], ...]:
        """Nothing: the pixels are made elsewhere."""
        return ()

    def price(self, size: Size) -> PriceNote | None:
        """The price note of a picture of a size, a reduced one at that it is made at; None where no price is known."""
        bought = self.capabilities.reduced_from(size) or size
        return self._priced(self._row, bought)

    def upscale_price(self, size: Size) -> PriceNote | None:
        """The price note of an enlargement to a size; None where no price is known."""
        return self._priced(f"{self._row}/upscale", size)

    def key_state(self) -> KeyState:
        """Whether a key is there and where, without showing it and without any request."""
        names = self.model.provider.key_variables
        if not names:
            return KeyState("not needed", "needs no key")
        try:
            if self.channel.api_key is not None:
                return KeyState("set", "key set by the caller")
            if place := self.options.keys.place_of(names):
                return KeyState("set", f"key set: {place}")
        except KeyFileUnsafe as unsafe:
            return KeyState("unusable", f"no key: {unsafe}")
        if self.model.provider.key_optional:
            return KeyState("not needed", "no key, none needed")
        return self.without_key(f"no key: {self.options.keys.why_missing(names)}")

    def without_key(self, says: str) -> KeyState:
        """The state where no key is found; an adapter with another login overrides it."""
        return KeyState("missing", says)

    def own_server(self) -> str:
        """The address of the user's own server; "" for a provider."""
        return self.channel.base_url if self.model.provider.key_optional else ""

    def prepare(self) -> None:
        """Proves without any request that one could be sent; see `Channel.prepare`. Raises `ModelRetired` too."""
        lifecycle = self.capabilities.lifecycle
        if lifecycle.state is LifecycleState.RETIRED:
            raise retired(self.model, f"shut down on {lifecycle.on}" if lifecycle.on else "shut down")
        self.channel.prepare()

    def render(self, recipe: Recipe, init: Pixels | None, watch: Watch) -> Render:
        """The picture of a recipe, bought once."""
        if recipe.tiling is not None or recipe.window is not None:
            raise EngineFailed(model=self.model.reference, reason="it renders whole pictures only")
        wanted = unreduced(recipe)
        self._refuse_size(wanted.size)
        says = clean(f"{recipe.size} seed {recipe.seed}: {recipe.prompt[:80]}")
        deal = _RecipeDeal(self, wanted, init if wanted.size == recipe.size else _at_size(init, wanted.size))
        bought = self._buy(Work(recipe.digest, self.model.reference, says), self.price(recipe.size), deal, watch)
        deviations = (
            *_deviations(wanted, bought, self.capabilities.seed),
            *self.notice_deviations(wanted, bought.notes),
        )
        render = self._render_of(bought, deviations)
        return replace(render, pixels=_delivered(render.pixels, recipe, wanted))

    def _refuse_size(self, size: Size) -> None:
        sizes = self.model.capabilities.sizes
        if not sizes.allows(size):
            listing = f"  size: {size}; the nearest it renders is {sizes.nearest(size)}"
            raise NotCapable(model=self.model.reference, listing=listing)

    def buy_upscale(
        self,
        picture: Pixels,
        target: Size,
        watch: Watch,
        request: WireRequest,
        read: Callable[[Answer], Obtained],
    ) -> Render:
        """A picture enlarged to about `target` by one request, bought once for the same picture and target."""
        asked = {"model": self.model.reference, "picture": digest_pixels(picture), "target": str(target)}
        subject = f"upscale:{canonical_sha256(asked)}"
        work = Work(subject, self.model.reference, f"upscale to {target}", f"{self._row}/upscale")
        bought = self._buy(work, self.upscale_price(target), _RequestDeal(request, read), watch)
        height, width = bought.pixels.shape[:2]
        if Size(width, height) == target:
            return self._render_of(bought, ())
        reason = "the provider gave another size"
        return self._render_of(bought, (Deviation("size", str(target), f"{width}x{height}", reason),))

    def buy_description(
        self, picture: Pixels, request: WireRequest, read: Callable[[Answer], tuple[str, ...]]
    ) -> Description:
        """What a provider sees in a picture, bought once for the same picture; the journal keeps its answer."""
        asked = {"model": self.model.reference, "picture": digest_pixels(picture)}
        height, width = picture.shape[:2]
        row, says = f"{self._row}/describe", f"describe {width}x{height}"
        work = Work(f"{DESCRIBED}{canonical_sha256(asked)}", self.model.reference, says, row)
        note = self._priced(row, Size(width, height))

        def read_whole(answer: Answer) -> Obtained:
            read(answer)  # An answer nobody can read is no goods.
            return Obtained(answer.body)

        self.prepare()
        buyer = Buyer(self.channel, lambda: None, intends_when_sent=True)
        goods = buyer.acquire(work, note.cost if note else None, _RequestDeal(request, read_whole))
        return Description(read(Answer(200, {}, goods.data)), goods.cost, goods.call)

    def close(self) -> None:
        """Closes the connections of this process; the next request opens them again."""
        self.options.connections.close()

    @property
    def _row(self) -> str:
        """The model's name in a price file."""
        return self.model.reference.partition("?")[0]

    def _priced(self, row: str, size: Size) -> PriceNote | None:
        return price_of(row, size, self.options.prices)

    def _buy(self, work: Work, note: PriceNote | None, deal: Deal, watch: Watch) -> Bought:
        self.prepare()
        buyer = Buyer(self.channel, lambda: watch.on_step(0, 1), self.resumes_by_call_id, self.intends_when_sent)
        return buyer.buy(work, note.cost if note else None, deal)

    def _render_of(self, bought: Bought, deviations: tuple[Deviation, ...]) -> Render:
        notes = tuple(sorted((*bought.notes, ("provider", self.model.provider.name), ("call", bought.call))))
        return Render(bought.pixels, deviations, (bought.data, bought.media_type), notes, bought.cost)

    @property
    def _may_call_retired(self) -> bool:
        return self.options.allow_retired and self.model.provider.name in self.options.urls


class OneShotEngine(HostedEngine):
    """A hosted engine of which one request gives the picture, or the link to it."""

    intends_when_sent: ClassVar[bool] = True

    @abstractmethod
    def compose(self, recipe: Recipe, init: Pixels | None) -> WireRequest:
        """The request that buys the picture of a recipe."""

    @abstractmethod
    def read(self, recipe: Recipe, answer: Answer) -> Obtained:
        """What a success holds; raises `SafetyBlocked`, `NoPicture` or `BadAnswer` where it is no picture."""

    def obtain(self, recipe: Recipe, init: Pixels | None, call: Call) -> Obtained:
        """Sends the one request and reads its answer."""
        return self.read(recipe, call.send(self.compose(recipe, init)))


@dataclass(frozen=True)
class _RecipeDeal:
    """A recipe and the adapter that buys its picture."""

    engine: HostedEngine
    recipe: Recipe
    init: Pixels | None

    def obtain(self, call: Call) -> Obtained:
        return self.engine.obtain(self.recipe, self.init, call)

    def resume(self, call: Call) -> Obtained | None:
        return self.engine.resume(self.recipe, call)


@dataclass(frozen=True)
class _RequestDeal:
    """One request that gives the picture."""

    request: WireRequest
    read: Callable[[Answer], Obtained]

    def obtain(self, call: Call) -> Obtained:
        return self.read(call.send(self.request))

    def resume(self, call: Call) -> Obtained | None:
        return None


def _at_size(init: Pixels | None, size: Size) -> Pixels | None:
    """The init picture at the size that is bought; whoever has it at the delivered size only gets that enlarged."""
    if init is None or init.shape[:2] == (size.height, size.width):
        return init
    return fit_to(init, size.width, size.height)


def _delivered(pixels: Pixels, recipe: Recipe, wanted: Recipe) -> Pixels:
    """The bought picture reduced as the recipe says; one of a size nobody asked for stays as it came."""
    height, width = pixels.shape[:2]
    if wanted.size == recipe.size or Size(width, height) != wanted.size:
        return pixels
    return reduce_by(pixels, wanted.size.width // recipe.size.width)


def _deviations(recipe: Recipe, bought: Bought, grade: SeedGrade) -> tuple[Deviation, ...]:
    """What came otherwise than the recipe says, by the decoded picture and the provider's own notes."""
    found = []
    height, width = bought.pixels.shape[:2]
    notes = dict(bought.notes)
    if Size(width, height) != recipe.size:
        found.append(Deviation("size", str(recipe.size), f"{width}x{height}", "the provider gave another size"))
    seed = notes.get("seed", "")
    if grade is not SeedGrade.NONE and seed and seed != str(recipe.seed):
        found.append(Deviation("seed", str(recipe.seed), seed, "the provider used another seed"))
    prompt = notes.get("prompt", "")
    if prompt and prompt.strip() != recipe.prompt.strip():
        found.append(Deviation("prompt", clean(recipe.prompt), clean(prompt), "the provider rewrote the prompt"))
    return tuple(found)
