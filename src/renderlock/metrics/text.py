"""Whether the texts a picture must carry can be read in it, letter by letter: the text gate.

A pass says that it reads right, never that it is drawn right: readers overlook malformed strokes, so a person still
looks. Texts in letters that the reader does not know are never passed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.text_ink import measure_ink
from renderlock.metrics.text_match import Match, best_run, compact, fold, word_hits
from renderlock.metrics.text_reader import ReadText, TextReader
from renderlock.metrics.text_views import View, read_views
from renderlock.spec.verdict import Measure, Verdict

GATE = "text"
_SURE = 0.8
"""From this trust on, words that nobody asked for count as text in the picture."""


@dataclass(frozen=True)
class TextFound:
    """What became of one wanted text.

    `read` is what stands there, "" where nothing like it was found; `cer` is edits over wanted letters (0 is right);
    `word_accuracy` the share of wanted words read whole; `cap_height_px` and `contrast` are of the smallest and the
    faintest line of it; `boxes` are its lines, `view` the view that read it. `unknown` are letters that the reader does
    not know, which leave the text unchecked.
    """

    wanted: str
    read: str
    cer: float
    word_accuracy: float
    cap_height_px: float
    contrast: float
    boxes: tuple[ReadText, ...]
    view: str
    unknown: str = ""

    @property
    def checked(self) -> bool:
        """Whether the reader could judge it at all."""
        return not self.unknown


@dataclass(frozen=True)
class TextReport:
    """All wanted texts in the order asked for, and the words found that nobody asked for."""

    texts: tuple[TextFound, ...]
    extra: tuple[ReadText, ...]


@dataclass(frozen=True)
class TextLimits:
    """What passes: edits per letter, words read whole, height of capitals in pixels, contrast (WCAG 2.2, large text).

    `extra_letters` bounds the letters nobody asked for; None where other text may be in the picture.
    """

    most_cer: float = 0.0
    least_word_accuracy: float = 1.0
    least_cap_height_px: float = 10.0
    least_contrast: float = 3.0
    extra_letters: int | None = None


USUAL_LIMITS = TextLimits()


def check_texts(pixels: Pixels, wanted: Sequence[str], reader: TextReader) -> TextReport:
    """How each wanted text reads in H x W x 3|4 8-bit sRGB pixels.

    The picture is read as it is; where a text is not right, also inverted, enlarged, and in parts at full size, and
    the best of these counts. Words that several texts want are given to one only.
    """
    unknown = {text: _unknown(text, reader) for text in wanted}
    readable = [text for text in wanted if not unknown[text]]
    seen: list[tuple[View, dict[int, Match]]] = []
    for view in read_views(pixels, reader):
        seen.append((view, _assign(readable, view)))
        if all(any(found.get(n, _NONE).edits == 0 for _, found in seen) for n in range(len(readable))):
            break
    found = iter([_best(pixels, text, index, seen) for index, text in enumerate(readable)])
    texts = tuple(_unchecked(text, unknown[text]) if unknown[text] else next(found) for text in wanted)
    return TextReport(texts, _extra(seen))


def text_verdict(report: TextReport, limits: TextLimits = USUAL_LIMITS) -> Verdict:
    """The gate's verdict; a text in letters that the reader does not know is a note, and not a pass."""
    checked = [text for text in report.texts if text.checked]
    share = len(checked) / len(report.texts) if report.texts else 1.0
    measures = [Measure("text/checked", share, "share of texts in letters the reader knows", least=1.0)]
    for number, text in enumerate(report.texts, start=1):
        if text.checked:
            measures.extend(_measures(f"text/{number}", text, limits))
    extra = sum(len(compact(line.text)) for line in report.extra)
    says = "letters in the picture that nobody asked for"
    most = None if limits.extra_letters is None else float(limits.extra_letters)
    measures.append(Measure("text/extra_letters", float(extra), says, most=most))
    return Verdict(GATE, tuple(measures), tuple(_notes(report)))


_NONE = Match(0, 0, 1)


def _assign(wanted: Sequence[str], view: View) -> dict[int, Match]:
    """The run of words of each text, the best matches first, no word given twice; keyed by the text's place."""
    words, _ = _words(view)
    taken: frozenset[int] = frozenset()
    found: dict[int, Match] = {}
    left = set(range(len(wanted)))
    while left:
        runs = [(index, best_run(wanted[index], words, taken)) for index in sorted(left)]
        matches = [(match.edits / len(compact(wanted[index])), index, match) for index, match in runs if match]
        if not matches:
            break
        # Of equally good ones the longer text, so that "SALE" does not take a word of "AUTUMN SALE".
        _, index, match = min(matches, key=lambda item: (item[0], -len(wanted[item[1]]), item[1]))
        found[index] = match
        taken |= set(range(match.start, match.stop))
        left.discard(index)
    return found


def _words(view: View) -> tuple[list[str], list[ReadText]]:
    """The words of a view in reading order, and the line each is of."""
    pairs = [(word, line) for line in view.lines for word in line.text.split()]
    return [word for word, _ in pairs], [line for _, line in pairs]


def _best(pixels: Pixels, text: str, index: int, seen: Sequence[tuple[View, dict[int, Match]]]) -> TextFound:
    matched = [(view, found[index]) for view, found in seen if index in found]
    if not matched:
        return TextFound(text, "", 1.0, 0.0, 0.0, 1.0, (), "")
    view, match = min(matched, key=lambda pair: pair[1].edits)
    words, lines = _words(view)
    run = words[match.start : match.stop]
    boxes = tuple(dict.fromkeys(lines[match.start : match.stop]))
    inks = [measure_ink(pixels, line) for line in boxes]
    return TextFound(
        wanted=text,
        read=" ".join(run),
        cer=match.edits / len(compact(text)),
        word_accuracy=word_hits(text, run, edits=match.edits) / len(text.split()),
        cap_height_px=min(ink.cap_height_px for ink in inks),
        contrast=min(ink.contrast for ink in inks),
        boxes=boxes,
        view=view.name,
    )


def _unknown(text: str, reader: TextReader) -> str:
    """The letters of a text that the reader cannot answer with; all of it where it has no letter to read."""
    letters = dict.fromkeys(letter for letter in text if not letter.isspace())
    if not compact(text):
        return text or " "
    return "".join(letter for letter in letters if not any(reader.knows(one) for one in (letter, *fold(letter))))


def _unchecked(text: str, letters: str) -> TextFound:
    return TextFound(text, "", math.nan, math.nan, math.nan, math.nan, (), "", letters)


def _extra(seen: Sequence[tuple[View, dict[int, Match]]]) -> tuple[ReadText, ...]:
    """The words that no text was given, by line, of the view that surely reads the most letters."""
    if not seen:
        return ()
    view, found = max(seen, key=lambda pair: _sure_letters(pair[0]))
    words, lines = _words(view)
    used = {place for match in found.values() for place in range(match.start, match.stop)}
    extra: dict[ReadText, list[str]] = {}
    for place, (word, line) in enumerate(zip(words, lines, strict=True)):
        if place not in used and line.confidence >= _SURE and compact(word):
            extra.setdefault(line, []).append(word)
    return tuple(ReadText(" ".join(rest), line.box, line.confidence) for line, rest in extra.items())


def _sure_letters(view: View) -> int:
    return sum(len(compact(line.text)) for line in view.lines if line.confidence >= _SURE)


def _measures(name: str, text: TextFound, limits: TextLimits) -> tuple[Measure, ...]:
    shown = f"{text.wanted!r}, read as {text.read!r}" if text.read else f"{text.wanted!r}, not found"
    return (
        Measure(f"{name}/cer", text.cer, f"wrong letters a letter of {shown}", most=limits.most_cer),
        Measure(f"{name}/words", text.word_accuracy, "share of its words read whole", least=limits.least_word_accuracy),
        Measure(
            f"{name}/cap_height_px", text.cap_height_px, "height of a capital, px", least=limits.least_cap_height_px
        ),
        Measure(f"{name}/contrast", text.contrast, "worst contrast, WCAG 2.2", least=limits.least_contrast),
    )


def _notes(report: TextReport) -> list[str]:
    notes = []
    for text in report.texts:
        if not text.checked:
            notes.append(f"{text.wanted!r} was not checked: the reader does not know {text.unknown!r}; look at it")
        elif text.read and text.cer == 0 and _letters(text.wanted) != _letters(text.read):
            notes.append(f"{text.wanted!r} is written {text.read!r}: upper and lower case differ")
    if report.extra:
        found = ", ".join(repr(line.text) for line in report.extra[:10])
        notes.append(f"also found in the picture: {found}{' …' if len(report.extra) > 10 else ''}")
    return notes


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalpha())
