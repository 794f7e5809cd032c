"""Every error that renderlock shows to a person, as one tree.

A class carries the sentence, what to do next, an exit code and an HTTP status; it is raised with facts,
which stay readable on the instance (`error.facts["path"]`) for `--json` and the web. Each family of the
tree has a file; callers import every name from here.

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
    │   │   └── OverlapImpossible       none with so large an overlap do
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
    │   │   └── UpscalerBroken          a third-party upscaler does
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
    ├── StoreError (5)
    │   ├── StoreUnusable               not a store, of another format, or not writable
    │   ├── StoreDamaged                bytes are not what their name says
    │   └── StoreFull                   the disk is full
    ├── BudgetExceeded (1)              the next picture would cost more than is left
    ├── OutOfMemory (6)                 after the last rung of the ladder
    └── Interrupted (130)               a person stopped it
"""

from renderlock.errors.base import (
    Interrupted,
    RenderlockError,
    UsageError,
)
from renderlock.errors.configuration import (
    ConfigurationError,
    CurrencyMismatch,
    KeyFileUnsafe,
    KeyMissing,
    KeyNotTaken,
    MissingDependency,
    PackageMissing,
    PriceUnknown,
    Problem,
    SettingInvalid,
)
from renderlock.errors.engines import (
    EngineBroken,
    EngineError,
    EngineFailed,
    ModelUnavailable,
    OutOfMemory,
    UpscalerBroken,
)
from renderlock.errors.hosted import (
    BadAnswer,
    Billed,
    BudgetExceeded,
    CallGivenUp,
    CallInFlight,
    HostedError,
    KeyRefused,
    MayBeBilled,
    ModelRetired,
    NoPicture,
    PictureElsewhere,
    PictureExpired,
    ProviderFailed,
    ProviderTimeout,
    QuotaExhausted,
    RateLimited,
    RequestRefused,
    SafetyBlocked,
    TransportFailed,
)
from renderlock.errors.lock import (
    ChangeIncomplete,
    ChangeUnneeded,
    LockError,
    LockMismatch,
    LockMissing,
    LockUnreadable,
    ModelNotLocked,
    ReasonMissing,
)
from renderlock.errors.requests import (
    AmbiguousAddress,
    NotBuiltYet,
    NotCapable,
    NothingToUndo,
    NotReplayable,
    OverlapImpossible,
    PromptMissing,
    RecipeError,
    SignatureMissing,
    StandingViolation,
    TilesImpossible,
    UnknownName,
    UnpinnedModel,
)
from renderlock.errors.store import (
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreUnusable,
)
from renderlock.errors.user_files import (
    FileUnwritable,
    FontMissing,
    FormatTooNarrow,
    InputUnusable,
    OverlayRefused,
    TilesUnfit,
    WouldOverwrite,
)

__all__ = [
    "AmbiguousAddress",
    "BadAnswer",
    "Billed",
    "BudgetExceeded",
    "CallGivenUp",
    "CallInFlight",
    "ChangeIncomplete",
    "ChangeUnneeded",
    "ConfigurationError",
    "CurrencyMismatch",
    "EngineBroken",
    "EngineError",
    "EngineFailed",
    "FileUnwritable",
    "FontMissing",
    "FormatTooNarrow",
    "HostedError",
    "InputUnusable",
    "Interrupted",
    "KeyFileUnsafe",
    "KeyMissing",
    "KeyNotTaken",
    "KeyRefused",
    "LockError",
    "LockMismatch",
    "LockMissing",
    "LockUnreadable",
    "MayBeBilled",
    "MissingDependency",
    "ModelNotLocked",
    "ModelRetired",
    "ModelUnavailable",
    "NoPicture",
    "NotBuiltYet",
    "NotCapable",
    "NotReplayable",
    "NothingToUndo",
    "OutOfMemory",
    "OverlapImpossible",
    "OverlayRefused",
    "PackageMissing",
    "PictureElsewhere",
    "PictureExpired",
    "PriceUnknown",
    "Problem",
    "PromptMissing",
    "ProviderFailed",
    "ProviderTimeout",
    "QuotaExhausted",
    "RateLimited",
    "ReasonMissing",
    "RecipeError",
    "RenderlockError",
    "RequestRefused",
    "SafetyBlocked",
    "SettingInvalid",
    "SignatureMissing",
    "StandingViolation",
    "StoreDamaged",
    "StoreError",
    "StoreFull",
    "StoreUnusable",
    "TilesImpossible",
    "TilesUnfit",
    "TransportFailed",
    "UnknownName",
    "UnpinnedModel",
    "UpscalerBroken",
    "UsageError",
    "WouldOverwrite",
]
