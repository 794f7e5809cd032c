"""Errors of the store: it cannot be used, is damaged, or its disk is full."""

from __future__ import annotations

from renderlock.errors.base import RenderlockError


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
