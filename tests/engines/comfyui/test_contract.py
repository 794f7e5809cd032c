"""The ComfyUI adapter under the hosted contract."""

from __future__ import annotations

import pytest
from tests.engines.comfyui.workflows import TEXT_TO_IMAGE, written
from tests.engines.hosted_contract import HostedSubject
from tests.engines.own_server_contract import OwnServerContract

from renderlock.spec.recipe import Size


class TestComfyUI(OwnServerContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, tmp_path_factory: pytest.TempPathFactory) -> HostedSubject:
        path = written(tmp_path_factory.mktemp("workflows"), TEXT_TO_IMAGE)
        return HostedSubject(f"comfyui:{path}", "comfyui", "comfyui", Size(128, 128), takes_key=False)
