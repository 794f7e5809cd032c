"""What an AUTOMATIC1111 server tells about itself: checkpoints with their hashes, samplers, upscalers, options."""

from __future__ import annotations

from dataclasses import dataclass

from renderlock.engines.hosted.channel import Channel
from renderlock.engines.hosted.wire import Answer, Json, WireRequest
from renderlock.errors import BadAnswer, UnknownName

API = "/sdapi/v1"
PLAIN = frozenset({"None", "Lanczos", "Nearest"})
"""Upscalers that are no model."""


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint: the title it is asked for by, its name, its short hash, and its SHA-256 where it was computed."""

    title: str
    name: str
    short_hash: str
    sha256: str


@dataclass(frozen=True)
class Server:
    """Asks a server; nothing here costs anything or changes it."""

    channel: Channel

    def checkpoint(self, wanted: str) -> Checkpoint:
        """The checkpoint of that name, title or hash; the one that is loaded where nobody names one.

        Raises `UnknownName` with what the server has.
        """
        known = self.checkpoints()
        name = wanted or self._options().at("sd_model_checkpoint").text("")
        for one in known:
            if name in (one.title, one.name, one.short_hash, one.sha256, one.title.partition(" [")[0]):
                return one
        raise UnknownName(kind="checkpoint", name=name, known=", ".join(one.name for one in known) or "none")

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """All checkpoints."""
        return tuple(
            Checkpoint(
                title=item.at("title").text(),
                name=item.at("model_name").text(),
                short_hash=item.at("hash").text(""),
                sha256=item.at("sha256").text(""),
            )
            for item in self._list("sd-models")
        )

    def samplers(self) -> tuple[str, ...]:
        """The samplers' names in the server's order."""
        return tuple(item.at("name").text() for item in self._list("samplers"))

    def upscalers(self) -> tuple[str, ...]:
        """The upscalers' names in the server's order."""
        return tuple(item.at("name").text() for item in self._list("upscalers"))

    def progress(self) -> tuple[str, int]:
        """The id of the task in progress ("" where the version does not tell) and the step it has reached."""
        found = self._ask("progress").json(self._model)
        step = found.at("state").at("sampling_step")
        return found.at("current_task").text(""), step.whole() if step else 0

    def interrupt(self) -> None:
        """Stops whatever is in progress."""
        self.channel.send(WireRequest(f"{API}/interrupt"), billable=False)

    @property
    def _model(self) -> str:
        return self.channel.model.reference

    def _options(self) -> Json:
        return self._ask("options").json(self._model)

    def _list(self, name: str) -> tuple[Json, ...]:
        """The items of a list, which these routes answer with no object around it."""
        wrapped = Answer(200, {}, b'{"items": ' + self._ask(name).body + b"}")
        try:
            return wrapped.json(self._model).at("items").items()
        except BadAnswer as error:
            reason = f"{API}/{name} is not a list of objects"
            raise BadAnswer(model=self._model, reason=reason, billed="no") from error

    def _ask(self, name: str) -> Answer:
        return self.channel.send(WireRequest(f"{API}/{name}", method="GET"), billable=False)
