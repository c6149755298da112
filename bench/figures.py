"""From what was seen to figures: percentiles, medians over repetitions, what the eye and the hand wait for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

Seen = dict[str, Any]
REST_MS = 1000
"""A pointer that points at the same for so long rests."""
MOVING_MS = 100


@dataclass(frozen=True)
class Spread:
    """How long something took, milliseconds; infinite where it did not come before something newer was wanted."""

    p50: float
    p95: float
    p99: float
    count: int


def percentile(values: list[float], part: float) -> float:
    """The nearest rank."""
    return sorted(values)[max(0, math.ceil(len(values) * part) - 1)]


def spread(repetitions: Iterable[list[float]]) -> Spread | None:
    """Of each repetition the percentiles, of those the medians."""
    filled = [values for values in repetitions if values]
    if not filled:
        return None
    p50, p95, p99 = (median(percentile(values, part) for values in filled) for part in (0.5, 0.95, 0.99))
    return Spread(p50, p95, p99, sum(map(len, filled)))


def by_repetition(pairs: Iterable[tuple[int, float]]) -> list[list[float]]:
    """Groups values by the repetition they belong to."""
    groups: dict[int, list[float]] = {}
    for repetition, value in pairs:
        groups.setdefault(repetition, []).append(value)
    return list(groups.values())


def or_never(ms: float | None) -> float:
    """A time that may not have come."""
    return math.inf if ms is None else ms


def operation(
    seen: Seen, program: str, name: str, over_edge: bool | None = None, *, asked: int | None = None
) -> Spread | None:
    """How long an operation took, or those of its steps that went over the edge of a GOP or stayed in one; with
    `asked` only what was asked for first, so many frames."""
    if program == "limpet" and name == "open":
        return opening(seen, first_picture)
    runs = [run for run in seen["runs"] if (run["program"], run["operation"]) == (program, name)]
    steps = [(run["repetition"], step) for run in runs for step in run.get("steps", [])[:asked] if step["kind"] == name]
    wanted = ((at, step) for at, step in steps if over_edge is None or step["over_edge"] == over_edge)
    return spread(by_repetition((at, or_never(step["ms"])) for at, step in wanted if "failed" not in step))


def ratio(seen: Seen, program: str, name: str, over_edge: bool | None = None) -> float | None:
    """How many times ours an operation took, at p50, where both did the same: a program may have ended early."""
    runs = [run for run in seen["runs"] if (run["program"], run["operation"]) == (program, name)]
    asked = min((len(run.get("steps", [])) for run in runs), default=0)
    theirs = operation(seen, program, name, over_edge, asked=asked)
    mine = operation(seen, "limpet", name, over_edge, asked=asked)
    return theirs.p50 / mine.p50 if theirs and mine else None


def opening(seen: Seen, took: Callable[[Seen], float | None]) -> Spread | None:
    """How long something took that our engine did while opening the clip, over all runs and traces: it does so anew
    for each."""
    return spread([[ms for run in seen["runs"] + seen["traces"] if (ms := took(run)) is not None]])


def first_picture(run: Seen) -> float | None:
    """Until there was a picture, of any kind."""
    return min((run[key] for key in ("first_ms", "open_ms") if run.get(key) is not None), default=None)


def first_exact(run: Seen) -> float | None:
    """Until the first frame was there and known to be exact."""
    return run.get("open_ms")


def all_known(run: Seen) -> float | None:
    """Until it was known of every frame where it lies and when it is shown."""
    return run.get("index_ms")


def cpu_each(seen: Seen, program: str, name: str) -> float | None:
    """Processor time of an operation divided by how many frames were asked for, opening the clip counted in."""
    runs = [run for run in seen["runs"] if (run["program"], run["operation"]) == (program, name)]
    each = [run["cpu_ms"] / len(run["steps"]) for run in runs if run.get("steps") and run.get("cpu_ms") is not None]
    return median(each) if each else None


def waits(trace: Seen) -> list[float]:
    """For each entry how long the eye waits: until a picture for it, or for a newer one, is there."""
    waited: list[float] = []
    soonest = math.inf
    for t_ms, entry in zip(reversed(trace["t_ms"]), reversed(trace["entries"])):
        soonest = min(soonest, t_ms + or_never(entry["first_ms"]))
        waited.append(soonest - t_ms)
    return waited[::-1]


def settles(trace: Seen) -> list[float]:
    """How long the exact frame takes each time the pointer rests."""
    gaps = [late - early for early, late in pairwise(trace["t_ms"])] + [math.inf]
    return [or_never(entry["exact_ms"]) for gap, entry in zip(gaps, trace["entries"]) if gap >= REST_MS]


def taps(trace: Seen) -> list[float]:
    """How long the exact frame takes after each single step."""
    pairs = zip(pairwise(trace["frames"]), trace["entries"][1:])
    return [or_never(entry["exact_ms"]) for (before, frame), entry in pairs if abs(frame - before) == 1]


def updates(trace: Seen) -> tuple[int, float]:
    """
    How many entries were answered while the pointer moved: exactly, or at least by another picture than before. And for
    how many seconds the pointer moved.
    """
    count, seconds, before = 0, 0.0, None
    for gap, entry in moving(trace):
        seconds += gap / 1000
        if (shown := entry.get("shown_us")) is not None:
            count += entry["exact_ms"] is not None or shown != before
            before = shown
    return count, seconds


def off(trace: Seen) -> list[float]:
    """How far the last picture for each entry is from what was asked for while the pointer moved, ms of the clip."""
    entries = [entry for _, entry in moving(trace) if entry.get("shown_us") is not None]
    return [abs(entry["shown_us"] - entry["pts_us"]) / 1000 for entry in entries]


def moving(trace: Seen) -> list[tuple[float, Seen]]:
    """The entries while the pointer moved, and how long each was the newest, ms."""
    gaps = [late - early for early, late in pairwise(trace["t_ms"])]
    return [(gap, entry) for gap, entry in zip(gaps, trace["entries"]) if gap < MOVING_MS]


def key_presses(glass: Seen, until: str, over_edge: bool | None = None) -> Spread | None:
    """How long after its key the steps came to a station: `heard`, `drawn` or `shown`."""
    steps = [step for step in glass["steps"] if over_edge is None or step["over_edge"] == over_edge]
    return spread([[math.inf if step[until] is None else step[until] - step["pressed"] for step in steps]])


def held_key(glass: Seen) -> Spread | None:
    """How long each frame was on the glass before the next one, while a key was held down."""
    return spread([[after - before for shown in glass.get("held", []) for before, after in pairwise(shown)]])


def two_animation_frames(glass: Seen) -> Spread | None:
    """How long two of them take in a row, on a page that does nothing else."""
    return spread([[sum(pair) for pair in pairwise(glass["frames"])]])


def replays(seen: Seen, names: Iterable[str]) -> list[Seen]:
    """The traces of these names that came to their end."""
    wanted = set(names)
    return [trace for trace in seen["traces"] if trace["trace"] in wanted and "entries" in trace]
