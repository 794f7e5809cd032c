"""Whether the borders between tiles show: measured, named, judged and drawn."""

from renderlock.metrics.seams.lines import SeamLine, describe
from renderlock.metrics.seams.measure import RegionReader
from renderlock.metrics.seams.null import Null, shipped_null
from renderlock.metrics.seams.score import LineScore, Ratio, SeamScore, score_regions, score_seams
from renderlock.metrics.seams.verdict import SeamLimits, seam_verdict

__all__ = [
    "LineScore",
    "Null",
    "Ratio",
    "RegionReader",
    "SeamLimits",
    "SeamLine",
    "SeamScore",
    "describe",
    "score_regions",
    "score_seams",
    "seam_verdict",
    "shipped_null",
]
