"""Strict loopback providers: rehearse a hosted pipeline over HTTP, on this machine, with real pictures and faults.

    from renderlock.testing import serve

    with serve("ideogram", faults=["rate-limit:times=2"], latency_s=0.2) as server:
        server.url, server.key, server.accepted, server.calls

Needs the extra `testing`.
"""

from __future__ import annotations

from renderlock.testing.calls import Call
from renderlock.testing.faults import FAULTS, Fault, parse_fault
from renderlock.testing.serving import serve
from renderlock.testing.table import PROVIDERS

__all__ = ["FAULTS", "PROVIDERS", "Call", "Fault", "parse_fault", "serve"]
