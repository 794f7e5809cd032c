"""The hosted contract over Imagen on both of Google's APIs."""

from __future__ import annotations

import pytest
from tests.engines.hosted_contract import HostedContract, HostedSubject

from renderlock.spec.recipe import Size


class TestImagenOnTheGeminiApi(HostedContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls) -> HostedSubject:
        return HostedSubject("imagen:imagen-4.0-generate-001", "imagen", "imagen", Size(1024, 1024), heavy=True)


class TestImagenOnVertex(HostedContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls) -> HostedSubject:
        return HostedSubject("imagen:vertex/imagen-4.0-generate-001", "imagen", "imagen", Size(1024, 1024))
