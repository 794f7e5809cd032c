"""The upscaler gate: passes a result only if it is the approved picture with more pixels."""

from __future__ import annotations

from renderlock.metrics.fidelity.judging import Fidelity
from renderlock.metrics.fidelity.limits import LEAST, FidelityLimits, Stage, shipped_limits
from renderlock.spec.verdict import Measure, Verdict

GATE = "upscaler"

_SAYS = {
    "consistency_db": "PSNR of the result scaled down against the source, dB",
    "worst_levels": "RMS difference of the worst 8 px window of the source, levels",
    "strangeness": "that difference over the source's own finest detail there, worst window",
    "colour": "shift of the mean colour of the worst 16 px tile, CIEDE2000",
    "ssim": "structural similarity of the result scaled down",
    "detail": "detail beyond interpolation over the source's finest, worst window",
    "new_edges": "contrast over what the source shows reason for, worst window",
    "faces": "difference over the source's own detail, worst face",
}
_STAGE_SAYS: dict[Stage, str] = {"before": ", before projection", "plain": "", "projected": ""}


def fidelity_verdict(fidelity: Fidelity, limits: FidelityLimits | None = None) -> Verdict:
    """The verdict of the gate `upscaler`; checks that were not made are notes. None takes the limits that ship."""
    bound = shipped_limits() if limits is None else limits
    measures = [
        _measure(name, value, stated.stage, bound.of(stated.stage, name, fidelity.source_px))
        for stated in fidelity.stages
        for name, value in stated.values.items()
    ]
    if fidelity.texts is not None:
        says = f"share of the letters of {len(fidelity.texts.lines)} lines that read otherwise"
        measures.append(Measure("text_changed", fidelity.texts.share, says, most=bound.most_text_changed))
    return Verdict(GATE, tuple(measures), _notes(fidelity))


def _measure(name: str, value: float, stage: Stage, limit: float) -> Measure:
    shown = f"before_{name}" if stage == "before" else name
    says = _SAYS[name] + _STAGE_SAYS[stage]
    return Measure(shown, value, says, least=limit) if name in LEAST else Measure(shown, value, says, most=limit)


def _notes(fidelity: Fidelity) -> tuple[str, ...]:
    notes = []
    if fidelity.texts is None:
        notes.append("Text was not read: the extra `text` is not installed or no reader was given.")
    if not fidelity.faces:
        notes.append("No face was found; the detector sees upright faces from the front.")
    return tuple(notes)
