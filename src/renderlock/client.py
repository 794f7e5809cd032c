"""The client for scripts: one model, one call a picture, through the same plan, checks and store as `run`.

    from renderlock import Client

    client = Client(model="embedded")
    picture = client.generate("a red apple", seed=3, guidance_scale=4.0, size=(128, 128))
    picture.save("apple.png")

In a project folder the store is the project's, and a model that a locked role names must be the locked one.
With `RENDERLOCK_REHEARSE=1` the embedded engine stands in for every model, and each picture is marked so.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from PIL import Image

from renderlock.actions.describing import describe_picture
from renderlock.actions.jobs import Job, Selection
from renderlock.actions.models import Models
from renderlock.actions.plan import REHEARSAL_MODEL, Planner
from renderlock.actions.run import Run, RunUnwatched
from renderlock.actions.single import Wish, single_pipeline
from renderlock.actions.workspace import PIPELINE_NAME, Place, budget_of, kept_in, store_path_of
from renderlock.engines.base import EngineOptions, Preview
from renderlock.errors import EngineFailed, InputUnusable, KeyNotTaken
from renderlock.files import write_file
from renderlock.settings import Settings, current_settings
from renderlock.spec.deviation import Deviation
from renderlock.spec.pipeline import DeviationWord
from renderlock.spec.recipe import Recipe, Size
from renderlock.store.records import RenderRecord
from renderlock.store.store import Store

STEP_NAME = "client"

_WITH_ALPHA = ("AVIF", "TIFF", "WEBP")


@dataclass(frozen=True)
class Picture:
    """A render as scripts hold it: its file's bytes, its recipe, its permanent address."""

    record: RenderRecord
    data: bytes

    @property
    def address(self) -> str:
        """The render's permanent address in its store."""
        return self.record.address

    @property
    def digest(self) -> str:
        """The name of the work: the recipe's digest."""
        return self.recipe.digest

    @property
    def recipe(self) -> Recipe:
        """Everything that determined the pixels."""
        assert self.record.recipe is not None
        return self.record.recipe

    @property
    def deviations(self) -> tuple[Deviation, ...]:
        """What was done differently from what was asked."""
        return self.record.deviations

    @property
    def image(self) -> Image.Image:
        """The picture as a Pillow image."""
        with Image.open(io.BytesIO(self.data)) as picture:
            picture.load()
            return picture

    def save(self, path: str | Path) -> Path:
        """Writes the picture to a file and gives its path.

        A `.png` gets the stored bytes, with the recipe inside; another ending is converted by Pillow. Raises
        `InputUnusable` where the ending is unknown or the file cannot be written.
        """
        target = Path(path)
        try:
            write_file(target, self.data if target.suffix.lower() == ".png" else self._converted(target.suffix))
        except (OSError, ValueError) as error:
            action = "Name a .png, .jpg or .webp file in a folder that exists."
            raise InputUnusable(path=target, reason=error, action=action) from error
        return target

    def _converted(self, suffix: str) -> bytes:
        kind = Image.registered_extensions().get(suffix.lower(), "")
        if kind not in Image.SAVE:
            msg = f"no picture format ends with {suffix!r}"
            raise ValueError(msg)
        buffer = io.BytesIO()
        picture = self.image if kind in _WITH_ALPHA else self.image.convert("RGB")
        picture.save(buffer, kind, quality=95)
        return buffer.getvalue()


@dataclass(frozen=True)
class RenderStep:
    """One denoising step of a render: how many of how many are done, and the picture as it forms.

    `preview()` decodes the picture the model expects so far; it is None for models that show none.
    """

    done: int
    steps: int
    preview: Callable[[], Image.Image] | None


class _StepWatch(RunUnwatched):
    """Tells a script of each step, with the preview that came before it."""

    def __init__(self, on_step: Callable[[RenderStep], None]) -> None:
        self._on_step = on_step
        self._preview: Callable[[], Image.Image] | None = None

    def on_preview(self, job: Job, preview: Preview) -> None:
        """Keeps the preview for the step that is told next."""
        self._preview = lambda: Image.fromarray(preview())

    def on_denoise(self, job: Job, done: int, steps: int) -> None:
        """Tells the script."""
        self._on_step(RenderStep(done, steps, self._preview))


class Client:
    """Renders with one model.

    `model` is a reference (`embedded`, `diffusers:org/repo@<40 hex>`), `store` the folder that keeps the
    renders (default: the project's, or `.renderlock` here), `api_key` the key of a hosted model,
    `deviations` whether what the model cannot do is refused or done nearest and recorded.
    """

    def __init__(
        self,
        model: str,
        *,
        api_key: str | None = None,
        store: str | Path | None = None,
        deviations: DeviationWord = "refuse",
        settings: Settings | None = None,
    ) -> None:
        self.model = model
        self.deviations: DeviationWord = deviations
        self.settings = settings or current_settings()
        self.place = Place(Path(PIPELINE_NAME), None if store is None else Path(store))
        self.store = Store.create(store_path_of(self.place))
        options = EngineOptions.of(self.settings, api_key=api_key)
        self.models = Models(kept_in(self.store, options, budget=budget_of(self.place)))
        try:
            self._refuse_unused_key(api_key)
        except BaseException:
            self.close()
            raise

    def generate(  # noqa: PLR0913 - each argument is one control of the recipe
        self,
        prompt: str,
        *,
        seed: int = 0,
        size: tuple[int, int] | None = None,
        guidance_scale: float | None = None,
        negative_prompt: str = "",
        num_inference_steps: int | None = None,
        sampler: str | None = None,
        init_image: str | Path | None = None,
        strength: float | None = None,
        tiles: str | int | None = None,
        tile_overlap: int | None = None,
        on_step: Callable[[RenderStep], None] | None = None,
    ) -> Picture:
        """One picture, rendered or taken from the store where the same recipe was rendered before.

        `size` is (width, height) in pixels; None leaves a choice to the model. A size beyond what it renders is put
        together from tiles: `tiles` is "auto", a number, or "COLUMNSxROWS", with at least `tile_overlap` pixels of
        overlap. `init_image` starts from a picture with `strength` (denoising strength, above 0, at most 1). `on_step`
        is called after each denoising step; what it raises stops the render. Raises `NotCapable`, `TilesImpossible`,
        `RecipeError`, `LockMismatch`, `ModelUnavailable`, `EngineError`.
        """
        if (init_image is None) != (strength is None):
            reason = "init_image and strength go together"
            raise InputUnusable(path=init_image or "init_image", reason=reason, action="Give both or neither.")
        wish = Wish(
            prompt=prompt,
            seeds=(seed,),
            negative_prompt=negative_prompt,
            size=None if size is None else Size(*size),
            steps=num_inference_steps,
            guidance_scale=guidance_scale,
            sampler=sampler,
            init_image=None if init_image is None else Path(init_image),
            strength=strength,
            deviations=self.deviations,
            tiles=None if tiles is None else str(tiles),
            tile_overlap=tile_overlap,
        )
        record = self._render(wish, on_step)
        return Picture(record, self.store.read(record))

    def describe(self, picture: str | Path | Picture) -> tuple[str, ...]:
        """What the model's provider sees in a picture: a file, a render's address, or what `generate` gave.

        A paid call, made once for each picture. Raises `NotCapable` for a model that describes nothing, as the one of
        rehearsals; `InputUnusable`, `UnknownName`, `BudgetExceeded`, `HostedError`.
        """
        named = picture.address if isinstance(picture, Picture) else picture
        model = REHEARSAL_MODEL if self.settings.rehearse else self.model
        return describe_picture(self.store, self.models, model, named).texts

    def close(self) -> None:
        """Lets go of the weights and the store."""
        self.models.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _render(self, wish: Wish, on_step: Callable[[RenderStep], None] | None) -> RenderRecord:
        pipeline = single_pipeline(wish, self.model, self.place, name=STEP_NAME)
        planner = Planner(pipeline, self.store, self.models, Selection(), {}, rehearse=self.settings.rehearse)
        run = Run(planner, workers=1, watch=RunUnwatched())
        if on_step is not None:
            run.watch = run.previews = _StepWatch(on_step)
        (result,) = run.execute().pictures
        if result.error is not None:
            raise result.error
        if result.record is None:
            raise EngineFailed(model=self.model, reason="it gave no picture")
        return result.record

    def _refuse_unused_key(self, api_key: str | None) -> None:
        """A key for a model that takes none is a mistake the caller should hear of."""
        if api_key is None or self.settings.rehearse:
            return
        if not self.models.engine(self.model).capabilities.hosted:
            raise KeyNotTaken(model=self.model)
