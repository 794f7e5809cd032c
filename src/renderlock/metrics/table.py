"""The metrics by name: what each says, its unit, its range, and where it lives.

A name ends in its version (`layout/occ@1`). Whatever can move a number, the resize included, raises the version, so
that figures under one name can be compared for good.
"""

from __future__ import annotations

from dataclasses import dataclass

from renderlock.errors import UnknownName


@dataclass(frozen=True)
class MetricFacts:
    """One metric: its versioned name, its module, what it says, its unit, and its range with the direction."""

    name: str
    module: str
    says: str
    unit: str
    range: str


METRICS = (
    MetricFacts(
        "layout/occ@1",
        "layout",
        "how differently the frame is filled: what stands out from the border's colours",
        "share (soft Jaccard)",
        "0 the same, 1 no overlap",
    ),
    MetricFacts(
        "layout/lum8@1",
        "layout",
        "how differently light and dark are spread, on an 8 x 8 grid",
        "(1 - correlation) / 2",
        "0 the same, 0.5 unrelated, 1 inverted",
    ),
    MetricFacts(
        "layout/phash@1",
        "layout",
        "how many of the 63 lowest frequencies differ in sign",
        "share of signs",
        "0 the same, 0.5 unrelated, 1 inverted",
    ),
    MetricFacts(
        "layout/distance@1", "layout", "the mean of the three layout views", "share", "0 the same, 0.5 unrelated"
    ),
    MetricFacts(
        "layout/centre@1",
        "layout",
        "how far apart the centres of what stands out lie",
        "% of the frame",
        "0 the same place, 141 opposite corners",
    ),
    MetricFacts("layout/area@1", "layout", "how much of the frame is filled", "% of the frame", "0 to 100"),
    MetricFacts(
        "colour/mean@1", "colour", "how far the mean colours lie apart", "CIEDE2000", "0 the same, 1 just noticeable"
    ),
    MetricFacts(
        "colour/palette@1", "colour", "how far the palettes lie apart", "CIEDE2000", "0 the same, 1 just noticeable"
    ),
    MetricFacts(
        "sharpness/bands@1",
        "sharpness",
        "detail of 2-4, 4-8 and 8-16 pixels",
        "dB over one squared 8-bit step",
        "-20 flat, about 35 harsh grain",
    ),
    MetricFacts("perceptual/ssim@1", "perceptual", "structural similarity", "index", "1 the same, about 0 unrelated"),
    MetricFacts(
        "perceptual/mae@1", "perceptual", "mean absolute difference", "8-bit steps", "0 the same, 255 black to white"
    ),
    MetricFacts(
        "perceptual/pdq@1", "perceptual", "differing bits of a perceptual hash", "bits of 256", "0 to about 128"
    ),
    MetricFacts(
        "perceptual/tiles@1", "perceptual", "the worst 16 x 16 tiles (99th percentile)", "CIEDE2000", "0 the same"
    ),
    MetricFacts("text/cer@1", "text", "wrong letters of a text that must be legible", "edits a letter", "0 right"),
    MetricFacts("text/words@1", "text", "words of a text that were read whole", "share of words", "1 right, 0 none"),
    MetricFacts("text/height@1", "text_ink", "height of the smallest capital", "pixels", "0 and more"),
    MetricFacts(
        "text/contrast@1", "text_ink", "the letters' worst contrast", "WCAG 2.2 ratio", "1 none, 21 black on white"
    ),
    MetricFacts(
        "seams/score@1",
        "seams.score",
        "how far the borders between tiles stand out from the lines beside them",
        "ratio beyond what natural pictures show",
        "1 none shows, more the plainer",
    ),
    MetricFacts(
        "composition/kept@1",
        "composition",
        "how well a final keeps the composition that was approved",
        "1 - layout distance over that of another seed",
        "1 the same, about 0 another seed's, below 0 farther",
    ),
    MetricFacts(
        "fidelity/judge@1",
        "fidelity.judging",
        "whether an enlarged picture is its source with more pixels: eight measures, and a map of what was invented",
        "worst measure over its limit, in blocks",
        "0 nothing invented, above 1 refused",
    ),
    MetricFacts(
        "variation/typical@1",
        "variation",
        "how far a variant lies from the others in layout and colour together",
        "share",
        "0 the same, 1 unrelated",
    ),
)


def metric_named(name: str) -> MetricFacts:
    """The facts of one metric; raises `UnknownName` with all names for one that is not measured here."""
    for facts in METRICS:
        if facts.name == name:
            return facts
    raise UnknownName(kind="metric", name=name, known=", ".join(facts.name for facts in METRICS))
