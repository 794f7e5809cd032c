"""The hosted contract over Gemini's image models on both of Google's APIs."""

from __future__ import annotations

import pytest
from tests.engines.hosted_contract import HostedContract, HostedSubject

from renderlock.spec.recipe import Size


class TestNanoBanana2(HostedContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls) -> HostedSubject:
        return HostedSubject("gemini:gemini-3.1-flash-image", "gemini", "gemini", Size(512, 512), heavy=True)


class TestNanoBananaOnVertex(HostedContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls) -> HostedSubject:
        return HostedSubject("gemini:vertex/gemini-3.1-flash-image", "gemini", "gemini", Size(512, 512))
