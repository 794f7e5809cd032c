from __future__ import annotations

import pytest

from renderlock.spec.pipeline import Asset, Step, seeds_for
from renderlock.spec.roles import Role


@pytest.mark.parametrize(("variants", "seeds"), [(None, (5, 9)), (1, (5,)), (3, (5, 6, 7))])
def test_variants_count_from_the_first_seed_on(variants: int | None, seeds: tuple[int, ...]) -> None:
    asset = Asset("hero", "a cat", seeds=(5, 9))

    assert seeds_for(asset, Step("quick", Role.REVIEW, "m", variants=variants)) == seeds


@pytest.mark.parametrize(
    ("role", "key", "production"),
    [
        (Role.REVIEW, "review_model", True),
        (Role.FINAL, "final_model", True),
        (Role.SANDBOX, "sandbox_model", False),
        (Role.UPSCALER, "upscaler", True),
    ],
)
def test_each_role_has_its_key_and_only_the_sandbox_is_no_production(role: Role, key: str, production: bool) -> None:
    assert (role.key, role.production) == (key, production)
