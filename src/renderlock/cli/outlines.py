"""The plan of a final, as `run --dry-run` shows it: a line a link for people, the same figures as data."""

from __future__ import annotations

from collections.abc import Iterator

from renderlock.actions.finals.outline import LinkOutline, Outline


def outline_lines(plan: Outline | None) -> Iterator[str]:
    """A line for each link of a plan, and one for the rungs it may take; none for a picture that is one render."""
    if plan is None:
        return
    for link in plan.links:
        known = [_memory(link.memory_bytes), _time(link.seconds)]
        yield f"{_what(link)}: {', '.join(filter(None, known)) or 'memory and time unknown'}"
    if plan.rungs:
        yield f"if memory does not suffice: {', '.join(plan.rungs)}"


def outline_json(plan: Outline) -> dict[str, object]:
    """The plan as data."""
    return {
        "links": [_link_json(link) for link in plan.links],
        "rungs": list(plan.rungs),
        "seconds": plan.seconds,
        "memory_bytes": max((link.memory_bytes for link in plan.links if link.memory_bytes is not None), default=None),
    }


def _what(link: LinkOutline) -> str:
    if link.tile is None:
        return f"{link.what} {link.size}"
    grid = f"{link.columns}x{link.rows} tiles of at most {link.tile}, {link.overlap} px of overlap"
    return f"{grid} ({link.redundancy:.2f} pixels made for each of {link.size})"


def _memory(count: int | None) -> str:
    return "" if count is None else f"at most {count / 2**20:.0f} MiB"


def _time(seconds: float | None) -> str:
    return "" if not seconds else f"about {seconds:.1f} s"


def _link_json(link: LinkOutline) -> dict[str, object]:
    return {
        "what": link.what,
        "width": link.size.width,
        "height": link.size.height,
        "columns": link.columns,
        "rows": link.rows,
        "tile_width": None if link.tile is None else link.tile.width,
        "tile_height": None if link.tile is None else link.tile.height,
        "overlap": link.overlap,
        "redundancy": link.redundancy,
        "memory_bytes": link.memory_bytes,
        "seconds": link.seconds,
    }
