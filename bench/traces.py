"""What hands do, as traces: `[{"t_ms", "pts_us"}, ..]`. `script/bench traces` writes them into bench/traces/.

Drags and clicks point at any time and fit every clip; steps name frames, so there is a set for each kind of frame
times. The same numbers come out every time.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random

from .clips import SECONDS, Shelf
from .truth import Truth

Trace = list[tuple[float, int]]
FOLDER = Path(__file__).with_name("traces")
POINTER_HZ = 60
REST_MS = 1600
FILLED_MS = 4000
"""After so long a rest what lies around it is decoded."""
DRAGS = ("slow-drag", "flick", "jitter", "reversals", "drag-release")
STEPS = ("cached-steps", "back-taps")
REAL_TIME = (*DRAGS, "random-clicks", "held-arrow", *STEPS)
ONE_BY_ONE = ("random", "forward", "back")
BEAT_MS = 33
"""How often a key that is held down repeats."""


def hand(begin_ms: float, seconds: float, where: Callable[[float], float]) -> Trace:
    """A pointer's events while it is dragged: `where` gives the second it points at, for the part that is done."""
    events = range(round(seconds * POINTER_HZ) + 1)
    last = max(events)
    return [(begin_ms + number * 1000 / POINTER_HZ, round(where(number / last) * 1e6)) for number in events]


def eased(begin: float, end: float) -> Callable[[float], float]:
    """From one second to another as a hand moves: slowly away, slowly there."""
    return lambda part: begin + (end - begin) * (1 - math.cos(math.pi * part)) / 2


def between_rests(places: list[float], seconds: float) -> Trace:
    """Drags from each place to the next, a rest after each."""
    trace: Trace = []
    for begin, end in pairwise(places):
        begin_ms = trace[-1][0] + REST_MS if trace else 0
        trace += hand(begin_ms, seconds, eased(begin, end))
    return trace


def for_any_clip() -> dict[str, Trace]:
    """Traces that point at times."""
    shake = Random("jitter")
    random = Random("random")
    anywhere = [round(random.uniform(0, SECONDS - 0.5) * 1e6) for _ in range(60)]
    clicks = [round(random.uniform(0, SECONDS - 0.5) * 1e6) for _ in range(10)]
    zigzag = hand(0, 4.2, lambda part: 10 + 1.2 * (4 * abs((part * 7 - 0.25) % 1 - 0.5) - 1))
    return {
        "slow-drag": hand(0, 4, lambda part: 4 + 2.5 * part),
        "flick": between_rests([1, 17, 3, 18.5, 7], 0.25),
        "jitter": hand(0, 3, lambda _: 10.3 + shake.uniform(-0.08, 0.08)),
        "reversals": zigzag,
        "drag-release": between_rests([2, 6.3, 11.8, 9.1, 16.4, 13.7, 5.2], 0.8),
        "random-clicks": [(number * 1500, pts_us) for number, pts_us in enumerate(clicks)],
        "random": [(0, pts_us) for pts_us in anywhere],
    }


def for_times(truth: Truth, name: str) -> dict[str, Trace]:
    """Traces that step from frame to frame."""
    random = Random(name)
    edges = sorted(truth.keys - {0})
    chosen = [edges[len(edges) * number // 4] for number in range(3, -1, -1)]
    last = len(truth.pts_us) - 1

    def steps(places: list[int], by: int, count: int) -> Trace:
        return [(0, truth.pts_us[place + by * step]) for place in places for step in range(count + 1)]

    held: Trace = []
    begin = truth.frame_at(5_000_000)
    for first_ms, first, by in ((0, begin, 1), (2700, begin + 60, -1)):
        held += [(first_ms + step * 1000 / 30, truth.pts_us[first + by * step]) for step in range(61)]
    cached: Trace = []
    for edge in dict.fromkeys(chosen):
        begin_ms = cached[-1][0] + REST_MS if cached else 0
        there = [edge + 16 - step for step in range(11)] + [edge + 7 + step for step in range(10)]
        times_ms = [begin_ms, *(begin_ms + FILLED_MS + step * 100 for step in range(20))]
        cached += [(t_ms, truth.pts_us[frame]) for t_ms, frame in zip(times_ms, there)]
    taps: Trace = []
    for edge in dict.fromkeys(chosen):
        begin_ms = taps[-1][0] + REST_MS if taps else 0
        taps.append((begin_ms, truth.pts_us[edge + 4]))
        taps += [(begin_ms + REST_MS + tap * 200, truth.pts_us[edge + 3 - tap]) for tap in range(8)]
    anywhere = [random.randrange(12, last - 12) for _ in range(6)]
    behind = [edge + 4 for edge in dict.fromkeys(chosen)][:3]
    half = [place for pair in zip(behind, anywhere) for place in pair] + anywhere[len(behind) :]
    return {
        "held-arrow": held,
        # Back and on within one GOP, once it has been decoded.
        "cached-steps": cached,
        "back-taps": taps,
        "forward": steps(anywhere, 1, 10),
        # Every other place is just behind the edge of a GOP.
        "back": steps(half[:6], -1, 10),
    }


def write(folder: Path, traces: dict[str, Trace]) -> None:
    """One file for each, one entry a line."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, trace in traces.items():
        rows = [json.dumps({"t_ms": round(t_ms, 1), "pts_us": pts_us}) for t_ms, pts_us in trace]
        (folder / f"{name}.json").write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")


def write_all(shelf: Shelf) -> None:
    """Writes every trace; those for a real clip only where it is there."""
    write(FOLDER / "any", for_any_clip())
    for rate in (30, 60):
        for gop in (1, 8):
            name = f"{rate}fps-gop{gop}"
            write(FOLDER / name, for_times(Truth.even(rate, gop, SECONDS), name))
    for name in ("portrait-4k60", "cursed-vfr"):
        path = shelf.get(shelf.by_name[name])
        if path:
            write(FOLDER / name, for_times(Truth.of(path), name))


def path_of(name: str, times: str) -> Path:
    """Where the trace of a name lies that fits a clip's frame times."""
    own = FOLDER / times / f"{name}.json"
    return own if own.exists() else FOLDER / "any" / f"{name}.json"


def read(path: Path) -> Trace:
    """A trace's entries."""
    return [(entry["t_ms"], entry["pts_us"]) for entry in json.loads(path.read_text(encoding="utf-8"))]
