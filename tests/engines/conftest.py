"""Lets a failing assertion of the engine contract show its values, as those in test modules do."""

import pytest

pytest.register_assert_rewrite("tests.engines.contract")
