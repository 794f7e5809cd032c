"""Canonical JSON: one byte sequence for one value, by RFC 8785, and its SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import rfc8785


def canonical_json(fields: Mapping[str, object]) -> bytes:
    """RFC 8785 bytes of a JSON object; raises `rfc8785.CanonicalizationError` for what JSON cannot hold."""
    return rfc8785.dumps(dict(fields))  # type: ignore[arg-type]  # its JSON type is private; it checks at run time


def canonical_sha256(fields: Mapping[str, object]) -> str:
    """Hexadecimal SHA-256 of the canonical bytes."""
    return hashlib.sha256(canonical_json(fields)).hexdigest()
