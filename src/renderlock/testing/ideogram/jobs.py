"""Asynchronous generations: started, polled, completed or failed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime

Items = list[dict[str, object]]


class Jobs:
    """The generations that were accepted, by id."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[Items | None]] = {}
        self._created: dict[str, str] = {}

    def start(self, generation_id: str, work: Coroutine[None, None, Items | None]) -> None:
        """Works in the background."""
        self._created[generation_id] = datetime.now(UTC).isoformat()
        self._tasks[generation_id] = asyncio.create_task(work)

    def state(self, generation_id: str) -> dict[str, object] | None:
        """What polling answers; None for an id that is not there."""
        task = self._tasks.get(generation_id)
        if task is None:
            return None
        state: dict[str, object] = {"generation_id": generation_id, "created": self._created[generation_id]}
        if not task.done():
            return state | {"status": "pending"}
        items = task.result()
        if items is None:
            return state | {"status": "failed", "failure_reason": "internal_error"}
        return state | {"status": "completed", "response_type": "url", "data": items}
