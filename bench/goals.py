"""What the review room wants of the engine, and whether it was reached. Wanted figures stand here, measured ones
come from what was seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import figures, traces
from .figures import Seen, Spread, by_repetition, operation, replays, spread
from .peers import NAMES

COMPARED = {
    "random": "random seek",
    "back": "step back",
    "open": "open to first picture",
    "forward": "step forward",
    "held": "step forward, key held",
}
SETTLES = {"1080p30-h264": (60, 120), "1080p60-hevc": (130, 300), "4k60-hevc": (700, 1400)}


@dataclass(frozen=True)
class Goal:
    """One line of the table; `met` is None where it was not measured."""

    what: str
    clip: str
    wanted: str
    measured: str
    met: bool | None


def goals(seen: dict[str, Seen], glass: Seen | None) -> Iterator[Goal]:
    """All of them, over all clips that were measured, and the window."""
    yield worst("step inside a cached GOP", seen, lambda clip: pooled(clip, ["cached-steps"], figures.taps), 3, 8)
    yield key_to_glass(glass)
    for name, clip in seen.items():
        if name.startswith("1080p") and (taps := pooled(clip, ["back-taps"], figures.taps)):
            yield Goal("back over a GOP edge at 5 taps/s", name, "p99 50", f"p99 {ms(taps.p99)}", taps.p99 <= 50)
    yield worst("drag: first picture", seen, lambda clip: pooled(clip, traces.DRAGS, figures.waits), 35, 50)
    yield slowest_updates(seen)
    for name, clip in seen.items():
        wanted = SETTLES.get(name.rsplit("-", 1)[0])
        if wanted and (settled := pooled(clip, traces.DRAGS, figures.settles)):
            yield judged("drag settles exact", name, settled, *wanted)
    yield worst("open to first picture", seen, lambda clip: operation(clip, "limpet", "open"), 150, 300)
    yield index_of_200mb(seen)
    for what, count in (("wrong frames", "wrong"), ("older frames shown after newer", "late")):
        counts = [run[count] for clip in seen.values() for run in ours(clip) if run.get(count) is not None]
        yield Goal(what, "all", "0", str(sum(counts)) if counts else "", sum(counts) == 0 if counts else None)
    for name, what in COMPARED.items():
        yield against_peers(seen, name, f"{what}: quicker than every peer, p50")
    yield back_by_20(seen)
    failed = sum(failures(clip) for clip in seen.values())
    yield Goal("frames and runs of Limpet that failed", "all", "0", str(failed), failed == 0)


def failures(clip: Seen, operation: str | None = None) -> int:
    """What our engine did not do: frames that did not come, and runs that broke off."""
    runs = [run for run in ours(clip) if operation in (None, run.get("operation"))]
    frames = sum(bool(entry.get("failed")) for run in runs for entry in run.get("entries", []))
    return frames + sum("error" in run for run in runs)


def ours(clip: Seen) -> list[Seen]:
    """What our engine did."""
    return [*(run for run in clip["runs"] if run["program"] == "limpet"), *clip["traces"]]


def pooled(clip: Seen, names: list[str] | tuple[str, ...], of: Callable[[Seen], list[float]]) -> Spread | None:
    """One spread over several traces."""
    return spread(by_repetition((trace["repetition"], value) for trace in replays(clip, names) for value in of(trace)))


def judged(what: str, clip: str, measured: Spread, p50: float, p95: float) -> Goal:
    """A goal of the form p50 / p95."""
    met = measured.p50 <= p50 and measured.p95 <= p95
    return Goal(what, clip, f"{p50} / {p95}", f"{ms(measured.p50)} / {ms(measured.p95)}", met)


def worst(what: str, seen: dict[str, Seen], of: Callable[[Seen], Spread | None], p50: float, p95: float) -> Goal:
    """A goal for any clip, by the clip that did worst."""
    found = [(max(took.p50 / p50, took.p95 / p95), name, took) for name, clip in seen.items() if (took := of(clip))]
    if not found:
        return Goal(what, "", f"{p50} / {p95}", "", None)
    _, name, took = max(found, key=lambda each: each[0])
    return judged(what, f"worst: {name}", took, p50, p95)


def key_to_glass(glass: Seen | None) -> Goal:
    """A step in the real window."""
    what, wanted = "step, key press to glass at 720p", (35, 50)
    if glass and (took := figures.key_presses(glass, "shown")):
        gl = ", software GL" if glass["software"] else ""
        where = f"{glass['clip']} at {glass['view']['picture']}{gl}, {glass['build'].split(' at ')[0]}"
        return judged(what, where, took, *wanted)
    return Goal(what, "", "35 / 50", "not measured here: `script/bench glass`", None)


def slowest_updates(seen: dict[str, Seen]) -> Goal:
    """Pictures a second while dragging, by the clip that had fewest."""
    rates = []
    for name, clip in seen.items():
        counted = [figures.updates(trace) for trace in replays(clip, traces.DRAGS)]
        if seconds := sum(moving for _, moving in counted):
            rates.append((sum(count for count, _ in counted) / seconds, name))
    if not rates:
        return Goal("drag: updates a second", "", "30", "", None)
    rate, name = min(rates)
    return Goal("drag: updates a second", f"worst: {name}", "30", f"{rate:.0f}", rate >= 30)


def index_of_200mb(seen: dict[str, Seen]) -> Goal:
    """How long the large file's index takes."""
    took = figures.opening(seen["200mb"], figures.all_known) if "200mb" in seen else None
    measured = (ms(took.p50), took.p50 <= 500) if took else ("", None)
    return Goal("index of a 200 MB MP4", "200mb", "500", *measured)


def against_peers(seen: dict[str, Seen], name: str, what: str) -> Goal:
    """On how many clips ours is quicker than whichever peer is quickest."""
    won, lost = 0, []
    for clip_name, clip in seen.items():
        ratios = [times for peer in NAMES if (times := figures.ratio(clip, peer, name))]
        failed = failures(clip, name) > 0
        if ratios or failed:
            quicker = not failed and min(ratios) > 1
            won += quicker
            lost += [] if quicker else [clip_name]
    counted = won + len(lost)
    said = f"{won} of {counted}" + (f"; not: {', '.join(lost)}" if lost else "")
    return Goal(what, "all", "all", said if counted else "", not lost if counted else None)


def back_by_20(seen: dict[str, Seen]) -> Goal:
    """By how much a step back is quicker than the quickest peer's, on the clip where that is least."""
    ratios = [
        (times, f"worst: {name}, {NAMES[peer]}")
        for name, clip in seen.items()
        for peer in NAMES
        if (times := figures.ratio(clip, peer, "back"))
    ]
    if not ratios:
        return Goal("step back, times quicker than any peer, p50", "", "20", "", None)
    least, where = min(ratios)
    return Goal("step back, times quicker than any peer, p50", where, "20", f"{least:.0f}", least >= 20)


def ms(value: float) -> str:
    """Milliseconds as a person reads them."""
    if math.isinf(value):
        return "not in time"
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"
