"""`script/bench`: measures clips, keeps what was seen and writes the report."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from . import glass, ours, server, traces
from .clips import Clip, Shelf, all_clips
from .figures import Seen
from .machine import commit, machine
from .measure import Effort, Subject, measure
from .report import glass_section, report
from .truth import Truth

PROJECT = Path(__file__).resolve().parent.parent


def arguments() -> argparse.Namespace:
    """What script/bench was called with."""
    names = [clip.name for clip in all_clips()]
    parser = argparse.ArgumentParser(prog="script/bench")
    parser.add_argument("--cache", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--cli", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--programs", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--given", action="store_true", help=argparse.SUPPRESS)
    commands = parser.add_subparsers(dest="command", required=True)
    video = commands.add_parser("video", help="measure, and write docs/BENCHMARKS.md")
    video.add_argument("--quick", action="store_true", help="little of everything; the report stays in the cache")
    video.add_argument("--rounds", type=int, metavar="N", help="at most so many of each clip; 3 of most if not given")
    video.add_argument("--clip", nargs="+", default=names, choices=names, metavar="NAME", help=", ".join(names))
    window = commands.add_parser("glass", help="measure a step in the real window, and write docs/BENCHMARKS.md")
    window.add_argument("--quick", action="store_true", help="few steps; what was seen stays in the cache")
    loaded = commands.add_parser("server", help="measure limpet-server under load, and write docs/BENCHMARKS.md")
    loaded.add_argument("--quick", action="store_true", help="little of everything; the report stays in the cache")
    parts = list(server.PARTS)
    loaded.add_argument("--part", nargs="+", default=parts, choices=parts, metavar="PART", help=", ".join(parts))
    commands.add_parser("clips", help="only make the clips")
    commands.add_parser("traces", help="write bench/traces anew")
    commands.add_parser("report", help="write docs/BENCHMARKS.md again from what was seen last")
    return parser.parse_args()


def main() -> None:
    """One of the commands."""
    asked = arguments()
    shelf = Shelf(asked.cache / "clips", Path(os.environ.get("LIMPET_REAL_CLIPS", "")))
    results = asked.cache / "results"
    page = PROJECT / "docs" / "BENCHMARKS.md"
    if asked.command == "clips":
        for clip in all_clips():
            print(shelf.get(clip) or f"{clip.name}: {clip.source} is not there")
    elif asked.command == "traces":
        traces.write_all(shelf)
    elif asked.command == "report":
        write(page, results)
    elif asked.command == "glass":
        programs = glass.Programs(asked.programs.resolve(), asked.given)
        keep_glass(shelf, programs, asked.quick, results / "quick" if asked.quick else results)
        # The page would say of the engine that nothing was seen of it.
        if not asked.quick and any((results / f"{clip.name}.json").exists() for clip in all_clips()):
            write(page, results)
    elif asked.command == "server":
        programs = glass.Programs(asked.programs.resolve(), asked.given)
        if asked.quick:
            results = results / "quick"
            page = results / "BENCHMARKS.md"
        for part in asked.part:
            seen = server.measure(part, programs, asked.cache, PROJECT, quick=asked.quick)
            results.mkdir(parents=True, exist_ok=True)
            (results / f"server-{part}.json").write_text(json.dumps(seen) + "\n", encoding="utf-8")
        write(page, results)
    else:
        origin = "given as a program" if asked.given else f"at {commit(PROJECT, 'crates')}"
        engine = ours.Engine(asked.cli.resolve(), origin)
        if asked.quick:
            results = results / "quick"
            shutil.rmtree(results, ignore_errors=True)
            page = results / "BENCHMARKS.md"
        # All are made before the first is measured.
        paths = {clip: shelf.get(clip) for clip in all_clips() if clip.name in asked.clip}
        for clip, path in paths.items():
            if path:
                keep(clip, path, engine, Effort.on(clip, asked.quick, asked.rounds), asked.quick, results)
            else:
                print(f"{clip.name} is left out: {clip.source} is not there")
        write(page, results)


def keep(clip: Clip, path: Path, engine: ours.Engine, effort: Effort, quick: bool, results: Path) -> None:
    """Measures one clip and keeps what was seen."""
    began = monotonic()
    # Reading all its packets brings the file into the system's cache.
    subject = Subject(clip, path, Truth.of(path), effort)
    about = {"clip": clip.name, "machine": machine(), "limpet": engine.version(), "quick": quick}
    ffmpeg = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout
    about["ffmpeg"] = " ".join(ffmpeg.split()[:3])
    results.mkdir(parents=True, exist_ok=True)
    seen = about | measure(subject, engine)
    (results / f"{clip.name}.json").write_text(json.dumps(seen) + "\n", encoding="utf-8")
    print(f"{clip.name}: {timedelta(seconds=round(monotonic() - began))}", flush=True)


def keep_glass(shelf: Shelf, programs: glass.Programs, quick: bool, results: Path) -> None:
    """Measures steps in the window, keeps what was seen and says it."""
    clip = all_clips()[0]
    path = shelf.get(clip)
    if not path:
        sys.exit(f"{clip.source} is not there")
    seen = glass.measure(clip, path, programs, PROJECT, quick=quick)
    results.mkdir(parents=True, exist_ok=True)
    (results / "glass.json").write_text(json.dumps(seen) + "\n", encoding="utf-8")
    print(glass_section(seen))
    if seen["failed"]:
        sys.exit("It was measured, but frames went astray.")


def write(page: Path, results: Path) -> None:
    """Writes the report from all that was seen, and from the page as it is where nothing was."""
    seen: dict[str, Seen] = {}
    for clip in all_clips():
        path = results / f"{clip.name}.json"
        if path.exists():
            seen[clip.name] = json.loads(path.read_text(encoding="utf-8"))
    window = results / "glass.json"
    seen_glass: Seen | None = json.loads(window.read_text(encoding="utf-8")) if window.exists() else None
    parts = {part: results / f"server-{part}.json" for part in server.PARTS}
    loaded = {part: json.loads(path.read_text(encoding="utf-8")) for part, path in parts.items() if path.exists()}
    if not seen and not loaded:
        sys.exit("Nothing has been measured yet.")
    before = page.read_text(encoding="utf-8") if page.exists() else ""
    page.write_text(report(seen, seen_glass, loaded, about(seen) if seen else [], before), encoding="utf-8")
    print(f"Written: {page}")


def about(seen: dict[str, Seen]) -> list[str]:
    """On what, and with which versions, in lines."""

    def each(key: str) -> str:
        return "; ".join(dict.fromkeys(found[key] for found in seen.values()))

    programs: dict[str, Any] = {}
    for found in seen.values():
        programs |= found["programs"]
    versions = [program["version"] for program in programs.values() if "version" in program]
    lines = [f"- Machine: {each('machine')}; software decoding", f"- Limpet: {builds(seen)}"]
    lines += [f"- Peers: {'; '.join(versions)}", f"- Clips made with {each('ffmpeg')}"]
    rounds = {name: 1 + max(run["repetition"] for run in found["runs"]) for name, found in seen.items()}
    few = [name for name, count in rounds.items() if count < max(rounds.values())]
    lines.append(f"- Rounds: {max(rounds.values())}" + "".join(f"; {rounds[name]} for {name}" for name in few))
    if any(found["quick"] for found in seen.values()):
        lines.append("- **A quick run**: little of everything, once. Its figures are worth nothing.")
    return lines


def builds(seen: dict[str, Seen]) -> str:
    """Which Limpet it was and, where there were several, of which clips."""
    clips: dict[str, list[str]] = {}
    for name, found in seen.items():
        clips.setdefault(found["limpet"], []).append(name)
    if len(clips) == 1:
        return next(iter(clips))
    return "; ".join(f"{build} ({', '.join(names)})" for build, names in clips.items())


if __name__ == "__main__":
    main()
