"""Errors of what was asked for: names, models, sizes and decisions that cannot be as asked."""

from __future__ import annotations

from renderlock.errors.base import UsageError


class RecipeError(UsageError):
    """A recipe field holds a value no engine could render."""

    template = "{field} is {found}, but must be {allowed}."
    hint = "Correct {field}; docs/recipe-format.md has the range of every field."


class UnknownName(UsageError):
    """A name that refers to nothing."""

    template = "There is no {kind} named {name!r}."
    hint = "Known: {known}."

    @property
    def advice(self) -> str:
        """The names that are known; where a question for the nearest ends them, it ends the sentence too."""
        said = super().advice
        return said.removesuffix(".") if said.endswith("?.") else said


class AmbiguousAddress(UsageError):
    """A short address that fits several renders."""

    template = "{address!r} fits {count} renders: {matches}."
    hint = "Give more characters of the address."


class UnpinnedModel(UsageError):
    """A model named by something that moves: a branch, a tag, or nothing at all."""

    template = "{model} does not name one exact model: {found} can change, a revision of 40 hexadecimal digits cannot."
    hint = "Find it with `git ls-remote https://huggingface.co/{repo}`, then write diffusers:{repo}@<that hash>."


class NotCapable(UsageError):
    """The engine cannot do what was asked; found before anything is spent."""

    template = "{model} cannot do this:\n{listing}"
    hint = "Ask for what it can do, or set `deviations: allow` to take the nearest and have it noted."


class TilesImpossible(UsageError):
    """No tiles that the model renders make such a picture."""

    template = "{canvas} cannot be put together from tiles as asked: {reason}."
    hint = "`tiles: auto` finds a grid where there is one; else ask for another size or overlap."


class OverlapImpossible(TilesImpossible):
    """The least overlap that was asked of tiles is more than a grid of them can have."""

    template = "{canvas} cannot be put together from tiles with `tile_overlap: {overlap}`; at most {most} works."
    hint = "Set `tile_overlap` to at most {most}, or leave it to the plan."


class PromptMissing(UsageError):
    """A pipeline without assets, and no prompt given."""

    template = "{file} has no assets, so there is nothing to render."
    hint = 'Give a prompt, --prompt "…", or write assets into the file.'


class NotBuiltYet(UsageError):
    """A key of the pipeline format that this version reads but cannot act on."""

    template = "This version cannot act on:\n{listing}"
    hint = "Remove the key; a later version acts on it. Nothing was rendered."


class SignatureMissing(UsageError):
    """A decision that nobody signs."""

    template = "A decision needs a name."
    hint = "Sign it: --as NAME."


class NothingToUndo(UsageError):
    """No decision stands that could be taken back."""

    template = "No decision stands about {address}."
    hint = "`renderlock show {address}` lists all that was said."


class NotReplayable(UsageError):
    """A render whose recipe cannot be rendered again here."""

    template = "{address} cannot be rendered again: {reason}."
    hint = "{action}"


class StandingViolation(UsageError):
    """Production work would build on a picture that was made as sandbox or rehearsal."""

    template = "{what} builds on {address}, which is a {standing} render."
    hint = "Render it again with a locked model; sandbox and rehearsal renders never enter production."
