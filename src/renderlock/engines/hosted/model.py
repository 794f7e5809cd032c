"""What a provider and a hosted model are, as data, so that the carrying code never asks "is it model X?"."""

from __future__ import annotations

from dataclasses import dataclass

from renderlock.engines.capabilities import Capabilities


@dataclass(frozen=True)
class Provider:
    """One place that pictures come from.

    `name` is what base URLs, lanes and prices go by; `base_url` is "" where the user must say where it is.
    `key_variables` are looked for in turn, none where no key is needed; the key goes into `key_header` after
    `key_prefix`. `images_in_flight` is the width of its lane. Pictures may be fetched from `picture_hosts` and their
    subdomains. `console` is where a person sees what was billed.
    """

    name: str
    title: str
    base_url: str
    key_variables: tuple[str, ...] = ()
    key_header: str = "Authorization"
    key_prefix: str = ""
    key_optional: bool = False
    images_in_flight: int = 4
    picture_hosts: tuple[str, ...] = ()
    console: str = ""


@dataclass(frozen=True)
class HostedModel:
    """One model of a provider: the part of the reference after the engine's name, and the API surface it is called by.

    `revision` stays "" where a provider names no version; `files` holds name and SHA-256 of what a self-hosted model
    is made of, where its server tells.
    """

    engine: str
    name: str
    surface: str
    provider: Provider
    capabilities: Capabilities
    revision: str = ""
    files: tuple[tuple[str, str], ...] = ()

    @property
    def reference(self) -> str:
        """The reference that names this model."""
        return f"{self.engine}:{self.name}"
