"""Reading Ideogram's answers: the one picture of a call, or the reason why there is none, and its refusals."""

from __future__ import annotations

import re

from renderlock.engines.hosted.faults import error_of, retired, words_of
from renderlock.engines.hosted.model import HostedModel
from renderlock.engines.hosted.purchase import Obtained
from renderlock.engines.hosted.wire import Answer, Json, TextPairs
from renderlock.errors import HostedError, NoPicture, SafetyBlocked
from renderlock.spec.money import Cost

_RETIRED = re.compile(r"\bmodel\b.*\b(?:retired|rejected|no longer|not (?:found|supported|available))", re.IGNORECASE)
_UNSAFE = re.compile(r"safety|prohibited|moderation", re.IGNORECASE)
UNSAFE_PICTURE = "the picture did not pass the safety check"


def read_picture(items: Json, model: HostedModel, *, cost: Cost | None = None, notes: TextPairs = ()) -> Obtained:
    """The link and the notes of the first item of a `data` list.

    Raises `SafetyBlocked` for a picture that was made, billed and withheld, `NoPicture` for an empty list, `BadAnswer`.
    """
    listed = items.items()
    if not listed:
        raise NoPicture(model=model.reference, words="the list of pictures is empty", billed="maybe")
    item = listed[0].as_object()
    if not item.at("is_image_safe").truth(default=True):
        raise SafetyBlocked(model=model.reference, stage="picture", words=UNSAFE_PICTURE, billed="yes")
    link = item.at("url").text(default="")
    if not link:
        raise NoPicture(model=model.reference, words="the picture has no link", billed="yes")
    named = {name: item.at(name) for name in ("seed", "prompt", "resolution", "upscaled_resolution", "style_type")}
    said = {name: str(value.value) for name, value in named.items() if value}
    return Obtained(link=link, notes=(*said.items(), *notes), cost=cost)


def refusal_of(answer: Answer, model: HostedModel, secrets: tuple[str, ...]) -> HostedError:
    """The error for an answer that is no success: Ideogram's safety check is 422, a model that is gone 400 or 404."""
    words = words_of(answer, secrets)
    if answer.status == 422 and _UNSAFE.search(words):
        return SafetyBlocked(model=model.reference, stage="prompt", words=words, billed="no")
    if answer.status in (400, 404) and _RETIRED.search(words):
        return retired(model, words)
    return error_of(answer, model, secrets)
