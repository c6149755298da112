"""The tables of the report: what every program did, and what hands do with ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from . import figures, traces
from .clips import Clip
from .figures import Seen, Spread, by_repetition, spread
from .goals import ms
from .peers import NAMES

PROGRAMS = {"limpet": "**Limpet**", **NAMES}
COLUMNS: list[tuple[str, str, bool | None]] = [
    ("open to first picture", "open", None),
    ("random exact seek", "random", None),
    ("step forward, one right after the other", "forward", None),
    ("step forward, key held", "held", None),
    ("step back", "back", None),
    ("of these over a GOP edge", "back", True),
]


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """A table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def operations(clip: Clip, seen: Seen) -> str:
    """One row a program."""
    columns = COLUMNS[:1] if clip.only_opened else COLUMNS
    head = [heading for heading, _, _ in columns]
    head += [] if clip.only_opened else ["wrong", "CPU, a seek", "CPU, a step back"]
    rows = []
    for program, shown in PROGRAMS.items():
        row = [shown]
        for _, name, over_edge in columns:
            times = None if program == "limpet" else figures.ratio(seen, program, name, over_edge)
            row.append(cell(figures.operation(seen, program, name, over_edge), times))
        if not clip.only_opened:
            cpu = [figures.cpu_each(seen, program, name) for name in ("random", "back")]
            row += [wrong(seen, program), *map(whole, cpu)]
        rows.append([*row, memory(seen, program)])
    return table(["", *head, "memory, MB"], rows)


def cell(took: Spread | None, times: float | None) -> str:
    """p50 / p95 and how many times ours the p50 is."""
    return pair(took) + ("" if times is None else f" (×{times:.{0 if times >= 10 else 1}f})")


def pair(took: Spread | None) -> str:
    """p50 / p95."""
    return f"{ms(took.p50)} / {ms(took.p95)}" if took else ""


def whole(value: float | None) -> str:
    """Without decimals, where there is a value."""
    return "" if value is None else f"{value:.0f}"


def wrong(seen: Seen, program: str) -> str:
    """How many pictures were wrong, where that is known."""
    counts = [run.get("wrong") for run in seen["runs"] if run["program"] == program and run.get("steps")]
    if program == "limpet":
        counts += [trace.get("wrong") for trace in seen["traces"]]
    known = [count for count in counts if count is not None]
    return str(sum(known)) if known else "n/a" if counts else ""


def memory(seen: Seen, program: str) -> str:
    """The most it had, and what it had before."""
    runs = [run for run in seen["runs"] if run["program"] == program] + (seen["traces"] if program == "limpet" else [])
    peaks = [run["peak_rss_bytes"] for run in runs if run.get("peak_rss_bytes")]
    before = [run["before_rss_bytes"] for run in runs if run.get("before_rss_bytes")]
    return (f"{max(peaks) / 1e6:.0f}" if peaks else "") + (f" ({max(before) / 1e6:.0f})" if before else "")


def remarks(seen: Seen) -> Iterator[str]:
    """What did not work, once each, and what has no column."""
    for program, about in seen["programs"].items():
        if "error" in about:
            yield f"{NAMES.get(program, program)} is missing: {about['error']}"
    runs = [(f"{PROGRAMS[run['program']]}, {run['operation']}", run) for run in seen["runs"]]
    runs += [(f"{PROGRAMS['limpet']}, {trace['trace']}", trace) for trace in seen["traces"]]
    yield from dict.fromkeys(f"{what}: {run['error']}" for what, run in runs if "error" in run)
    fewer = []
    for _, operation, over_edge in COLUMNS[:-1]:
        mine = figures.operation(seen, "limpet", operation, over_edge)
        for program, shown in NAMES.items():
            took = figures.operation(seen, program, operation, over_edge)
            if took and mine and operation != "open" and took.count < mine.count:
                fewer.append(f"{shown} {operation} {took.count} of {mine.count}")
    if fewer:
        yield f"Fewer than Limpet did: {', '.join(fewer)}."
    if not figures.opening(seen, figures.first_exact):
        yield "Opening by Limpet is empty: this `limpet-cli trace` does not print `open_ms`."
    about = {"all frames known": figures.all_known, "the first one there and exact": figures.first_exact}
    opened = [f"{what} {pair(took)}" for what, of in about.items() if (took := figures.opening(seen, of))]
    if opened:
        yield f"Limpet, from opening: {', '.join(opened)}."


def key_to_glass(glass: Seen) -> str:
    """One row for each station of a step in the window."""
    rows = [
        ["key press to glass", figures.key_presses(glass, "shown")],
        ["of these over a GOP edge", figures.key_presses(glass, "shown", over_edge=True)],
        ["key press to drawing commands", figures.key_presses(glass, "drawn")],
        ["key press to the page", figures.key_presses(glass, "heard")],
        ["a key held down, from frame to frame", figures.held_key(glass)],
        ["two animation frames", figures.two_animation_frames(glass)],
    ]
    cells = [[what, pair(took), str(took.count if took else 0)] for what, took in rows]
    return table(["", "p50 / p95", "count"], cells)


def hands(seen: dict[str, Seen]) -> str:
    """One row for each trace on each clip."""
    rows = [hand(clip, name, found) for clip, found in seen.items() for name in traces.REAL_TIME]
    head = ["clip", "trace", "entries", "superseded", "first picture", "off", "settle", "updates/s", "late", "wrong"]
    return table([*head, "decoded", "CPU, s", "memory, MB"], [row for row in rows if row])


def hand(clip: str, name: str, seen: Seen) -> list[str]:
    """The row of one trace; nothing where it was never replayed."""
    replays = figures.replays(seen, [name])
    if not replays:
        return []

    def of(key: Callable[[Seen], list[float]]) -> Spread | None:
        return spread(by_repetition((trace["repetition"], value) for trace in replays for value in key(trace)))

    entries = [entry for trace in replays for entry in trace["entries"]]
    moved = [figures.updates(trace) for trace in replays]
    seconds = sum(part for _, part in moved)
    decoded = [trace["decoded"] for trace in replays if "decoded" in trace]
    cpu = [trace["cpu_ms"] for trace in replays if trace.get("cpu_ms") is not None]
    peak = max(trace.get("peak_rss_bytes") or 0 for trace in replays)
    return [
        *(clip, name, str(len(entries)), str(sum(entry["superseded"] for entry in entries))),
        *(pair(of(figures.waits)), pair(of(figures.off)), pair(of(figures.settles))),
        f"{sum(count for count, _ in moved) / seconds:.0f}" if seconds else "",
        *(str(sum(trace[key] for trace in replays)) for key in ("late", "wrong")),
        f"{sum(decoded) / len(decoded):.0f}" if decoded else "",
        f"{sum(cpu) / len(cpu) / 1000:.1f}" if cpu else "",
        f"{peak / 1e6:.0f}" if peak else "",
    ]
