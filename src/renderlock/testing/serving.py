"""`serve`: a strict provider on this machine, by name, with the faults it is to have."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from renderlock.errors import MissingDependency, UnknownName, UsageError
from renderlock.testing.faults import Fault, faults_of
from renderlock.testing.options import ServeOptions, Style
from renderlock.testing.table import PROVIDERS

if TYPE_CHECKING:
    from renderlock.testing.provider import Provider
    from renderlock.testing.server import Server

PACKAGES = {"starlette": "starlette", "uvicorn": "uvicorn", "python_multipart": "python-multipart"}


def serve(
    provider: str,
    *,
    faults: Iterable[Fault | str] = (),
    latency_s: float = 0.0,
    concurrency: int | None = None,
    port: int = 0,
    pictures: Style = "engine",
) -> Server:
    """A strict provider on loopback that works while it is entered as a context and then has a `url` and a `key`.

    `faults` are `Fault` values or texts (`"rate-limit:times=3"`); `latency_s` is the least time a generation takes;
    `concurrency` is how many pictures may be in progress before 429, None for the provider's own limit;
    `pictures` "sketch" draws patches of colour instead of rendering. Raises as `open_server`.
    """
    options = ServeOptions(
        port=port, faults=faults_of(faults), latency_s=latency_s, concurrency=concurrency, pictures=pictures
    )
    return open_server(provider, options)


def open_server(provider: str, options: ServeOptions) -> Server:
    """The server for a provider, not listening to anybody before it is entered.

    Raises `MissingDependency` without the extra `testing`, `UnknownName` for a provider that is not there, and
    `UsageError` for a fault that this provider cannot have or a port that is taken.
    """
    for module, package in PACKAGES.items():
        if find_spec(module) is None:
            raise MissingDependency(feature="renderlock.testing", package=package, extra="testing")
    if provider not in PROVIDERS:
        near = get_close_matches(provider, PROVIDERS, 1)
        raise UnknownName(kind="provider", name=provider, known=", ".join(near or PROVIDERS))
    module_name, _, attribute = PROVIDERS[provider].provider.partition(":")
    kind: type[Provider] = getattr(import_module(module_name), attribute)
    for fault in options.faults:
        if fault.name not in kind.faults:
            known = ", ".join(sorted(kind.faults))
            raise UsageError(reason=f"{provider} cannot have the fault {fault.name}; it can have {known}.")
    served: Server = import_module("renderlock.testing.server").Server(kind, options)
    return served
