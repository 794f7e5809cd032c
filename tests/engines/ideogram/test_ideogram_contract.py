"""The hosted contract over every surface of Ideogram."""

from __future__ import annotations

import pytest
from tests.engines.hosted_contract import HostedContract, HostedSubject

from renderlock.spec.recipe import Size


class TestIdeogramV2(HostedContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls) -> HostedSubject:
        return HostedSubject("ideogram:V_2", "ideogram", "ideogram", Size(1024, 640), heavy=True)


class TestIdeogramV1(HostedContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls) -> HostedSubject:
        return HostedSubject("ideogram:V_1", "ideogram", "ideogram", Size(1536, 512))


class TestIdeogramV3(HostedContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls) -> HostedSubject:
        return HostedSubject("ideogram:V_3", "ideogram", "ideogram", Size(1536, 512))


class TestIdeogramOfTheV2Api(HostedContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls) -> HostedSubject:
        return HostedSubject("ideogram:v2/ideogram-2", "ideogram", "ideogram", Size(1536, 512))
