"""The `openai-images` engine: OpenAI's images API, and the servers of one's own that speak it.

A reference is `openai-images:gpt-image-2`, or `openai-images:DIALECT/MODEL` for a server (`dialects.py`).
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, nullcontext

from renderlock.engines.base import EngineOptions, Probe, Watch
from renderlock.engines.hosted.engine import OneShotEngine
from renderlock.engines.hosted.faults import error_of, words_of
from renderlock.engines.hosted.journal import Work
from renderlock.engines.hosted.model import HostedModel
from renderlock.engines.hosted.pictures import from_base64
from renderlock.engines.hosted.prices import PriceNote
from renderlock.engines.hosted.purchase import Bought, Call, Deal, Obtained
from renderlock.engines.hosted.wire import Answer, Json, Part, TextPairs, WireRequest
from renderlock.engines.openai_images.bodies import fields_of
from renderlock.engines.openai_images.dialects import OPENAI as ENGINE
from renderlock.engines.openai_images.dialects import Dialect, split_reference
from renderlock.engines.own_server import free_of_charge, owing_nothing, without_bills
from renderlock.errors import (
    BadAnswer,
    HostedError,
    ModelRetired,
    NoPicture,
    QuotaExhausted,
    SafetyBlocked,
    UnknownName,
)
from renderlock.imaging.pixels import Pixels, encode_png
from renderlock.spec.recipe import Recipe, Size

SURFACE = "openai-images/1"
EXAMPLES = "gpt-image-2, vllm-omni/MODEL, sglang/MODEL, sd-cpp/, localai/MODEL"
_MODERATED = frozenset({"moderation_blocked", "content_policy_violation"})


def open_model(model: str, options: EngineOptions) -> OpenAIImagesEngine:
    """The engine for a model; raises `UnknownName` where none is named that the server needs."""
    dialect, name = split_reference(model)
    if not name and dialect.provider.name != "sd-cpp":
        raise UnknownName(kind="images model", name=model, known=EXAMPLES)
    hosted = HostedModel(ENGINE, model, SURFACE, dialect.provider, dialect.capabilities)
    return OpenAIImagesEngine(hosted, dialect, name, options if dialect.costs else without_bills(options))


class OpenAIImagesEngine(OneShotEngine):
    """One model of one server."""

    def __init__(self, model: HostedModel, dialect: Dialect, name: str, options: EngineOptions) -> None:
        super().__init__(model, options)
        self._dialect = dialect
        self._name = name

    def price(self, size: Size) -> PriceNote | None:
        """The price of OpenAI's pictures; one's own cost nothing."""
        return super().price(size) if self._dialect.costs else free_of_charge(self.model.reference)

    def compose(self, recipe: Recipe, init: Pixels | None) -> WireRequest:
        """A generation, or an edit of the init picture."""
        fields = fields_of(recipe, self._dialect, self._name)
        if init is None:
            return WireRequest("/v1/images/generations", json=fields)
        parts = [
            Part.text(name, value if isinstance(value, str) else json.dumps(value)) for name, value in fields.items()
        ]
        picture = Part("image", encode_png(init, {}), "image/png", "init.png")
        return WireRequest("/v1/images/edits", parts=(*parts, picture))

    def obtain(self, recipe: Recipe, init: Pixels | None, call: Call) -> Obtained:
        """Sends the one request and reads its answer."""
        with self._owing():
            return super().obtain(recipe, init, call)

    def read(self, recipe: Recipe, answer: Answer) -> Obtained:
        """The first picture, as bytes or as a link."""
        body = answer.json(self.model.reference)
        items = body.at("data").items()
        if not items:
            raise NoPicture(model=self.model.reference, words="the list of pictures is empty", billed="maybe")
        notes = _notes(items[0], body, answer)
        if encoded := items[0].at("b64_json"):
            return Obtained(picture=from_base64(encoded.text(), self.model.reference), notes=notes)
        if link := items[0].at("url"):
            return Obtained(link=link.text(), notes=notes)
        raise BadAnswer(model=self.model.reference, reason="its picture has neither b64_json nor url", billed="yes")

    def error_of(self, answer: Answer) -> HostedError:
        """The error by OpenAI's code where it has one, else by the status."""
        code = _code(answer)
        words = words_of(answer, self.channel.secrets)
        if code == "insufficient_quota":
            return QuotaExhausted(model=self.model.reference, words=words)
        if code in _MODERATED:
            return SafetyBlocked(model=self.model.reference, stage="prompt", words=words)
        return error_of(answer, self.model, self.channel.secrets)

    def _buy(self, work: Work, note: PriceNote | None, deal: Deal, watch: Watch) -> Bought:
        with self._owing():
            return super()._buy(work, note, deal, watch)

    def _owing(self) -> AbstractContextManager[None]:
        """Nothing is owed to a server of one's own, whatever comes of a call."""
        return nullcontext() if self._dialect.costs else owing_nothing()

    def probe(self) -> Probe:
        """Lists the models, which costs nothing."""
        self.prepare()
        answer = self.channel.send(WireRequest("/v1/models", method="GET"), billable=False)
        listed = [item.at("id").text() for item in answer.json(self.model.reference).at("data").items()]
        if self._name and self._name not in listed:
            raise ModelRetired(
                model=self.model.reference,
                words=f"it lists {', '.join(sorted(listed)) or 'no models'}",
                successors=", ".join(listed) or "none named",
                successor=listed[0] if listed else "MODEL",
            )
        took = "the server took the key" if self.channel.key else "the server asks for no key"
        return Probe((took, f"it lists {self._name or ', '.join(listed)}"), ("that it renders",))


def _notes(item: Json, body: Json, answer: Answer) -> TextPairs:
    found = {
        "prompt": item.at("revised_prompt").text(""),
        "resolution": body.at("size").text(""),
        "quality": body.at("quality").text(""),
        "request_id": answer.headers.get("x-request-id", ""),
    }
    return tuple((name, text) for name, text in found.items() if text)


def _code(answer: Answer) -> str:
    try:
        fields: object = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    error = fields.get("error") if isinstance(fields, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) else ""
