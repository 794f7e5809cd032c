"""The store: pictures, recipes and decisions kept for good, readable without renderlock."""

from renderlock.store.address import Address
from renderlock.store.found import FoundRenders
from renderlock.store.layout import ThumbnailSide
from renderlock.store.maintenance import (
    CheckReport,
    Finding,
    GarbageReport,
    RebuildReport,
    StoreInfo,
    check,
    collect_garbage,
    info,
    rebuild,
)
from renderlock.store.records import Encoded, Event, Made, NewEvent, NewRender, Origin, RenderRecord, StagedPicture
from renderlock.store.store import FileStamp, Store

__all__ = [
    "Address",
    "CheckReport",
    "Encoded",
    "Event",
    "FileStamp",
    "Finding",
    "FoundRenders",
    "GarbageReport",
    "Made",
    "NewEvent",
    "NewRender",
    "Origin",
    "RebuildReport",
    "RenderRecord",
    "StagedPicture",
    "Store",
    "StoreInfo",
    "ThumbnailSide",
    "check",
    "collect_garbage",
    "info",
    "rebuild",
]
