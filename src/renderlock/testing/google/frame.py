"""What Google's two APIs share: keys, error bodies with details, and paths of the Gemini API and of Vertex AI."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import ClassVar

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from renderlock.testing.exchange import Exchange
from renderlock.testing.faults import EVERYWHERE, Fault
from renderlock.testing.provider import Handler, Provider, Refused
from renderlock.testing.wire import WireProblem

STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
VERTEX_MARK = "/publishers/google/models/"
VERTEX_PATHS = (
    "/{version}/projects/{project}/locations/{location}/publishers/google/models/{model}",
    "/{version}/publishers/google/models/{model}",
)
GEMINI_PATH = "/{version}/models/{model}"
VERSIONS = {"gemini": ("v1", "v1beta"), "vertex": ("v1", "v1beta1")}


class GoogleProvider(Provider):
    """The frame; `model_names` are the models it serves."""

    model_names: ClassVar[tuple[str, ...]] = ()
    faults: ClassVar[frozenset[str]] = EVERYWHERE | {
        "rate-limit-retry-info",
        "retired-model",
        "prompt-blocked",
        "truncated-base64",
        "all-filtered",
    }

    def method_routes(self, method: str, handler: Handler) -> list[BaseRoute]:
        """The routes of a method of a model, `:predict` say, on both APIs."""
        return [self.route(f"{path}:{method}", handler) for path in (GEMINI_PATH, *VERTEX_PATHS)]

    def list_routes(self) -> list[BaseRoute]:
        """The listing of models, and one model, on the Gemini API."""
        return [
            self.route("/{version}/models", self._list_models, "GET"),
            self.route(GEMINI_PATH, self._show_model, "GET"),
        ]

    def refusal(self, status: int, reason: str, fault: Fault | None = None) -> Refused:
        """Google's error object, with details where they tell something."""
        details: list[dict[str, object]] = []
        if fault is not None and fault.name == "rate-limit-retry-info":
            delay = f"{fault.time_s:g}s"
            details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]
        return _error(status, reason, details)

    def invalid(self, problems: Sequence[WireProblem]) -> Refused:
        """400 with each problem as a field violation."""
        violations = [{"field": problem.path, "description": _says(problem)} for problem in problems]
        detail: dict[str, object] = {
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": violations,
        }
        return _error(400, "\n".join(_says(problem) for problem in problems), [detail])

    def crowded(self, limit: int) -> Refused:
        """429 as Google words it."""
        return _error(429, "Resource has been exhausted (e.g. check quota).", [])

    def check_access(self, exchange: Exchange) -> None:
        """Proves version, key and model; raises `Refused` as the API that was called does."""
        vertex = is_vertex(exchange)
        if exchange.path_value("version") not in VERSIONS["vertex" if vertex else "gemini"]:
            raise self.refusal(404, "Requested entity was not found.")
        key = exchange.headers.get("x-goog-api-key") or exchange.query.get("key")
        bearer = exchange.headers.get("authorization", "").partition("Bearer ")[2]
        if vertex:
            if not self.is_key(key or bearer or None):
                raise self.refusal(
                    401, "Request had invalid authentication credentials. Expected OAuth 2 access token."
                )
        elif not key:
            raise self.refusal(403, "Method doesn't allow unregistered callers (callers without established identity).")
        elif not self.is_key(key):
            service = {"service": "generativelanguage.googleapis.com"}
            detail: dict[str, object] = {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "domain": "googleapis.com",
            }
            detail |= {"reason": "API_KEY_INVALID", "metadata": service}
            raise _error(400, "API key not valid. Please pass a valid API key.", [detail])

    def check_model(self, exchange: Exchange) -> str:
        """The called model's name; raises `Refused` for one that is not there."""
        model = exchange.path_value("model")
        if model not in self.model_names:
            raise self.gone(exchange)
        return model

    def gone(self, exchange: Exchange) -> Refused:
        """404 for a model that is not there, or no more."""
        model = exchange.path_value("model")
        if not is_vertex(exchange):
            version = exchange.path_value("version")
            reason = f"models/{model} is not found for API version {version}, or is not supported for this method."
            return self.refusal(404, f"{reason} Call ListModels to see the list of available models.")
        path = exchange.request.url.path.partition("/publishers/")[2].partition(":")[0]
        reason = f"Publisher model 'publishers/{path}' was not found or your project does not have access to it."
        return self.refusal(404, reason)

    def admit(self, exchange: Exchange, pictures: int) -> None:
        """Admits a generation; a retired model is answered with its own name."""
        try:
            super().admit(exchange, pictures)
        except Refused as refused:
            raise self.gone(exchange) if exchange.has("retired-model") else refused from refused

    async def _list_models(self, exchange: Exchange) -> Response:
        self.check_access(exchange)
        self.count(exchange, "poll")
        return JSONResponse({"models": [self.described(name) for name in self.model_names]})

    async def _show_model(self, exchange: Exchange) -> Response:
        self.check_access(exchange)
        self.count(exchange, "poll")
        return JSONResponse(self.described(self.check_model(exchange)))

    def described(self, model: str) -> dict[str, object]:
        """A model as the listing shows it."""
        return {
            "name": f"models/{model}",
            "version": "001",
            "displayName": model,
            "inputTokenLimit": 480,
            "outputTokenLimit": 8192,
        }


def proto_bytes(text: str) -> bytes:
    """The bytes that a field of a protocol buffer holds in JSON: base64 in either alphabet, padded or not.

    Raises `ValueError` for any other text.
    """
    standard = text.translate(str.maketrans("-_", "+/")).rstrip("=")
    return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)


def is_vertex(exchange: Exchange) -> bool:
    """Whether a call came by a path of Vertex AI."""
    return VERTEX_MARK in exchange.request.url.path


def _says(problem: WireProblem) -> str:
    if problem.kind != "extra_forbidden":
        return str(problem)
    *parents, name = problem.place
    where = f" at '{WireProblem(tuple(parents), '', '', None).path}'" if parents else ""
    return f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.'


def _error(status: int, message: str, details: list[dict[str, object]]) -> Refused:
    error: dict[str, object] = {"code": status, "message": message, "status": STATUSES.get(status, "UNKNOWN")}
    return Refused(status, {"error": error | ({"details": details} if details else {})})
