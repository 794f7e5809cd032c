"""Reading `:generateContent`: the picture among texts and thoughts, or which of the many ways there is none.

Every one of them is an HTTP 200: a blocked prompt has no candidates, a blocked picture a finish reason, and a model
that answers with a question or a refusal gives only text.
"""

from __future__ import annotations

from renderlock.engines.hosted.pictures import from_base64
from renderlock.engines.hosted.purchase import Obtained
from renderlock.engines.hosted.wire import Json
from renderlock.engines.hosted.words import clean
from renderlock.errors import BadAnswer, HostedError, NoPicture, SafetyBlocked

UNSAFE = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "PROHIBITED_CONTENT",
        "SPII",
        "BLOCKLIST",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "MODEL_ARMOR",
    }
)
"""Finish reasons by which a check withheld the picture; the rest of them only say that there is none."""


def read_picture(answer: Json, model: str) -> Obtained:
    """The last finished picture of the answer; drafts the model thought with are skipped.

    Raises `SafetyBlocked` for a blocked prompt or picture, `NoPicture` for an answer without one, `BadAnswer`.
    """
    candidates = answer.at("candidates").items()
    if not candidates:
        raise _without_candidates(answer, model)
    candidate = candidates[0]
    content = candidate.at("content")
    parts = content.at("parts").items() if content else ()
    shown = [part for part in parts if not part.at("thought").truth(default=False)]
    pictures = [part.at("inlineData") for part in shown if part.at("inlineData")]
    if not pictures:
        raise _without_picture(candidate, shown, model)
    return Obtained(from_base64(pictures[-1].at("data").text(), model), notes=_notes(answer))


def _notes(answer: Json) -> tuple[tuple[str, str], ...]:
    usage = answer.at("usageMetadata")
    tokens = usage.at("totalTokenCount") if usage else usage
    named = {
        "model_version": answer.at("modelVersion").text(default=""),
        "request_id": answer.at("responseId").text(default=""),
        "tokens": str(tokens.whole()) if tokens else "",
    }
    return tuple((name, text) for name, text in named.items() if text)


def _without_candidates(answer: Json, model: str) -> HostedError:
    feedback = answer.at("promptFeedback")
    if not feedback:
        return BadAnswer(model=model, reason="it has neither candidates nor feedback on the prompt", billed="maybe")
    reason = feedback.at("blockReason").text(default="OTHER")
    words = feedback.at("blockReasonMessage").text(default="")
    return SafetyBlocked(model=model, stage="prompt", words=clean(f"{reason} {words}"), billed="no")


def _without_picture(candidate: Json, shown: list[Json], model: str) -> HostedError:
    reason = candidate.at("finishReason").text(default="")
    said = [part.at("text").text(default="") for part in shown]
    words = clean(" ".join([reason, candidate.at("finishMessage").text(default=""), *said]))
    if reason in UNSAFE:
        return SafetyBlocked(model=model, stage="picture", words=words, billed="maybe")
    return NoPicture(model=model, words=words or "no reason given", billed="maybe")
