"""Errors of pipeline.lock: it is missing, unreadable, or not what the work uses."""

from __future__ import annotations

from renderlock.errors.base import RenderlockError


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
    hint = (
        'Restore the locked model, or change it on record: renderlock lock --change {change} --to {found} --reason "…"'
    )
