"""Every error that renderlock shows to a person, as one tree.

A class carries the sentence, what to do next, an exit code and an HTTP status; it is raised with facts,
which stay readable on the instance (`error.facts["path"]`) for `--json` and the web.

    RenderlockError
    ├── UsageError (2)                  what was asked cannot be done as asked
    │   ├── ConfigurationError          pipeline.yml: every problem at once, with its place
    │   ├── RecipeError                 a recipe field out of its range
    │   ├── SettingInvalid              an environment variable holds what it may not
    │   ├── UnknownName                 an asset, step, role, engine or address that does not exist
    │   ├── AmbiguousAddress            a short address that fits several renders
    │   ├── UnpinnedModel               a model named without an exact revision
    │   ├── NotCapable                  the engine cannot do it, found before anything is spent
    │   ├── TilesImpossible             no tiles the model renders make such a picture
    │   ├── KeyNotTaken                 an API key for a model that takes none
    │   ├── KeyMissing                  a hosted model whose key is nowhere
    │   ├── KeyFileUnsafe               a key file that others can read, or that cannot be read
    │   ├── PriceUnknown                a budget, and a model whose price nobody knows
    │   ├── CurrencyMismatch            a budget in another currency than the price
    │   ├── PromptMissing               a pipeline without assets, and no prompt given
    │   ├── NotBuiltYet                 a valid key this version cannot act on
    │   ├── MissingDependency           an extra that is not installed
    │   │   └── PackageMissing          a package beyond the extras that is not there
    │   ├── InputUnusable               a file given by the user cannot be used
    │   ├── OverlayRefused              an SVG that would load, act, or never end
    │   ├── FontMissing                 an SVG asks for letters that the fonts given do not have
    │   ├── WouldOverwrite              a file is in the way
    │   ├── FileUnwritable              a file or folder that cannot be written
    │   ├── FormatTooNarrow             a picture that its file format cannot hold
    │   ├── TilesUnfit                  files that do not make one picture together
    │   ├── SignatureMissing            a decision that nobody signs
    │   ├── NothingToUndo               no decision stands
    │   ├── NotReplayable               a render whose recipe cannot be rendered again here
    │   └── StandingViolation           production would build on a sandbox or rehearsal render
    ├── LockError (2)
    │   ├── LockMissing                 there is no pipeline.lock
    │   ├── ModelNotLocked              a role of the pipeline that the lock does not hold yet
    │   ├── ChangeIncomplete            a model change that does not say which role or model
    │   ├── ReasonMissing               a model change that says no reason
    │   ├── ChangeUnneeded              a model change to the model that is locked already
    │   ├── LockUnreadable              pipeline.lock is not what renderlock wrote
    │   └── LockMismatch                a model is not the locked one
    ├── EngineError (4)
    │   ├── ModelUnavailable            weights are missing, damaged or not what they claim
    │   ├── EngineFailed                the engine broke while rendering
    │   ├── EngineBroken                a third-party engine breaks the contract
    │   └── HostedError                 a provider gave no picture
    │       ├── KeyRefused              it does not take the key
    │       ├── QuotaExhausted          the account has nothing left
    │       ├── RateLimited             too many requests, also after waiting
    │       ├── RequestRefused          it does not take the request
    │       ├── SafetyBlocked           its safety check refused the prompt or the picture
    │       ├── NoPicture               it answered without a picture
    │       ├── ModelRetired            it no longer has the model
    │       ├── ProviderTimeout         it did not answer in time
    │       ├── TransportFailed         the connection failed
    │       ├── ProviderFailed          it broke
    │       ├── BadAnswer               its answer is not what it promises
    │       │   └── PictureElsewhere    a paid picture lies at a host that is not allowed
    │       ├── PictureExpired          the link to a paid picture no longer works
    │       ├── MayBeBilled             a call whose outcome nobody knows
    │       ├── CallGivenUp             a person gave the picture up
    │       └── CallInFlight            another run is paying for the same picture now
    │       └── UpscalerBroken          a third-party upscaler does
    ├── StoreError (5)
    │   ├── StoreUnusable               not a store, of another format, or not writable
    │   ├── StoreDamaged                bytes are not what their name says
    │   └── StoreFull                   the disk is full
    ├── BudgetExceeded (1)              the next picture would cost more than is left
    ├── OutOfMemory (6)                 after the last rung of the ladder
    └── Interrupted (130)               a person stopped it
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

Billed = Literal["no", "maybe", "yes"]
"""Whether a provider takes money for a call."""


class RenderlockError(Exception):
    """Base of all errors a user can meet: a sentence with facts, a hint, an exit code, an HTTP status."""

    template: ClassVar[str] = "{reason}"
    hint: ClassVar[str] = ""
    exit_code: ClassVar[int] = 3
    http_status: ClassVar[int] = 500

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.template.format(**facts))

    @property
    def advice(self) -> str:
        """What to do next, with this error's facts filled in."""
        return self.hint.format(**self.facts)


class UsageError(RenderlockError):
    """What was asked cannot be done as asked."""

    hint = "See `renderlock --help`."
    exit_code = 2
    http_status = 400


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a configuration file, with its place (line and column count from 1)."""

    file: str
    line: int
    column: int
    key: str
    found: str
    allowed: str
    suggestion: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        meant = f" Did you mean `{self.suggestion}`?" if self.suggestion else ""
        return f"{where}: {self.key or 'the file'}: found {self.found}; allowed: {self.allowed}.{meant}"


class ConfigurationError(UsageError):
    """pipeline.yml cannot be used; carries every problem found, not only the first."""

    template = "{count} problem(s) in {file}:\n{listing}"
    hint = "Correct the lines named above; `renderlock schema` prints every key and what it may hold."
    http_status = 422

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        listing = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(file=file, count=len(self.problems), listing=listing)


class RecipeError(UsageError):
    """A recipe field holds a value no engine could render."""

    template = "{field} is {found}, but must be {allowed}."
    hint = "Correct {field}; docs/recipe-format.md has the range of every field."


class SettingInvalid(UsageError):
    """An environment variable holds what it may not."""

    template = "{name} is {found!r}, but must be {allowed}."
    hint = "Correct or unset {name}."


class UnknownName(UsageError):
    """A name that refers to nothing."""

    template = "There is no {kind} named {name!r}."
    hint = "Known: {known}."


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
    hint = "Ask for what it can do, or set `deviations: record` to take the nearest and have it noted."


class TilesImpossible(UsageError):
    """No tiles that the model renders make such a picture."""

    template = "{canvas} cannot be put together from tiles as asked: {reason}."
    hint = "`tiles: auto` finds a grid where there is one; else ask for another size or overlap."


class KeyNotTaken(UsageError):
    """An API key for a model that takes none."""

    template = "{model} runs on this machine and takes no API key."
    hint = "Leave api_key out, or name the hosted model you meant."


class KeyMissing(UsageError):
    """A hosted model whose key is nowhere; found before anything is spent."""

    template = "{model} needs a key, and {variable} is not set."
    hint = "Set {variable}, or write the line `{variable}=…` into {file} and make that file mode 0600."
    http_status = 401


class KeyFileUnsafe(UsageError):
    """A key file that others can read, or that cannot be read as one."""

    template = "The key file {path} is not used: {reason}."
    hint = "{action}"


class PriceUnknown(UsageError):
    """A budget cannot be kept for a model whose price nobody knows."""

    template = "No price is known for {model}, so a budget of {budget} cannot be kept."
    hint = "Write its price into a file and name it in RENDERLOCK_PRICES (docs/hosted.md), or take the budget out."


class CurrencyMismatch(UsageError):
    """A budget in another currency than the price."""

    template = "The budget is in {budget}, but {model} is paid in {price}; renderlock knows no exchange rates."
    hint = "Give the budget in {price}."


class PromptMissing(UsageError):
    """A pipeline without assets, and no prompt given."""

    template = "{file} has no assets, so there is nothing to render."
    hint = 'Give a prompt, --prompt "…", or write assets into the file.'


class NotBuiltYet(UsageError):
    """A key of the pipeline format that this version reads but cannot act on."""

    template = "This version cannot act on:\n{listing}"
    hint = "Remove the key, or choose steps that do without it with `--step`. Nothing was rendered."


class MissingDependency(UsageError):
    """A feature of an extra that is not installed."""

    template = "{feature} needs {package}, which is not installed."
    hint = "Install it with `pip install 'renderlock[{extra}]'`."


class PackageMissing(MissingDependency):
    """A package beyond the extras, which a user installs by a command of its own."""

    template = "{feature} needs {package}, which {reason}."
    hint = "Install it with `{command}`; docs/upscalers.md says more."


class InputUnusable(UsageError):
    """A file or folder the user named cannot be used."""

    template = "{path} cannot be used: {reason}."
    hint = "{action}"


class OverlayRefused(UsageError):
    """An SVG that would load something, act, or take more than a picture may."""

    template = "{file}:{line}: this SVG is refused: {reason}."
    hint = "{action}"


class FontMissing(UsageError):
    """An SVG asks for a font, or for a letter of a font, that the fonts given do not have."""

    template = "{file}:{line}: the text asks for {asked}, which the fonts given do not have."
    hint = "Add the font's file to the fonts folder; fonts of the system are never used. Found: {found}."


class WouldOverwrite(UsageError):
    """A file of the user's is in the way and is kept."""

    template = "{path} is already there and is not overwritten."
    hint = "Choose another place, or move it away first."


class FileUnwritable(UsageError):
    """A file or folder of the user's cannot be written."""

    template = "{path} cannot be written: {reason}."
    hint = "Make it writable, or name another place. What is rendered is kept in the store."


class FormatTooNarrow(UsageError):
    """A picture that the file format its name asks for cannot hold."""

    template = "{path} cannot hold this picture: {reason}."
    hint = "Formats that can: {able}."


class TilesUnfit(UsageError):
    """Files that were given as tiles and do not make one picture together."""

    template = "These tiles do not make one picture:\n{listing}"
    hint = "{action}"


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


class LockError(RenderlockError):
    """The lock and the work do not agree."""

    exit_code = 2
    http_status = 409


class LockMissing(LockError):
    """There is no lock beside the pipeline."""

    template = "{path} does not exist, so no model is locked."
    hint = "Run `renderlock lock`, and commit the file it writes."


class ModelNotLocked(LockError):
    """A role of the pipeline that the lock does not hold yet."""

    template = "{model} fills the {role} role in pipeline.yml, but that role is not locked."
    hint = "Run `renderlock lock`: it adds new roles and leaves locked ones as they are."


class LockUnreadable(LockError):
    """The lock is not what renderlock wrote."""

    template = "{path} cannot be read as a lock: {reason}."
    hint = "Restore it from version control; change models with `renderlock lock --change`, never by an edit."


class ChangeIncomplete(LockError):
    """A model change that does not say which role, or to which model."""

    template = "A model change needs {missing} too."
    hint = 'renderlock lock --change ROLE --to MODEL --reason "…"'


class ReasonMissing(LockError):
    """A model change without a reason."""

    template = "Changing the {role} model needs a reason."
    hint = 'Say why, for whoever asks in a year: --reason "…".'


class ChangeUnneeded(LockError):
    """A model change to the model that is locked already."""

    template = "The {role} model is already locked to {reference}, by the same content."
    hint = "Nothing was written."


class LockMismatch(LockError):
    """A model is not the one that was locked."""

    template = "The {role} model is not the locked one:\n{difference}"
    hint = 'Restore the locked model, or change it on record: renderlock lock --change {role} --to {found} --reason "…"'


class EngineError(RenderlockError):
    """An engine could not give a picture."""

    exit_code = 4
    http_status = 502


class ModelUnavailable(EngineError):
    """A model's weights are missing, damaged or not what they claim."""

    template = "The model {model!r} cannot be loaded: {reason}."
    hint = "{action}"


class EngineFailed(EngineError):
    """The engine broke while rendering one picture; the others are kept."""

    template = "{model} failed: {reason}."
    hint = "Run the same command again: what is rendered is kept. `renderlock doctor` checks the machine."


class EngineBroken(EngineError):
    """A third-party engine does not keep the engine contract."""

    template = "The engine {name!r} from {package} breaks the contract: {reason}."
    hint = "Update or uninstall {package}; docs/engines.md states the contract."


class UpscalerBroken(EngineBroken):
    """A third-party upscaler does not keep the upscaler contract."""

    template = "The upscaler {name!r} from {package} breaks the contract: {reason}."
    hint = "Update or uninstall {package}; docs/upscalers.md states the contract."


class HostedError(EngineError):
    """A provider gave no picture. `billed` says whether it takes money for that; `words` are its own."""

    template = "{model}: {reason}."
    hint = "Run the same command again: what is rendered is kept."
    billed_by_default: ClassVar[Billed] = "no"

    def __init__(self, *, billed: Billed | None = None, **facts: object) -> None:
        self.billed: Billed = billed or self.billed_by_default
        super().__init__(billed=self.billed, **facts)


class KeyRefused(HostedError):
    """The provider does not take the key."""

    template = "{model}: the provider refused the key: {words}."
    hint = "Check {variable}: it may be of another account, expired, or without access to this model."


class QuotaExhausted(HostedError):
    """The account has nothing left."""

    template = "{model}: the account cannot pay for it: {words}."
    hint = "Top up the account or change its plan, then run the same command again: what is rendered is kept."


class RateLimited(HostedError):
    """Too many requests, also after waiting."""

    template = "{model}: the provider is still refusing after {attempts} attempts: {words}."
    hint = "Run the same command again later: nothing was paid for this picture, and what is rendered is kept."
    http_status = 429


class RequestRefused(HostedError):
    """The provider does not take the request."""

    template = "{model}: the provider refused the request: {words}."
    hint = "Nothing was paid. Change what it names; `renderlock engines {model}` says what the model takes."


class SafetyBlocked(HostedError):
    """The provider's safety check refused the prompt or the picture."""

    template = "{model}: the safety check refused the {stage} (billed: {billed}): {words}."
    hint = "Change the prompt. The same prompt is not paid again; `renderlock calls` shows what was billed."


class NoPicture(HostedError):
    """The provider answered without a picture."""

    template = "{model}: the answer has no picture (billed: {billed}): {words}."
    hint = "Change the prompt, or pay for another attempt: `renderlock calls` shows the call and how to decide."


class ModelRetired(HostedError):
    """The provider no longer has the model; renders made with it stay readable."""

    template = "{model} is retired or unknown to the provider: {words}. Successors: {successors}."
    hint = 'Change the model on record: renderlock lock --change ROLE --to {successor} --reason "…"'
    http_status = 410


class ProviderTimeout(HostedError):
    """The provider did not answer in time."""

    template = "{model}: no answer within {timeout_s:g} s."
    hint = "Run the same command again: what is rendered is kept."
    http_status = 504


class TransportFailed(HostedError):
    """The connection to the provider failed."""

    template = "{model}: the connection to {host} failed: {reason}."
    hint = "Check the network, then run the same command again: what is rendered is kept."


class ProviderFailed(HostedError):
    """The provider broke."""

    template = "{model}: the provider failed with status {status}: {words}."
    hint = "Run the same command again later: what is rendered is kept."


class BadAnswer(HostedError):
    """The provider's answer is not what it promises."""

    template = "{model}: the answer cannot be used (billed: {billed}): {reason}."
    hint = "`renderlock calls` shows the call and how to decide about it; if it repeats, please report the reason."


class PictureElsewhere(BadAnswer):
    """The link to a paid picture leads to a host that is not allowed; it is kept until the host is."""

    template = "{model}: the picture was paid for, but it is at {place}, which is no allowed place."
    hint = "If you trust {host}: set RENDERLOCK_PICTURE_HOSTS={host} and run again; nothing is paid twice."


class PictureExpired(HostedError):
    """The link to a paid picture no longer works."""

    template = "{model}: the picture was paid for, but its link at {host} no longer works: {reason}."
    hint = "Save it from the provider's history, then: renderlock calls decide {call} --take FILE --as NAME"
    billed_by_default = "yes"


class MayBeBilled(HostedError):
    """A call whose outcome nobody knows: it is repeated only when a person says so."""

    template = "{model}: call {call} may be billed: {reason}."
    hint = "See the provider's history, then: renderlock calls decide {call} --retry|--give-up|--take FILE --as NAME"
    billed_by_default = "maybe"


class CallGivenUp(HostedError):
    """A person gave the picture up."""

    template = "{model}: {by} gave up call {call}, so this picture is not bought."
    hint = "To buy it after all: renderlock calls decide {call} --retry --as NAME"


class CallInFlight(HostedError):
    """Another run is paying for the same picture now."""

    template = "{model}: another run ({process}) is waiting for the same picture."
    hint = "Wait for it, then run the same command again: the picture is then there."


class BudgetExceeded(RenderlockError):
    """The next picture would cost more than is left; nothing was sent."""

    template = "The budget of {budget} is used up: {spent} spent or in flight, a picture of {model} costs {price}."
    hint = "Raise `budget` in the pipeline, or render fewer pictures; `renderlock calls` lists what was paid."
    exit_code = 1
    http_status = 402


class StoreError(RenderlockError):
    """The store cannot be used."""

    exit_code = 5
    http_status = 500


class StoreUnusable(StoreError):
    """Not a store, of another format, or not writable."""

    template = "The store {path} cannot be used: {reason}."
    hint = "{action}"


class StoreDamaged(StoreError):
    """Bytes in the store are not what their name says."""

    template = "{path} is damaged: {reason}."
    hint = "Run `renderlock store check` for the whole list, and restore the named files from a backup."


class StoreFull(StoreError):
    """The disk holding the store is full."""

    template = "The disk of {path} is full."
    hint = "Free space and run the same command again: what is rendered is kept."


class OutOfMemory(RenderlockError):
    """Memory ran out and no rung of the ladder is left."""

    template = "{model} ran out of memory: {reason}."
    hint = "Render a smaller size, or give it more memory: a higher `memory_budget` where one is set."
    exit_code = 6
    http_status = 507


class Interrupted(RenderlockError):
    """A person stopped the work; everything finished is kept."""

    template = "Stopped. {done} picture(s) finished are kept."
    hint = "Run the same command again to go on."
    exit_code = 130
    http_status = 499
