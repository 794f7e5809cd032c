"""The AUTOMATIC1111 adapter under the hosted contract."""

from __future__ import annotations

import pytest
from tests.engines.hosted_contract import Bench, HostedSubject
from tests.engines.own_server_contract import OwnServerContract

from renderlock.engines.base import Unwatched
from renderlock.errors import KeyRefused
from renderlock.spec.recipe import Size


class TestAutomatic1111(OwnServerContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls) -> HostedSubject:
        return HostedSubject("a1111:", "automatic1111", "a1111", Size(128, 128))

    def test_without_a_key_nothing_is_sent(self, bench: Bench) -> None:
        """A server may run without a login, so it is asked; one that wants a login says so."""
        with pytest.raises(KeyRefused, match="username"):
            bench.engine(key="").render(bench.recipe(), None, Unwatched())

        assert bench.server.accepted == 0
