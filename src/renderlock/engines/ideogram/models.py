"""The Ideogram models and what each takes, as data: legacy names, 3.0, and the v2 API's `ideogram-2`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from renderlock.engines.capabilities import Capabilities, Lifecycle, LifecycleState, SeedGrade, SizeRule
from renderlock.engines.hosted.model import HostedModel, Provider
from renderlock.engines.hosted.reference import join_options, split_options, unknown_model
from renderlock.engines.ideogram.sizes import BY_RATIO, BY_RESOLUTION_2, BY_RESOLUTION_3

ENGINE = "ideogram"
LARGEST_SEED = 2_147_483_647

PROVIDER = Provider(
    name="ideogram",
    title="Ideogram",
    base_url="https://api.ideogram.ai",
    key_variables=("IDEOGRAM_API_KEY",),
    key_header="Api-Key",
    images_in_flight=10,
    picture_hosts=("ideogram.ai",),
    console="https://ideogram.ai/manage-api",
)

MAGIC_PROMPT = ("OFF", "ON", "AUTO")
STYLES = ("AUTO", "GENERAL", "REALISTIC", "DESIGN", "RENDER_3D", "ANIME", "FICTION", "STYLIZED")
STYLES_3 = ("AUTO", "GENERAL", "REALISTIC", "DESIGN", "FICTION", "STYLIZED")
STYLES_OF_V2 = ("AUTO", "GENERAL", "REALISTIC", "DESIGN", "RENDER_3D", "ANIME")
SPEEDS_2 = ("default", "turbo", "quality")
SPEEDS_3 = ("DEFAULT", "FLASH", "TURBO", "BALANCED", "QUALITY")


@dataclass(frozen=True)
class IdeogramFacts:
    """One model: its API surface, sizes, and the options its references may carry."""

    surface: str
    sizes: SizeRule
    negative_prompt: bool
    img2img: bool
    options: Mapping[str, tuple[str, ...]]
    lifecycle: Lifecycle


_MAGIC = {"magic_prompt": MAGIC_PROMPT}
_ACTIVE = Lifecycle()
_UNSURE = Lifecycle(LifecycleState.UNCERTAIN, successors=("ideogram-v2", "ideogram:V_3"))


def _legacy(
    sizes: SizeRule, *, negative_prompt: bool = True, styles: bool = True, lifecycle: Lifecycle = _ACTIVE
) -> IdeogramFacts:
    options = _MAGIC | ({"style": STYLES} if styles else {})
    return IdeogramFacts("ideogram-generate-1", sizes, negative_prompt, True, options, lifecycle)


MODELS: Mapping[str, IdeogramFacts] = MappingProxyType(
    {
        "V_1": _legacy(BY_RATIO, styles=False, lifecycle=_UNSURE),
        "V_1_TURBO": _legacy(BY_RATIO, styles=False, lifecycle=_UNSURE),
        "V_2": _legacy(BY_RESOLUTION_2),
        "V_2_TURBO": _legacy(BY_RESOLUTION_2),
        "V_2A": _legacy(BY_RATIO, negative_prompt=False),
        "V_2A_TURBO": _legacy(BY_RATIO, negative_prompt=False),
        "V_3": IdeogramFacts(
            "ideogram-v3-1", BY_RESOLUTION_3, True, False, _MAGIC | {"style": STYLES_3, "speed": SPEEDS_3}, _ACTIVE
        ),
        "v2/ideogram-2": IdeogramFacts(
            "ideogram-v2-generations-1",
            BY_RATIO,
            negative_prompt=True,
            img2img=False,
            options=_MAGIC | {"style": STYLES_OF_V2, "speed": SPEEDS_2},
            lifecycle=_ACTIVE,
        ),
    }
)


@dataclass(frozen=True)
class IdeogramModel:
    """A model as it was asked for: its bare name, its options, and what it is to the carrying code."""

    name: str
    options: Mapping[str, str]
    hosted: HostedModel

    def option(self, name: str, default: str = "") -> str:
        """The value of an option."""
        return self.options.get(name, default)


def find_model(text: str) -> IdeogramModel:
    """The model of a reference's model part (`V_2`, `V_2?magic_prompt=ON`); raises `UnknownName`."""
    name = text.partition("?")[0] or "V_2"
    if name not in MODELS:
        raise unknown_model(ENGINE, name, tuple(MODELS))
    facts = MODELS[name]
    _, options = split_options(text, facts.options, engine=ENGINE)
    capabilities = Capabilities(
        sizes=facts.sizes,
        seed=SeedGrade.DOCUMENTED,
        steps=None,
        guidance_scale=None,
        negative_prompt=facts.negative_prompt,
        img2img=facts.img2img,
        parallel=True,
        hosted=True,
        largest_seed=LARGEST_SEED,
        lifecycle=facts.lifecycle,
        formats=("image/png", "image/jpeg", "image/webp"),
    )
    hosted = HostedModel(ENGINE, join_options(name, options), facts.surface, PROVIDER, capabilities)
    return IdeogramModel(name, options, hosted)
