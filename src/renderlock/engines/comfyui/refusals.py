"""What ComfyUI's refusals say: the error, and under it what is wrong with each node."""

from __future__ import annotations

from collections.abc import Iterable

from renderlock.engines.hosted.faults import error_of
from renderlock.engines.hosted.model import HostedModel
from renderlock.engines.hosted.wire import Answer, Json
from renderlock.engines.hosted.words import clean
from renderlock.errors import BadAnswer, HostedError, RequestRefused


def refusal_of(answer: Answer, model: HostedModel, secrets: Iterable[str]) -> HostedError:
    """The error for an answer that is no success."""
    if answer.status != 400:
        return error_of(answer, model, secrets)
    try:
        body = answer.json(model.reference)
        error = body.at("error")
        said = ": ".join(filter(None, (error.at("message").text(""), error.at("details").text(""))))
        words = "; ".join(filter(None, (said, words_of_nodes(body.at("node_errors")))))
    except BadAnswer:
        return error_of(answer, model, secrets)
    return RequestRefused(model=model.reference, words=clean(words, secrets), status=400)


def words_of_nodes(nodes: Json) -> str:
    """What is wrong with each node, in one line."""
    if not nodes:
        return ""
    lines = []
    names = nodes.keys()
    for name in names:
        node = nodes.at(name)
        wrong = [
            ": ".join(filter(None, (each.at("message").text(""), each.at("details").text(""))))
            for each in node.at("errors").items()
        ]
        lines.append(f"node {name} ({node.at('class_type').text('?')}): {', '.join(wrong)}")
    return "; ".join(lines)
