"""What a hosted model sees in a picture: the picture by file or address, the paid call in the store's journal."""

from __future__ import annotations

from pathlib import Path

from renderlock.actions.models import Models
from renderlock.engines.describing import DescribingEngine, Description
from renderlock.errors import NotCapable
from renderlock.imaging.decoding import decode_picture, read_picture
from renderlock.imaging.pixels import Pixels
from renderlock.store.store import Store


def describe_picture(store: Store, models: Models, reference: str, picture: str | Path) -> Description:
    """What the model of a reference sees in a picture file, or in a render (`rl-…`); bought once for each picture.

    `models` journal their calls in `store` (`open_models`). Raises `NotCapable` for a model that describes nothing or
    a picture it does not take, `InputUnusable` or `UnknownName` for the picture, `BudgetExceeded`, `HostedError`.
    """
    engine = models.engine(reference)
    if not isinstance(engine, DescribingEngine):
        raise NotCapable(model=reference, listing="  describe a picture (Ideogram's models do)")
    return engine.describe(_pixels_of(store, picture))


def _pixels_of(store: Store, picture: str | Path) -> Pixels:
    if Path(picture).is_file() or not str(picture).startswith("rl"):
        return read_picture(Path(picture))
    return decode_picture(store.read(store.get(str(picture))))
