"""The journal of paid calls: what it recalls, what a budget stops, and what a person decides."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from renderlock.actions.calls.book import read_book
from renderlock.actions.calls.decide import decide, find_call
from renderlock.actions.calls.journal import NOTICE, StoreJournal
from renderlock.actions.calls.processes import runs_elsewhere, this_process
from renderlock.engines.hosted.journal import Work
from renderlock.errors import (
    AmbiguousAddress,
    BudgetExceeded,
    CallInFlight,
    CurrencyMismatch,
    InputUnusable,
    PriceUnknown,
    SignatureMissing,
    UnknownName,
)
from renderlock.imaging.pixels import encode_png
from renderlock.spec.money import Cost
from renderlock.store import Store
from renderlock.store.maintenance import collect_garbage, rebuild

PRICE = Cost(Decimal("0.08"), "USD")
PNG = encode_png(np.zeros((8, 8, 3), np.uint8), {})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "store") as made:
        yield made


def intend(journal: StoreJournal, call: str, *, subject: str = "rl1:a", price: Cost | None = PRICE) -> None:
    journal.intend(Work(subject, "ideogram:V_2", "a star"), price, call=call, resume="")


def test_nothing_is_recalled_of_work_nobody_bought(store: Store) -> None:
    journal = StoreJournal(store)
    intend(journal, "call-1")
    assert journal.recall("rl1:b") is None


def test_an_open_call_of_a_process_that_ended_is_recalled_as_it_was_left(store: Store) -> None:
    journal = StoreJournal(store)
    intend(journal, "call-1")
    opened = journal.recall("rl1:a")
    journal.accepted("call-1", "generation-7")

    past = StoreJournal(store).recall("rl1:a")

    assert opened is not None
    assert past is not None
    assert (opened.state, opened.resume) == ("open", "")
    assert (past.call, past.state, past.resume) == ("call-1", "open", "generation-7")


def test_a_kept_picture_waits_until_it_is_a_render_and_is_no_garbage(store: Store) -> None:
    journal = StoreJournal(store)
    intend(journal, "call-1")
    journal.keep("call-1", PNG, "image/png", notes=(("seed", "7"),), cost=PRICE)
    collect_garbage(store, dry_run=False, grace_s=-1)

    past = StoreJournal(store).recall("rl1:a")

    assert past is not None
    assert (past.state, past.picture, past.media_type) == ("kept", PNG, "image/png")
    assert (past.notes, past.cost) == ((("seed", "7"),), PRICE)
    assert StoreJournal(store, purpose="replay").recall("rl1:a") is None


def test_a_failure_that_cost_nothing_is_forgotten_and_one_that_was_billed_is_not(store: Store) -> None:
    journal = StoreJournal(store)
    intend(journal, "free", subject="rl1:free")
    intend(journal, "billed", subject="rl1:billed")
    journal.failed("free", kind="RateLimited", words="too many", billed="no", evidence=b"")
    journal.failed("billed", kind="BadAnswer", words="no JSON", billed="maybe", evidence=b"<html>")

    past = journal.recall("rl1:billed")

    assert journal.recall("rl1:free") is None
    assert past is not None
    assert (past.state, past.words, past.billed) == ("failed", "no JSON", "maybe")
    call = find_call(store, "billed")
    assert store.blob(call.said("evidence"), "application/octet-stream") == b"<html>"
    assert read_book(store).spent() == {"USD": Decimal("0.08")}


def test_a_replay_recalls_nothing_that_a_render_left(store: Store) -> None:
    replay = StoreJournal(store, purpose="replay")
    intend(replay, "call-1")
    replay.keep("call-1", PNG, "image/png", notes=(), cost=None)

    assert replay.recall("rl1:a") is None
    assert StoreJournal(store).recall("rl1:a") is None


def test_a_budget_stops_before_it_is_passed_and_counts_what_is_in_flight(store: Store) -> None:
    journal = StoreJournal(store, Cost(Decimal("0.20"), "USD"))
    intend(journal, "call-1", subject="rl1:1")
    journal.keep("call-1", PNG, "image/png", notes=(), cost=Cost(Decimal("0.10"), "USD"))
    intend(journal, "call-2", subject="rl1:2")

    with pytest.raises(BudgetExceeded, match=r"0\.18 USD spent or in flight"):
        intend(journal, "call-3", subject="rl1:3")

    assert "call-3" not in read_book(store).calls
    journal.failed("call-2", kind="RateLimited", words="too many", billed="no", evidence=b"")
    intend(journal, "call-4", subject="rl1:4")


def test_a_budget_holds_among_threads_and_lets_all_through_that_fit(store: Store) -> None:
    journal = StoreJournal(store, Cost(Decimal("0.40"), "USD"))

    def buy(number: int) -> bool:
        try:
            intend(journal, f"call-{number}", subject=f"rl1:{number}")
        except BudgetExceeded:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        bought = list(pool.map(buy, range(12)))

    assert sum(bought) == 5
    assert read_book(store).spent() == {"USD": Decimal("0.40")}


def test_a_budget_counts_what_earlier_runs_spent(store: Store) -> None:
    intend(StoreJournal(store), "call-1")
    with pytest.raises(BudgetExceeded):
        intend(StoreJournal(store, Cost(Decimal("0.15"), "USD")), "call-2", subject="rl1:2")


def test_a_budget_refuses_an_unknown_price_and_another_currency(store: Store) -> None:
    journal = StoreJournal(store, Cost(Decimal(5), "EUR"))
    with pytest.raises(PriceUnknown):
        intend(journal, "call-1", price=None)
    with pytest.raises(CurrencyMismatch):
        intend(journal, "call-2")
    assert read_book(store).calls == {}


OTHER = """
import sys
from pathlib import Path
from renderlock.actions.calls.journal import StoreJournal
from renderlock.engines.hosted.journal import Work
from renderlock.store import Store
store = Store.open(Path(sys.argv[1]))
StoreJournal(store).intend(Work("rl1:a", "ideogram:V_2", "a star"), None, call="theirs", resume="")
print("sent", flush=True)
sys.stdin.read()
"""


def test_of_two_processes_at_one_picture_the_second_sends_nothing(store: Store) -> None:
    command = [sys.executable, "-c", OTHER, str(store.layout.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "sent\n"
        with pytest.raises(CallInFlight, match="another run"):
            StoreJournal(store).recall("rl1:a")
        with pytest.raises(CallInFlight):
            intend(StoreJournal(store), "ours")
    past = StoreJournal(store).recall("rl1:a")
    assert past is not None
    assert (past.call, past.state) == ("theirs", "open")
    assert find_call(store, "ours").standing == "settled"


def test_a_process_number_that_was_given_again_is_not_the_process(store: Store) -> None:
    host, number, start = this_process().rsplit("/", 2)
    assert number == str(os.getpid())
    assert not runs_elsewhere(this_process())
    assert not runs_elsewhere(f"{host}/{number}/{int(start) + 1}")
    assert runs_elsewhere(f"{host}/1/{Path('/proc/1/stat').read_text().rpartition(')')[2].split()[19]}")
    assert not runs_elsewhere(f"elsewhere/{number}/{start}")


def test_a_person_decides_to_pay_again_to_give_up_or_to_take_the_picture(store: Store, tmp_path: Path) -> None:
    journal = StoreJournal(store)
    for name in ("again", "never", "found"):
        intend(journal, name, subject=f"rl1:{name}")
    picture = tmp_path / "from-the-history.png"
    picture.write_bytes(PNG)

    decide(store, "again", "retry", by="Ada")
    decide(store, "never", "give-up", by="Ada")
    decide(store, "found", "take", by="Ada", picture=picture)

    fresh = StoreJournal(store)
    given_up, taken = fresh.recall("rl1:never"), fresh.recall("rl1:found")
    assert fresh.recall("rl1:again") is None
    assert given_up is not None
    assert taken is not None
    assert (given_up.state, given_up.by) == ("given-up", "Ada")
    assert (taken.state, taken.picture, taken.cost) == ("kept", PNG, PRICE)
    # Whoever pays again may have paid twice, and the book says so.
    assert read_book(store).spent() == {"USD": Decimal("0.24")}
    decide(store, "never", "retry", by="Ben")
    assert StoreJournal(store).recall("rl1:never") is None


def test_a_decision_needs_a_call_that_is_open_a_name_and_a_picture(store: Store, tmp_path: Path) -> None:
    journal = StoreJournal(store)
    intend(journal, "same-1")
    intend(journal, "same-2", subject="rl1:b")
    page = tmp_path / "page.png"
    page.write_text("<html>")
    with pytest.raises(SignatureMissing):
        decide(store, "same-1", "retry", by=" ")
    with pytest.raises(AmbiguousAddress):
        decide(store, "same", "retry", by="Ada")
    with pytest.raises(UnknownName):
        decide(store, "other", "retry", by="Ada")
    with pytest.raises(InputUnusable):
        decide(store, "same-1", "take", by="Ada", picture=page)
    journal.keep("same-2", PNG, "image/png", notes=(), cost=None)
    with pytest.raises(InputUnusable, match="picture is here"):
        decide(store, "same-2", "retry", by="Ada")


def test_the_book_is_the_same_from_a_rebuilt_index(store: Store) -> None:
    journal = StoreJournal(store)
    intend(journal, "call-1")
    journal.answered("call-1", notes=(("seed", "7"),), cost=PRICE, link="https://ideogram.ai/x.png?sig=1")
    before = read_book(store).calls

    rebuild(store)

    assert read_book(store).calls == before
    assert before["call-1"].standing == "answered"
    assert not before["call-1"].needs_decision


def test_what_a_provider_said_about_a_models_end_is_kept_once(store: Store) -> None:
    for _ in range(3):
        StoreJournal(store).noticed("ideogram:V_2", (("successor", "/v2/image/generate/ideogram-2"),))
    events, _ = store.events_of(NOTICE)
    assert [dict(event.fields) for event in events] == [{"successor": "/v2/image/generate/ideogram-2"}]
