"""The `comfyui` engine: a workflow of one's own, run by a ComfyUI server.

A reference is `comfyui:workflow.json`, a file in API format with placeholders. The prompt's id is our call's id, so a
run that was killed asks for its picture by it. Progress comes over a socket and, where that fails, from the history.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from renderlock.engines.base import EngineOptions, Probe, Render, Watch
from renderlock.engines.capabilities import Capabilities
from renderlock.engines.comfyui.facts import Facts, facts_of, workflow_facts
from renderlock.engines.comfyui.progress import Progress
from renderlock.engines.comfyui.refusals import refusal_of, words_of_nodes
from renderlock.engines.comfyui.server import Job, Server, evidence_file
from renderlock.engines.comfyui.waiting import Waiting
from renderlock.engines.comfyui.workflow import Value, Workflow, read_workflow
from renderlock.engines.hosted.engine import HostedEngine
from renderlock.engines.hosted.journal import Work
from renderlock.engines.hosted.model import HostedModel, Provider
from renderlock.engines.hosted.prices import PriceNote
from renderlock.engines.hosted.purchase import Bought, Call, Deal, Obtained
from renderlock.engines.hosted.wire import Answer, WireRequest
from renderlock.engines.hosted.words import clean
from renderlock.engines.own_server import free_of_charge, glancing, owing_nothing, reason_in, without_bills
from renderlock.engines.watching import Steps, steps_of_this_render, watched_by
from renderlock.errors import (
    BadAnswer,
    EngineError,
    EngineFailed,
    HostedError,
    Interrupted,
    ModelUnavailable,
    NoPicture,
    OutOfMemory,
    ProviderFailed,
    ProviderTimeout,
    RenderlockError,
    RequestRefused,
    TransportFailed,
    UnknownName,
)
from renderlock.imaging.pixels import Pixels
from renderlock.imaging.png_chunks import without_texts
from renderlock.spec.fields import JsonObject
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.recipe import Recipe, Size

ENGINE = "comfyui"
SURFACE = "comfyui/1"
GREY = 128

PROVIDER = Provider(
    name=ENGINE,
    title="ComfyUI",
    base_url="http://127.0.0.1:8188",
    key_variables=("COMFYUI_API_KEY",),
    key_prefix="Bearer ",
    key_optional=True,
    # The server has one queue; a few prompts in it keep its device busy.
    images_in_flight=2,
)


class Forgotten(ProviderFailed):
    """The server no longer knows a prompt, or somebody stopped it there: it is made anew, at no cost."""


def open_model(model: str, options: EngineOptions) -> ComfyUIEngine:
    """The engine for a workflow file; raises `UnknownName` without one, `InputUnusable` for one that cannot be used."""
    if not model:
        raise UnknownName(kind="workflow", name=model, known="name a file, as in comfyui:workflow.json")
    return ComfyUIEngine(read_workflow(Path(model).expanduser()), model, options)


class ComfyUIEngine(HostedEngine):
    """One workflow on one server."""

    resumes_by_call_id: ClassVar[bool] = True

    def __init__(self, workflow: Workflow, name: str, options: EngineOptions) -> None:
        # The server can only be asked once there is a way to it; `capabilities` below is what counts.
        super().__init__(HostedModel(ENGINE, name, SURFACE, PROVIDER, workflow_facts(workflow)), without_bills(options))
        self._workflow = workflow
        self._server = Server(glancing(self.channel))

    @property
    def capabilities(self) -> Capabilities:
        """What the workflow can be told, with the server's own samplers where it can be asked."""
        return self._facts.capabilities

    def identify(self) -> ModelIdentity:
        """The workflow by its content, and every model file it names by what the server says of it."""
        try:
            files = [
                evidence_file(name, file, self._server.evidence(name, file))
                for name, file in self._workflow.model_files()
            ]
            self._server.version()
        except EngineError as error:
            action = "Start ComfyUI, and say where it is: RENDERLOCK_URL_COMFYUI."
            raise ModelUnavailable(model=self.model.reference, reason=reason_in(error), action=action) from error
        return ModelIdentity(
            ENGINE, self.model.name, "", SURFACE, (("workflow.json", self._workflow.digest), *dict(files).items())
        )

    def price(self, size: Size) -> PriceNote | None:
        """Nothing."""
        return free_of_charge(self.model.reference)

    def error_of(self, answer: Answer) -> HostedError:
        """The error with what ComfyUI says of each node."""
        return refusal_of(answer, self.model, self.channel.secrets)

    def render(self, recipe: Recipe, init: Pixels | None, watch: Watch) -> Render:
        """The picture of a recipe; a prompt that the server has forgotten since is sent again."""
        with watched_by(watch):
            try:
                return super().render(recipe, init, watch)
            except Forgotten:
                return super().render(recipe, init, watch)

    def obtain(self, recipe: Recipe, init: Pixels | None, call: Call) -> Obtained:
        """Queues the workflow under the call's id and waits for its picture."""
        graph = self._graph(recipe, init)
        steps = steps_of_this_render(recipe.steps or 1)
        progress = Progress(self.channel.base_url, call.id, call.id, self.channel.headers())
        try:
            body: JsonObject = {"prompt": graph, "client_id": call.id, "prompt_id": call.id}
            self._queue(WireRequest("/prompt", json=body), call)
            return self._picture(self._wait(progress, steps, call.id), call, steps)
        except RenderlockError as error:
            if isinstance(error, Interrupted):
                self._stop(call.id)
            raise
        except BaseException:
            self._stop(call.id)
            raise
        finally:
            progress.close()

    def resume(self, recipe: Recipe, call: Call) -> Obtained | None:
        """The picture of a prompt that was queued before; raises `Forgotten` where the server does not know it."""
        prompt_id = call.resume
        steps = steps_of_this_render(recipe.steps or 1)
        progress = Progress(self.channel.base_url, prompt_id, prompt_id, self.channel.headers())
        try:
            return self._picture(self._wait(progress, steps, prompt_id), call, steps)
        finally:
            progress.close()

    def probe(self) -> Probe:
        """Asks for the version and for every node class of the workflow, which costs nothing."""
        self.prepare()
        version = self._server.version()
        classes = sorted({self._workflow.class_of(node) for node in self._workflow.graph})
        missing = [name for name in classes if not self._server.has(name)]
        if missing:
            action = "Install the custom nodes there."
            reason = f"the server has no node {', '.join(missing)}"
            raise ModelUnavailable(model=self.model.reference, reason=reason, action=action)
        return Probe((f"ComfyUI {version} answers", f"it has all {len(classes)} node classes"), ("that it renders",))

    def _buy(self, work: Work, note: PriceNote | None, deal: Deal, watch: Watch) -> Bought:
        """As any engine does, with errors that say that nothing is owed."""
        with owing_nothing():
            return super()._buy(work, note, deal, watch)

    @cached_property
    def _facts(self) -> Facts:
        return facts_of(self._workflow, self._server)

    def _graph(self, recipe: Recipe, init: Pixels | None) -> JsonObject:
        values: dict[str, Value] = {
            "prompt": recipe.prompt,
            "negative_prompt": recipe.negative_prompt,
            "seed": recipe.seed,
            "width": recipe.size.width,
            "height": recipe.size.height,
            "steps": recipe.steps or 0,
            "guidance_scale": recipe.guidance_scale or 0.0,
            "sampler": self._facts.samplers.get(recipe.sampler or "", recipe.sampler or ""),
            "strength": 1.0 if recipe.init is None else recipe.init.strength,
        }
        if "init" in self._workflow.places:
            # At full strength nothing of the init picture is left, so a grey one stands for none.
            blank = np.full((recipe.size.height, recipe.size.width, 3), GREY, np.uint8)
            values["init"] = self._server.upload(blank if init is None else init)
        return self._workflow.filled(values)

    def _queue(self, request: WireRequest, call: Call) -> None:
        """Queues a prompt; where the answer was lost on the way, the server is asked whether it has the prompt."""
        try:
            self._refuse_dropped(call.send(request), call)
        except (TransportFailed, ProviderTimeout, BadAnswer) as error:
            if error.billed != "maybe":
                raise
            if not self._knows(call.id):
                raise self._forgotten(f"the prompt did not arrive ({error})") from error

    def _wait(self, progress: Progress, steps: Steps, prompt_id: str) -> Job:
        """What became of a prompt; a server that cannot be asked leaves it to be asked for by the next run."""
        try:
            found = Waiting(self._server, progress, steps, prompt_id).job()
        except HostedError as error:
            raise self._went_away(error) from error
        if found is None:
            raise self._forgotten("it does not know the prompt any more")
        return found

    def _went_away(self, error: HostedError) -> EngineFailed:
        reason = f"the server cannot be asked for the picture it was given to make ({str(error).rstrip('.')})"
        return EngineFailed(model=self.model.reference, reason=reason)

    def _knows(self, prompt_id: str) -> bool:
        """Whether the server has a prompt, waiting, running or done; it may end between the two questions."""
        has_ended = self._server.job(prompt_id) is not None
        return has_ended or self._server.is_queued(prompt_id) or self._server.job(prompt_id) is not None

    def _refuse_dropped(self, answer: Answer, call: Call) -> None:
        """Raises where a 200 says that outputs were dropped: what comes then is not what was asked for."""
        dropped = answer.json(self.model.reference).at("node_errors")
        if dropped and dropped.value:
            self._stop(call.id)
            words = clean(words_of_nodes(dropped))
            raise RequestRefused(model=self.model.reference, words=words, status=answer.status)

    def _picture(self, job: Job, call: Call, steps: Steps) -> Obtained:
        """The first kept picture of a job."""
        if job.interrupted:
            raise self._forgotten("somebody stopped it there")
        if job.error is not None:
            self._fail(job, call)
        if not job.files:
            words = "no output of the workflow gave a picture; it needs a SaveImage node"
            raise NoPicture(model=self.model.reference, words=words, billed="no")
        steps.finished()
        data = without_texts(self._server.fetch(job.files[0]))
        notes = (("request_id", call.resume or call.id), ("pictures", str(len(job.files))))
        return Obtained(picture=data, notes=notes)

    def _fail(self, job: Job, call: Call) -> None:
        assert job.error is not None
        kind, said = job.error.at("exception_type").text(""), job.error.at("exception_message").text("")
        node = f"node {job.error.at('node_id').text('?')} ({job.error.at('node_type').text('?')})"
        words = clean(f"{node}: {kind}: {said}")
        if "OutOfMemory" in kind or "out of memory" in said.lower():
            self._server.free()
            # Nothing is owed for it, and nothing is left to be asked for.
            call.resume, call.answer = "", None
            raise OutOfMemory(model=self.model.reference, reason=f"the server's {words}")
        raise ProviderFailed(model=self.model.reference, words=words, status=200, billed="no")

    def _forgotten(self, why: str) -> Forgotten:
        return Forgotten(model=self.model.reference, words=why, status=200, billed="no")

    def _stop(self, prompt_id: str) -> None:
        try:
            self._server.stop(prompt_id)
        except HostedError:
            return
