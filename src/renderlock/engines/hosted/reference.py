"""The model part of a hosted reference: a name, and options of the provider that belong to the model's identity.

`V_2?magic_prompt=ON&style=DESIGN` is another model than `V_2`: it gives other pictures, so the lock and every recipe
name it whole. Options stand sorted, so that their order changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from urllib.parse import parse_qsl, urlencode

from renderlock.errors import UnknownName


def split_options(model: str, allowed: Mapping[str, Sequence[str]], *, engine: str) -> tuple[str, dict[str, str]]:
    """The name and the options of a model part; raises `UnknownName` for an option or value that is not allowed."""
    name, _, query = model.partition("?")
    options: dict[str, str] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key not in allowed:
            raise UnknownName(kind=f"{engine} option", name=key, known=_listed(key, tuple(allowed)))
        if value not in allowed[key]:
            raise UnknownName(kind=f"{engine} {key}", name=value, known=_listed(value, tuple(allowed[key])))
        options[key] = value
    return name, options


def join_options(name: str, options: Mapping[str, str]) -> str:
    """The model part of a name with its options, sorted."""
    return f"{name}?{urlencode(sorted(options.items()))}" if options else name


def unknown_model(engine: str, name: str, known: Sequence[str]) -> UnknownName:
    """The error for a model that an engine does not have."""
    return UnknownName(kind=f"{engine} model", name=name, known=_listed(name, known))


def _listed(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, 1)
    return (", ".join(known) or "none") + (f". Did you mean {near[0]}?" if near else "")
