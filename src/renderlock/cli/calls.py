"""`renderlock calls`: the paid calls of a store, and what a person decides about those nobody else can settle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from renderlock.actions.calls.book import Book, CallRecord, Decision, read_book
from renderlock.actions.calls.decide import decide as decide_call
from renderlock.actions.workspace import store_path_of
from renderlock.cli.console import answer, answer_json
from renderlock.cli.options import DEFAULT_FILE, FileOption, JsonOption, NameOption, StoreOption, place_of
from renderlock.errors import UsageError
from renderlock.settings import current_settings
from renderlock.spec.money import total_of
from renderlock.store.records import write_time
from renderlock.store.store import Store

app = typer.Typer(
    help="List paid calls that are open, and decide about them.",
    invoke_without_command=True,
    rich_markup_mode=None,
    add_completion=False,
)


@app.callback()
def calls(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Also those that are settled.")] = False,
    file: FileOption = DEFAULT_FILE,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """List the paid calls that somebody must decide about (exit code 1), and what all calls cost."""
    if context.invoked_subcommand is not None:
        return
    with Store.open(store_path_of(place_of(file, store))) as opened:
        book = read_book(opened)
    listed = [call for call in book.calls.values() if every or _is_open(call)]
    waiting = [call for call in book.calls.values() if call.needs_decision]
    if json:
        calls_json = [_call_json(call) for call in listed]
        answer_json({"calls": calls_json, "spent": _spent_json(book), "unpriced_calls": book.unpriced()})
    else:
        for call in listed:
            for line in _call_lines(call):
                answer(line)
        spent = total_of(book.spent(), unpriced=book.unpriced())
        answer(f"{len(waiting)} call(s) to decide about; {spent} spent or perhaps billed in all")
    if waiting:
        raise typer.Exit(1)


@app.command()
def decide(
    call: Annotated[str, typer.Argument(help="The call's id; its first 4 characters suffice.")],
    retry: Annotated[bool, typer.Option("--retry", help="Pay for it again in the next run.")] = False,
    give_up: Annotated[bool, typer.Option("--give-up", help="Leave the picture out.")] = False,
    take: Annotated[
        Path | None, typer.Option("--take", help="This file, from the provider's history, is the picture.")
    ] = None,
    name: NameOption = None,
    file: FileOption = DEFAULT_FILE,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Say how it goes on with a call that may be billed: --retry, --give-up or --take FILE."""
    decision = _decision(retry=retry, give_up=give_up, take=take)
    signed = name if name is not None else current_settings().user
    with Store.open(store_path_of(place_of(file, store))) as opened:
        decided = decide_call(opened, call, decision, by=signed, picture=take)
    if json:
        answer_json(_call_json(decided))
        return
    after = {
        "retry": "the next `renderlock run` pays for it again",
        "give-up": "no run pays for it again",
        "take": "the next `renderlock run` takes it from the store",
    }
    answer(f"{decided.id}: {decision} by {signed}; {after[decision]}")


def _decision(*, retry: bool, give_up: bool, take: Path | None) -> Decision:
    chosen: list[Decision] = []
    chosen += ["retry"] if retry else []
    chosen += ["give-up"] if give_up else []
    chosen += ["take"] if take is not None else []
    if len(chosen) != 1:
        raise UsageError(reason="A decision is exactly one of --retry, --give-up and --take FILE.")
    return chosen[0]


def _is_open(call: CallRecord) -> bool:
    return call.standing in ("open", "answered", "failed", "given-up")


def _call_lines(call: CallRecord) -> tuple[str, ...]:
    cost = "cost unknown" if call.cost is None else str(call.cost)
    first = f"{call.id}  {call.standing:<9} {call.said('model')}  {call.said('says')}"
    second = f"  sent {write_time(call.sent)} by {call.said('process')}; billed: {call.billed}; {cost}"
    words = (f"  {call.said('words')}",) if call.said("words") else ()
    evidence = (f"  the answer is kept as blob {call.said('evidence')}",) if call.said("evidence") else ()
    decided = (f"  {call.said('decision')} by {call.by}",) if call.by else ()
    hint = (f"  → renderlock calls decide {call.id} --retry | --give-up | --take FILE",) if call.needs_decision else ()
    return (first, second, *words, *evidence, *decided, *hint, *_next_run(call))


def _next_run(call: CallRecord) -> tuple[str, ...]:
    """What the next run does about an open call by itself."""
    if call.is_made_again:
        return ("  → the next `renderlock run` makes it again; it costs nothing",)
    resumable = call.standing in ("open", "answered") and not call.needs_decision
    return ("  → the next `renderlock run` asks the provider for it without paying again",) if resumable else ()


def _call_json(call: CallRecord) -> dict[str, object]:
    return {
        "id": call.id,
        "standing": call.standing,
        "needs_decision": call.needs_decision,
        "billed": call.billed,
        "cost": None if call.cost is None else call.cost.to_json(),
        "work": call.subject,
        "sent": write_time(call.sent),
        "decided_by": call.by,
        **{name: call.said(name) for name in ("model", "says", "purpose", "process", "words", "evidence", "decision")},
    }


def _spent_json(book: Book) -> dict[str, str]:
    return {currency: f"{amount:f}" for currency, amount in sorted(book.spent().items())}
