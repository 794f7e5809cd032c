"""Whether an enlarged picture is its source with more pixels, and where something was invented."""

from renderlock.metrics.fidelity.drawing import draw_invented
from renderlock.metrics.fidelity.faces import Face, FaceFinder, find_faces
from renderlock.metrics.fidelity.judging import Fidelity, Stated, judge_upscale
from renderlock.metrics.fidelity.limits import FidelityLimits, shipped_limits
from renderlock.metrics.fidelity.texts import TextChange, TextCheck
from renderlock.metrics.fidelity.verdict import fidelity_verdict

__all__ = [
    "Face",
    "FaceFinder",
    "Fidelity",
    "FidelityLimits",
    "Stated",
    "TextChange",
    "TextCheck",
    "draw_invented",
    "fidelity_verdict",
    "find_faces",
    "judge_upscale",
    "shipped_limits",
]
