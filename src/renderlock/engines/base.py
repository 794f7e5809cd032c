"""The Engine protocol: what turns recipes into pixels, and the contract every engine keeps.

An engine is bound to one model when it is opened. Opening and identifying read files at most; weights are
loaded by the first `render`. The contract, tested by `tests/engines/contract.py` for every member:

- the same recipe gives the same 8-bit pixels on one environment, if the seed grade is `exact`;
- `watch.on_step` is called after every denoising step, and what it raises stops the render at once;
- what an engine does differently from the recipe is in `Render.deviations`, never silent;
- where the capabilities say `previews`, a `PreviewWatch` is shown the picture before each step is told;
- an engine may be called from several threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol, Self, runtime_checkable

from renderlock.engines.capabilities import Capabilities
from renderlock.engines.files import FileHashes, FreshHashes
from renderlock.engines.hosted.options import HostedOptions
from renderlock.engines.hosted.prices import PriceNote
from renderlock.imaging.pixels import Pixels
from renderlock.settings import Settings
from renderlock.spec.deviation import Deviation
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.money import Cost
from renderlock.spec.recipe import Recipe, Size


class Watch(Protocol):
    """What follows a render while it runs."""

    def on_step(self, done: int, steps: int) -> None:
        """Called after each denoising step; raises to stop the render."""


Preview = Callable[[], Pixels]
"""The picture as the render has it so far; computed when it is called, at the cost of one decode."""


@runtime_checkable
class PreviewWatch(Watch, Protocol):
    """A watch that also looks at the picture as it forms, with engines whose capabilities say `previews`."""

    def on_preview(self, preview: Preview) -> None:
        """Called before `on_step`, with the picture that the model expects in the end."""


class Unwatched:
    """A watch that nobody looks at."""

    def on_step(self, done: int, steps: int) -> None:
        """Lets the render go on."""


@dataclass(frozen=True)
class Render:
    """One picture as an engine gave it, with what it did differently.

    `original` holds the provider's own bytes and media type where a picture came encoded; it is None for
    engines that compute pixels. `source` holds what a provider said about it (seed, prompt, resolution …), by name;
    `cost` is what it cost, None where it cost nothing or nobody knows.
    """

    pixels: Pixels
    deviations: tuple[Deviation, ...] = ()
    original: tuple[bytes, str] | None = None
    source: tuple[tuple[str, str], ...] = ()
    cost: Cost | None = None


class Engine(Protocol):
    """One model, ready to turn recipes into pixels."""

    @property
    def capabilities(self) -> Capabilities:
        """The facts of this model."""

    def identify(self) -> ModelIdentity:
        """The exact model behind the reference this engine was opened with.

        Raises `ModelUnavailable` where files are missing or damaged.
        """

    def environment(self) -> tuple[tuple[str, str], ...]:
        """What on this machine may change this engine's pixels: library versions, device, driver, as name and value.

        Part of the lock's environment fingerprint. Cheap for a CPU engine (package versions, no heavy import).
        """

    def render(self, recipe: Recipe, init: Pixels | None, watch: Watch) -> Render:
        """One picture from one recipe.

        `init` holds the pixels of `recipe.init`, already at the size the picture is made at (`engines.reduction`),
        exactly where the recipe has one.
        Raises `EngineFailed`, `OutOfMemory`, or what `watch` raised.
        """

    def close(self) -> None:
        """Lets go of the weights; a later `render` may load them again."""


class Lane(Protocol):
    """How many jobs of one provider are under way at once, whatever models they are of."""

    @property
    def name(self) -> str:
        """The provider's name."""

    @property
    def width(self) -> int:
        """How many jobs may be under way now."""

    @property
    def pictures(self) -> int:
        """How many pictures the provider makes at once now, fewer than there are jobs under way."""


@dataclass(frozen=True)
class Probe:
    """What a free call proved about a model, and what only a paid one could prove, as sentences."""

    proven: tuple[str, ...]
    unproven: tuple[str, ...] = ()


@dataclass(frozen=True)
class KeyState:
    """Whether a hosted model's key is there, and where, in a few words that never hold the key.

    `unproven` are credentials that only a request could try; `unusable` is a key file that may not be used.
    """

    state: Literal["set", "not needed", "unproven", "missing", "unusable"]
    says: str

    def __str__(self) -> str:
        return self.says


@runtime_checkable
class Hosted(Protocol):
    """What an engine has besides whose pictures are bought from a provider, or made by a server elsewhere."""

    @property
    def lane(self) -> Lane:
        """The lane of its provider."""

    def prepare(self) -> None:
        """Proves without any request that one could be sent: key, address, lifecycle.

        Raises `KeyMissing`, `KeyFileUnsafe`, `SettingInvalid`, `ModelUnavailable` or `ModelRetired`.
        """

    def price(self, size: Size) -> PriceNote | None:
        """The price note of one picture of a size, None where no price is known."""

    def key_state(self) -> KeyState:
        """Whether a key is there and where, without showing it and without any request."""

    def own_server(self) -> str:
        """The address of the user's own server that makes the pictures; "" for a provider."""

    def probe(self) -> Probe:
        """Proves key and model by the cheapest call, generating nothing. Raises `HostedError`, or as `prepare` does."""


@dataclass(frozen=True)
class EngineOptions:
    """What the machine's owner decides for all engines; none of it changes pixels.

    `threads` is the number of CPU threads one render may use; `offline` forbids every network access;
    `device` names where local models run ("cpu", "cuda", "mps", or "auto"); `file_hashes` gives the hashes
    of weight files, from memory where the caller has one; `api_key` is a hosted model's key, where the
    caller gave one instead of the environment; `levers` are those of the capabilities that save memory at the
    price of time and leave the pixels as they are; `memory_budget_bytes` is what a device allocator may give;
    `hosted` is what hosted engines are told.
    """

    threads: int = 1
    offline: bool = False
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    file_hashes: FileHashes = field(default_factory=FreshHashes)
    api_key: str | None = field(default=None, repr=False)
    levers: frozenset[str] = frozenset()
    memory_budget_bytes: int | None = None
    hosted: HostedOptions = field(default_factory=HostedOptions)

    @classmethod
    def of(cls, settings: Settings, *, api_key: str | None = None) -> Self:
        """What the settings say, with the key that the caller gave."""
        return cls(
            threads=settings.threads,
            offline=settings.offline,
            device=settings.device,
            api_key=api_key,
            hosted=HostedOptions.of(settings),
        )


class EngineFactory(Protocol):
    """What an engine module exports, and what the entry-point group `renderlock.engines` points at."""

    def __call__(self, model: str, options: EngineOptions) -> Engine:
        """The engine for `model`, the part of a reference after the engine's name and colon.

        Raises `UnknownName` or `ModelUnavailable` for a model that does not exist; loads no weights.
        """
