"""Measures one peer in a process of its own: `python -m bench.play PEER`, a request as JSON on standard input.

Each step is timed from the request until the decoded picture is there. What only brings a peer to the place where
steps begin is done and not counted. A run ends early when its time is up and enough has been seen.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import monotonic, perf_counter, sleep
from typing import Any

from .peers import Asked, NoPicture, Peer, peer
from .traces import BEAT_MS
from .usage import cpu_ms, peak_rss_bytes

BY = {"forward": 1, "held": 1, "back": -1}
"""Frames from one to the next, of operations that are steps."""

Step = dict[str, Any]
"""kind, frame, ms, and got_us: what time the picture says it has, null where the peer does not say, or failed."""


def play(program: Peer, request: dict[str, Any]) -> dict[str, Any]:
    """Does what a request asks: {clip, operations: {name: [[frame, pts_us]]}, seconds, at_least}."""
    program.start()
    try:
        before = peak_rss_bytes(program.pid)
        done = {name: operate(program, name, request) for name in request["operations"]}
        return {
            "version": program.version(),
            "operations": done,
            "peak_rss_bytes": peak_rss_bytes(program.pid),
            "before_rss_bytes": before,
        }
    finally:
        program.stop()


def operate(program: Peer, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """One operation from opening the clip to closing it, and the processor time of all that."""
    clip = Path(request["clip"])
    asked = [Asked(*entry) for entry in request["operations"][operation]]
    began = cpu_ms(program.pid)
    try:
        if operation == "open":
            steps = openings(program, clip, len(asked))
        else:
            program.open(clip)
            program.prepare()
            steps = walk(program, asked, operation, request["seconds"], request["at_least"])
            program.close()
    except Exception as failure:  # noqa: BLE001 (a peer may fail in any way; the report says how)
        return {"error": why(failure)}
    return {"steps": steps, "cpu_ms": cpu_ms(program.pid) - began}


def openings(program: Peer, clip: Path, count: int) -> list[Step]:
    """Opens the clip again and again."""
    steps = []
    for _ in range(count):
        began = perf_counter()
        got_us = program.open(clip)
        steps.append({"kind": "open", "frame": 0, "ms": (perf_counter() - began) * 1000, "got_us": got_us})
        program.close()
    return steps


def walk(program: Peer, asked: list[Asked], operation: str, seconds: float, at_least: int) -> list[Step]:
    """Asks for one frame after another."""
    began_at = monotonic()
    until = began_at + seconds
    beat_ms = beat_of(operation)
    steps: list[Step] = []
    at: int | None = None
    for entry in asked:
        if monotonic() > until and sum(step["kind"] == operation for step in steps) >= at_least:
            break
        kind = kind_of(operation, at, entry.frame)
        ask = {1: program.forward, -1: program.back}.get(BY.get(kind, 0), program.seek)
        if beat_ms:
            sleep(beat_ms / 1000 - (monotonic() - began_at) % (beat_ms / 1000))
        began = perf_counter()
        step: Step = {"kind": kind, "frame": entry.frame}
        try:
            step["got_us"] = ask(entry)
        except NoPicture as failure:
            step["failed"] = str(failure)
        step["ms"] = (perf_counter() - began) * 1000
        steps.append(step)
        at = entry.frame
    return steps


def kind_of(operation: str, at: int | None, frame: int) -> str:
    """Whether an entry is a step, or goes to the place where the next ones begin."""
    by = BY.get(operation)
    if by is None:
        return operation
    return operation if at is not None and frame == at + by else "place"


def beat_of(operation: str) -> int | None:
    """How often it is asked for the next one, milliseconds; None: as soon as the one before is there."""
    return BEAT_MS if operation == "held" else None


def why(failure: Exception) -> str:
    """A failure in one line."""
    return f"{type(failure).__name__}: {failure}".splitlines()[0][:300]


def main() -> None:
    """Prints the answer as JSON, or why there is none."""
    try:
        answer = play(peer(sys.argv[1]), json.load(sys.stdin))
    except Exception as failure:  # noqa: BLE001
        answer = {"error": why(failure)}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
