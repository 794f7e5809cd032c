"""What Google's two APIs share: where a model is called, how one logs in, and what an error body means.

The Gemini API takes a key; Vertex AI takes a key too (express mode), or the application default credentials of the
machine with a project and a location.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec

from renderlock.engines.base import KeyState
from renderlock.engines.hosted.channel import Channel
from renderlock.engines.hosted.faults import error_of, how_to_set, retired, variable_of, words_of
from renderlock.engines.hosted.model import HostedModel, Provider
from renderlock.engines.hosted.options import HostedOptions
from renderlock.engines.hosted.wire import Answer
from renderlock.engines.hosted.words import clean
from renderlock.errors import HostedError, KeyMissing, KeyRefused, SafetyBlocked

VERTEX = "vertex/"
"""Begins the model part of a reference that is called on Vertex AI."""

GEMINI_URL = "https://generativelanguage.googleapis.com"
VERTEX_URL = "https://aiplatform.googleapis.com"
GEMINI_KEYS = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
VERTEX_KEYS = ("VERTEX_API_KEY",)
_OWN_LOGIN = "the Google credentials of this machine and the rights they have in GOOGLE_CLOUD_PROJECT"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_BAD_KEY = re.compile(r"API key|API_KEY|credential", re.IGNORECASE)
_GONE = re.compile(r"not found|no longer|retired|does not have access", re.IGNORECASE)
_BLOCKED = re.compile(r"sensitive words|Responsible AI|safety|prohibited|violat", re.IGNORECASE)


def on_gemini(engine: str, title: str) -> Provider:
    """The Gemini API as an engine's provider."""
    return Provider(
        name=engine,
        title=title,
        base_url=GEMINI_URL,
        key_variables=GEMINI_KEYS,
        key_header="x-goog-api-key",
        images_in_flight=4,
        console="https://aistudio.google.com/usage",
    )


def on_vertex(engine: str, title: str) -> Provider:
    """Vertex AI as an engine's provider."""
    console = "https://console.cloud.google.com/billing"
    return replace(on_gemini(engine, title), base_url=VERTEX_URL, key_variables=VERTEX_KEYS, console=console)


def method_path(name: str, method: str, options: HostedOptions, *, has_key: bool) -> str:
    """The path of a model's method, by the API its name says and the way one logs in."""
    if not name.startswith(VERTEX):
        return f"/v1beta/models/{name}:{method}"
    model = name.removeprefix(VERTEX)
    if has_key:
        return f"/v1beta1/publishers/google/models/{model}:{method}"
    return f"/v1/projects/{options.project}/locations/{_location(options)}/publishers/google/models/{model}:{method}"


def vertex_url(options: HostedOptions) -> str:
    """Where Vertex AI is called: at its location's own host where one is set."""
    location = _location(options)
    return VERTEX_URL if location == "global" else f"https://{location}-aiplatform.googleapis.com"


def refusal_of(answer: Answer, model: HostedModel, secrets: tuple[str, ...]) -> HostedError:
    """The error for a Google error body; a bad key and a blocked prompt are both 400."""
    words = words_of(answer, secrets)
    if answer.status == 400 and _BAD_KEY.search(words):
        return KeyRefused(model=model.reference, words=words, variable=variable_of(model))
    if answer.status == 400 and _BLOCKED.search(words):
        return SafetyBlocked(model=model.reference, stage="prompt", words=words, billed="no")
    if answer.status == 404 or (answer.status == 400 and _GONE.search(words)):
        return retired(model, words)
    error = error_of(answer, model, secrets)
    if isinstance(error, KeyRefused) and not secrets:
        return KeyRefused(model=model.reference, words=words, variable=_OWN_LOGIN)
    return error


@dataclass
class VertexLogin:
    """The authorization headers of Vertex AI: its key where there is one, else the machine's own credentials."""

    model: HostedModel
    options: HostedOptions
    own_key: Callable[[], str]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _credentials: object = None

    def headers(self) -> Mapping[str, str]:
        """The headers; raises `KeyMissing` where there is neither a key nor credentials with a project."""
        if key := self.own_key():
            return {"x-goog-api-key": key}
        return {"Authorization": f"Bearer {self._token()}"}

    def state(self, says: str) -> KeyState:
        """The state without a key: credentials that can be tried, or nothing."""
        if why := self.why_not():
            return KeyState("missing", f"{says}, and {why}")
        place = f"project {self.options.project}, {_location(self.options)}"
        return KeyState("unproven", f"{says}; this machine's own Google credentials are tried ({place})")

    def why_not(self) -> str:
        """Why the machine's own credentials cannot even be tried, in words; "" where they can."""
        if not self.options.project:
            return "without GOOGLE_CLOUD_PROJECT this machine's own Google credentials are not tried"
        if find_spec("google") is None or find_spec("google.auth") is None:
            return "this machine's own Google credentials need the package google-auth, which is not installed"
        return ""

    def _token(self) -> str:
        """A token of the application default credentials, refreshed when it runs out."""
        if why := self.why_not():
            raise self._missing(why)
        import google.auth  # noqa: PLC0415  # an optional package
        import google.auth.exceptions  # noqa: PLC0415  # as above
        import google.auth.transport.requests  # noqa: PLC0415  # as above

        with self._lock:
            try:
                if self._credentials is None:
                    self._credentials, _ = google.auth.default(scopes=[_SCOPE])
                credentials = self._credentials
                if not credentials.valid:  # type: ignore[attr-defined]  # google-auth is untyped here
                    credentials.refresh(google.auth.transport.requests.Request())  # type: ignore[attr-defined]
                return str(credentials.token)  # type: ignore[attr-defined]
            except google.auth.exceptions.GoogleAuthError as error:
                said = clean(str(error)).rstrip(".") or type(error).__name__
                raise self._missing(f"this machine's own Google credentials do not work: {said}") from error

    def _missing(self, why: str) -> KeyMissing:
        keys = self.options.keys
        own = (
            "Or use this machine's credentials: install google-auth, run `gcloud auth application-default login`, set "
            "GOOGLE_CLOUD_PROJECT and, where it is not us-central1, GOOGLE_CLOUD_LOCATION."
        )
        action = f"{how_to_set(VERTEX_KEYS, keys)}. {own}"
        missing = f"{keys.why_missing(VERTEX_KEYS)}, and {why}"
        return KeyMissing(model=self.model.reference, missing=missing, action=action)


def key_text(channel: Channel) -> str:
    """The key of a channel, "" where there is none."""
    return "" if channel.key is None else channel.key.reveal()


def _location(options: HostedOptions) -> str:
    return options.location or "us-central1"
