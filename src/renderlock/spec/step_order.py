"""The order of a pipeline's steps: each after what it needs, otherwise as written."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping


def ordered_names(needs: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """The names so that each comes after those it needs; names on a cycle, or behind one, are left out."""
    names = list(needs)
    index = {name: number for number, name in enumerate(names)}
    waiting = {name: {need for need in needs[name] if need in index} for name in names}
    needed_by: dict[str, list[str]] = {name: [] for name in names}
    for name, missing in waiting.items():
        for need in missing:
            needed_by[need].append(name)
    ready = [index[name] for name in names if not waiting[name]]
    heapq.heapify(ready)
    ordered = []
    while ready:
        name = names[heapq.heappop(ready)]
        ordered.append(name)
        for later in needed_by[name]:
            waiting[later].discard(name)
            if not waiting[later]:
                heapq.heappush(ready, index[later])
    return tuple(ordered)


def first_cycle(needs: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """The names along one cycle, the first repeated at the end; empty where there is none."""
    done = set(ordered_names(needs))
    stuck = [name for name in needs if name not in done]
    if not stuck:
        return ()
    seen: dict[str, None] = {}
    name = stuck[0]
    while name not in seen:
        seen[name] = None
        name = next(need for need in needs[name] if need in needs and need not in done)
    way = list(seen)
    return (*way[way.index(name) :], name)
