"""Whether the borders between tiles show: measured, named, judged and drawn."""

from renderlock.metrics.seams.lines import SeamLine, describe
from renderlock.metrics.seams.measure import RegionReader
from renderlock.metrics.seams.null import Null, shipped_null
from renderlock.metrics.seams.overlaps import OverlapLimits, OverlapMeasure, compare_overlap, overlap_verdict
from renderlock.metrics.seams.overlay import draw_seams
from renderlock.metrics.seams.score import LineScore, Ratio, SeamScore, score_regions, score_seams
from renderlock.metrics.seams.verdict import SeamLimits, seam_verdict

__all__ = [
    "LineScore",
    "Null",
    "OverlapLimits",
    "OverlapMeasure",
    "Ratio",
    "RegionReader",
    "SeamLimits",
    "SeamLine",
    "SeamScore",
    "compare_overlap",
    "describe",
    "draw_seams",
    "overlap_verdict",
    "score_regions",
    "score_seams",
    "seam_verdict",
    "shipped_null",
]
