"""Measures one clip with every program, and keeps everything that was seen.

What comes out: `{"runs": [..], "traces": [..], "programs": {..}}`. A run is one operation by one program, once; a
trace is one replay of what a hand does by our engine.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from . import ours, traces
from .clips import Clip
from .peers import NAMES
from .play import BY, beat_of, kind_of
from .truth import Truth

MOST_SECONDS = 1800


@dataclass(frozen=True)
class Effort:
    """How much is done."""

    repetitions: int
    openings: int
    entries: int
    """Of a trace of single operations, at most."""
    trace_ms: float
    """Of a trace in real time, at most."""
    seconds: float
    """After so long a peer ends an operation once it has done `at_least`."""
    at_least: int

    @staticmethod
    def on(clip: Clip, quick: bool, rounds: int | None = None) -> Effort:
        """Repeated where that takes little, `rounds` times at most."""
        if quick:
            return Effort(1, 3, 13, 3000, 4, 4)
        effort = Effort(3, 10, 70, 60_000, 12, 8) if clip.cheap else Effort(1, 10, 40, 60_000, 20, 8)
        return replace(effort, repetitions=max(1, min(effort.repetitions, rounds or effort.repetitions)))


@dataclass(frozen=True)
class Subject:
    """A clip that is there."""

    clip: Clip
    path: Path
    truth: Truth
    effort: Effort

    def operations(self) -> dict[str, list[tuple[int, int]]]:
        """What is asked of every program: for each operation the frames and their times."""
        asked = {"open": [(0, self.truth.pts_us[0])] * self.effort.openings}
        if self.clip.only_opened:
            return asked
        for name in traces.ONE_BY_ONE:
            moments = traces.read(traces.path_of(name, self.clip.times))[: self.effort.entries]
            frames = [self.truth.frame_at(pts_us) for _, pts_us in moments]
            asked[name] = [(frame, self.truth.pts_us[frame]) for frame in frames]
        # The same steps by a key that is held down.
        return asked | {"held": asked["forward"]}


def measure(subject: Subject, engine: ours.Engine) -> dict[str, Any]:
    """All programs take turns, as often as the effort says."""
    seen: dict[str, Any] = {"runs": [], "traces": [], "programs": {}}
    asked = subject.operations()
    for repetition in range(subject.effort.repetitions):
        say(f"{subject.clip.name}, round {repetition + 1} of {subject.effort.repetitions}: limpet")
        seen["runs"] += [run | {"repetition": repetition} for run in our_runs(subject, engine, asked)]
        if not subject.clip.only_opened:
            seen["traces"] += [run | {"repetition": repetition} for run in our_traces(subject, engine)]
        for name in NAMES:
            say(f"{subject.clip.name}, round {repetition + 1} of {subject.effort.repetitions}: {name}")
            answer = peer_answer(name, subject, asked)
            seen["programs"][name] = {key: answer[key] for key in ("version", "error") if key in answer}
            for operation, done in answer.get("operations", {}).items():
                run = {"program": name, "operation": operation, "repetition": repetition}
                memory = {key: answer[key] for key in ("peak_rss_bytes", "before_rss_bytes")}
                seen["runs"].append(run | memory | done | judged(subject.truth, done))
    return seen


def our_runs(subject: Subject, engine: ours.Engine, asked: dict[str, list[tuple[int, int]]]) -> list[dict[str, Any]]:
    """The same operations by our engine, each on a clip that was just opened."""
    runs = []
    for operation, entries in asked.items():
        if operation == "open" and not subject.clip.only_opened:
            continue
        once = entries[:1] if operation == "open" else entries
        moments = [(0.0, pts_us) for _, pts_us in once]
        done = engine.replay(subject.path, moments, "settle", beat_of(operation))
        run = {"program": "limpet", "operation": operation} | done
        if "entries" in done:
            frames = [frame for frame, _ in once]
            kinds = [kind_of(operation, at, frame) for at, frame in zip([None, *frames], frames)]
            run["steps"] = [our_step(*step) for step in zip(kinds, frames, done["entries"])]
            run |= judged(subject.truth, run)
            # By the file's packets, as for every peer, and by the pictures themselves.
            run["wrong"] = (run["wrong"] or 0) + done["wrong"]
        runs.append(run)
    return runs


def our_step(kind: str, frame: int, entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of our engine as a step of a peer looks."""
    step = {"kind": kind, "frame": frame, "ms": entry["exact_ms"]}
    return step | ({"failed": entry["failed"]} if entry["failed"] else {"got_us": entry["got_us"]})


def our_traces(subject: Subject, engine: ours.Engine) -> list[dict[str, Any]]:
    """What hands do, in real time."""
    replays = []
    for name in traces.REAL_TIME:
        moments = traces.read(traces.path_of(name, subject.clip.times))
        moments = [moment for moment in moments if moment[0] <= subject.effort.trace_ms]
        frames = [subject.truth.frame_at(pts_us) for _, pts_us in moments]
        asked = {"t_ms": [t_ms for t_ms, _ in moments], "frames": frames}
        done = engine.replay(subject.path, moments, "steps" if name in traces.STEPS else "drag")
        if "entries" in done:
            exact = [(frame, entry["got_us"]) for frame, entry in zip(frames, done["entries"]) if entry["exact_ms"]]
            done["wrong"] += sum(not subject.truth.is_that(frame, got_us) for frame, got_us in exact)
        replays.append({"trace": name} | asked | done)
    return replays


def peer_answer(name: str, subject: Subject, asked: dict[str, list[tuple[int, int]]]) -> dict[str, Any]:
    """Runs a peer in a process of its own."""
    effort = {"seconds": subject.effort.seconds, "at_least": subject.effort.at_least}
    request = {"clip": str(subject.path), "operations": asked} | effort
    command = [sys.executable, "-m", f"{__package__}.play", name]
    try:
        done = subprocess.run(
            command, input=json.dumps(request), capture_output=True, text=True, timeout=MOST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return {"error": f"did not end within {MOST_SECONDS} seconds"}
    if done.returncode != 0 or not done.stdout:
        return {"error": f"ended with status {done.returncode}"}
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def judged(truth: Truth, done: dict[str, Any]) -> dict[str, Any]:
    """Says of each step whether it went over the edge of a GOP, and how many pictures were wrong; null: unknown."""
    steps = done.get("steps", [])
    for step in steps:
        edge = step["frame"] if BY.get(step["kind"]) == 1 else step["frame"] + 1
        step["over_edge"] = step["kind"] in BY and edge in truth.keys
    if all("failed" not in step and step.get("got_us") is None for step in steps):
        return {"wrong": None}
    right = ["got_us" in step and truth.is_that(step["frame"], step["got_us"]) for step in steps]
    return {"wrong": right.count(False)}


def say(what: str) -> None:
    """Where it is."""
    print(what, flush=True)
