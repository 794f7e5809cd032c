"""Decisions: append-only, undone but never unsaid, and what they release."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.actions.runs import execute

from renderlock.actions.campaign import RunOptions
from renderlock.actions.jobs import Selection
from renderlock.actions.review import Signature, decide, decisions, undo_decision
from renderlock.errors import NothingToUndo, SignatureMissing, UnknownName
from renderlock.store.maintenance import rebuild
from renderlock.store.store import Store

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MAIN = RunOptions(Selection(steps=frozenset({"quick-pass", "final-render"})))


def ada(minutes: int = 0) -> Signature:
    return Signature("Ada", NOON + timedelta(minutes=minutes))


def quick_addresses(locked: Path, asset: str) -> dict[int, str]:
    """The quick passes of an asset by seed."""
    pictures = execute(locked, MAIN).pictures
    found = [one for one in pictures if one.job.asset.name == asset and one.job.step.name == "quick-pass"]
    return {one.job.recipe.seed: one.record.address for one in found if one.record}


def test_a_gate_holds_every_asset_until_someone_approves(locked: Path) -> None:
    result = execute(locked, MAIN)
    assert {one.job.step.name for one in result.pictures} == {"quick-pass"}
    assert [(held.asset, held.step) for held in result.held] == [("apple", "final-render"), ("star", "final-render")]
    assert "renderlock approve rl-" in result.held[0].reason


def test_an_approval_releases_that_asset_with_that_seed_only(locked: Path, store: Store) -> None:
    addresses = quick_addresses(locked, "apple")
    decide(store, addresses[1], "approve", ada(), "this one")
    result = execute(locked, MAIN)
    finals = [one for one in result.pictures if one.job.step.name == "final-render"]
    assert [(one.job.asset.name, one.job.recipe.seed, one.status) for one in finals] == [("apple", 1, "rendered")]
    assert [held.asset for held in result.held] == ["star"]


def test_an_approval_taken_back_holds_the_asset_again(locked: Path, store: Store) -> None:
    address = quick_addresses(locked, "apple")[0]
    decide(store, address, "approve", ada(), "")
    assert undo_decision(store, address, ada(1), "wrong one") is None
    assert "apple" in {held.asset for held in execute(locked, MAIN).held}
    assert len(store.events(address)) == 2


def test_undoing_a_rejection_gives_the_approval_before_it_back(locked: Path, store: Store) -> None:
    address = quick_addresses(locked, "apple")[0]
    decide(store, address, "approve", ada(), "")
    decide(store, address, "reject", ada(1), "")
    decision = undo_decision(store, address, ada(2), "")
    assert decision is not None
    assert decision.word == "approve"


def test_an_asset_with_every_picture_rejected_says_so(locked: Path, store: Store) -> None:
    for address in quick_addresses(locked, "apple").values():
        decide(store, address, "reject", ada(), "wrong apple")
    reasons = {held.asset: held.reason for held in execute(locked, MAIN).held}
    assert "every picture of quick-pass was rejected" in reasons["apple"]


def test_a_rehearsals_approval_releases_no_production(locked: Path, store: Store) -> None:
    rehearsal = execute(locked, RunOptions(MAIN.selection, rehearse=True))
    for one in rehearsal.pictures:
        if one.record:
            decide(store, one.record.address, "approve", ada(), "")
    assert len(execute(locked, MAIN).held) == 2
    assert execute(locked, RunOptions(MAIN.selection, rehearse=True)).held == ()


def test_a_final_alone_waits_for_the_quick_pass_it_needs(locked: Path) -> None:
    result = execute(locked, RunOptions(Selection(steps=frozenset({"final-render"}))))
    assert result.pictures == ()
    assert {held.reason for held in result.held} == {"needs quick-pass first"}


def test_a_step_that_starts_from_another_takes_its_pixels_and_seed(locked: Path, store: Store) -> None:
    text = locked.read_text().replace(
        "size: 96, num_inference_steps: 3}", "size: 96, num_inference_steps: 3, init_from: quick-pass, strength: 0.6}"
    )
    locked.write_text(text)
    address = quick_addresses(locked, "apple")[1]
    decide(store, address, "approve", ada(), "")
    (final,) = (one for one in execute(locked, MAIN).pictures if one.job.step.name == "final-render")
    assert final.job.recipe.init is not None
    assert final.job.recipe.init.picture == store.get(address).pixels
    assert final.job.recipe.seed == 1


def test_a_final_after_a_middle_step_keeps_to_the_approved_seeds_and_is_done_then(locked: Path, store: Store) -> None:
    middle = '  - {name: middle, model: "${review_model}", size: 64, num_inference_steps: 3}\n'
    text = locked.read_text().replace("  - {name: final-render", f"{middle}  - {{name: final-render")
    locked.write_text(
        text.replace("num_inference_steps: 3}\n  - {name: play", "steps: 3, needs: middle}\n  - {name: play")
    )
    locked.write_text(locked.read_text().replace("size: 96, steps: 3", "size: 96, num_inference_steps: 3"))
    options = RunOptions(Selection(steps=frozenset({"quick-pass", "middle", "final-render"})))
    decide(store, quick_addresses(locked, "apple")[1], "approve", ada(), "")
    result = execute(locked, options)
    later = [one for one in result.pictures if one.job.step.name != "quick-pass"]
    assert [(one.job.step.name, one.job.recipe.seed) for one in later] == [("middle", 1), ("final-render", 1)]
    assert {(held.asset, held.step) for held in result.held} == {("star", "middle"), ("star", "final-render")}


def test_an_approval_of_a_seed_that_left_the_list_releases_nothing(locked: Path, store: Store) -> None:
    decide(store, quick_addresses(locked, "apple")[1], "approve", ada(), "")
    locked.write_text(locked.read_text().replace("seeds: [0, 1]", "seeds: [0, 2]"))
    assert {held.asset for held in execute(locked, MAIN).held} == {"apple", "star"}


def test_given_seeds_pass_a_gate_only_if_they_are_approved(locked: Path, store: Store) -> None:
    decide(store, quick_addresses(locked, "apple")[1], "approve", ada(), "")
    for seed, finals in ((0, []), (1, [1])):
        result = execute(locked, RunOptions(replace(MAIN.selection, seeds=(seed,))))
        found = [one.job.recipe.seed for one in result.pictures if one.job.step.name == "final-render"]
        assert found == finals


def test_decisions_survive_a_rebuilt_index(locked: Path, store: Store) -> None:
    address = quick_addresses(locked, "apple")[0]
    decide(store, address, "approve", ada(), "looks right")
    before = decisions(store)
    for file in store.layout.root.glob("index.sqlite*"):
        file.unlink()
    store.close()
    with Store.open(store.layout.root) as again:
        rebuild(again)
        assert decisions(again) == before


@pytest.mark.parametrize("name", ["", "  "])
def test_a_decision_needs_a_name(locked: Path, store: Store, name: str) -> None:
    address = quick_addresses(locked, "apple")[0]
    with pytest.raises(SignatureMissing):
        decide(store, address, "approve", Signature(name, NOON), "")
    assert store.events(address) == ()


def test_nothing_can_be_undone_twice(locked: Path, store: Store) -> None:
    address = quick_addresses(locked, "apple")[0]
    decide(store, address, "reject", ada(), "")
    undo_decision(store, address, ada(1), "")
    with pytest.raises(NothingToUndo):
        undo_decision(store, address, ada(2), "")


def test_an_address_that_does_not_exist_is_refused(store: Store) -> None:
    with pytest.raises(UnknownName, match="rl-zzzz"):
        decide(store, "rl-zzzz", "approve", ada(), "")
