"""limpet-server under load: listeners and messages, uploads beside the tus server from npm, memory, first sync."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .clips import SECONDS, Shelf, all_clips
from .figures import Seen
from .glass import Programs
from .hosts import Host, Load, limpet, npm_tus, postgres, practices
from .machine import machine
from .usage import peak_rss_bytes

MB = 1 << 20
LISTENERS = 5000
RATE = 200
PHONES = 4
CLIPS = ("1080p30-h264-gop1", "1080p60-hevc-gop1")


@dataclass(frozen=True)
class Effort:
    """How much is done."""

    listeners: int
    spread: int
    """Practices that the listeners are spread over."""
    few: int
    """The same in the hard case."""
    seconds: int
    idle: int
    follow_rate: int
    files: int
    """Of a round of uploads."""
    file_bytes: int
    rounds: int
    many: int
    """Uploads at once, for memory."""
    many_bytes: int
    clips: tuple[str, ...]
    """Clips that are prepared."""
    history: int
    """Messages of the practice that a new device reads."""

    @staticmethod
    def on(quick: bool) -> Effort:
        """All that the figures need, or little of everything."""
        if quick:
            return Effort(100, 10, 2, 5, 3, 20, 8, 8 * MB, 1, 20, 16 * MB, CLIPS[:1], 1000)
        return Effort(LISTENERS, 500, 20, 60, 20, 20, 16, 64 * MB, 5, 100, 200 * MB, CLIPS, 100_000)


class Measuring:
    """One run, in a scratch folder on the disk of the cache."""

    def __init__(self, programs: Programs, cache: Path, effort: Effort):
        self.load = Load(programs.folder)
        self.programs, self.cache, self.effort = programs.folder, cache, effort

    def part(self, name: str) -> Seen:
        """Measures one part, and says on how busy a machine."""
        (self.cache / "server").mkdir(parents=True, exist_ok=True)
        busy = os.getloadavg()[0]
        began = time.monotonic()
        with tempfile.TemporaryDirectory(dir=self.cache / "server", prefix="scratch-") as scratch:
            seen: Seen = PARTS[name](self, Path(scratch))
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
        return seen | {"load_before": busy}

    def live(
        self, scratch: Path, count: int, *, rate: int = RATE, listeners: int | None = None, follow: bool = False
    ) -> Seen:
        """Listeners and messages on SQLite, over so many practices."""
        kept = practices(self.load, self.cache, count, PHONES)
        shutil.copytree(kept / "data", scratch / "data")
        with limpet(scratch / "data", self.programs) as host:
            return self.listen(host, kept / "people.json", rate, listeners, follow)

    def listen(self, host: Host, people: Path, rate: int, listeners: int | None = None, follow: bool = False) -> Seen:
        """Listeners and messages on any server."""
        count = self.effort.listeners if listeners is None else listeners
        asked: list[Any] = ["--url", host.url, "--people", people, *host.watch(), "--listeners", count, "--rate", rate]
        asked += ["--seconds", self.effort.seconds, "--idle", self.effort.idle, *(["--follow"] if follow else [])]
        return self.load.ask("live", *asked)

    def spread(self, scratch: Path) -> Seen:
        """Many practices."""
        return self.live(scratch, self.effort.spread)

    def few(self, scratch: Path) -> Seen:
        """Few practices: each message has many listeners."""
        return self.live(scratch, self.effort.few)

    def unheard(self, scratch: Path) -> Seen:
        """Messages that nobody listens for: what they take by themselves."""
        return self.live(scratch, self.effort.spread, listeners=0)

    def follow(self, scratch: Path) -> Seen:
        """Devices that fetch what they hear of."""
        return self.live(scratch, self.effort.spread, rate=self.effort.follow_rate, follow=True)

    def on_postgres(self, scratch: Path) -> Seen:
        """The same as `spread` and `follow`, and as many messages as it takes, on PostgreSQL."""
        with postgres(self.programs) as database, limpet(scratch / "data", self.programs, database) as host:
            people = scratch / "people.json"
            self.load.people(host, self.effort.spread, PHONES, people)
            seen = self.listen(host, people, RATE)
            follow = self.listen(host, people, self.effort.follow_rate, follow=True)
            return seen | {"fetched": follow, "full": self.fill(host, people, self.effort.history // 10)}

    def fill(self, host: Host, people: Path, messages: int) -> Seen:
        """Messages as fast as the server takes them."""
        return self.load.ask("fill", "--url", host.url, "--people", people, *host.watch(), "--messages", messages)

    def uploads(self, scratch: Path) -> Seen:
        """Both servers by turns, each time on an empty folder."""
        rounds: list[Seen] = []
        for number in range(self.effort.rounds):
            pair = [("limpet", self.to_limpet), ("tus", self.to_npm)]
            for name, send in pair if number % 2 == 0 else reversed(pair):
                folder = scratch / f"{name}-{number}"
                asked = ("--files", self.effort.files, "--bytes", self.effort.file_bytes, "--parallel", 4)
                rounds.append({"server": name} | send(folder, *asked))
                shutil.rmtree(folder)
                # What the kernel still has to write is not the next one's.
                os.sync()
        return {"rounds": rounds}

    def memory(self, scratch: Path) -> Seen:
        """A hundred files at once, into both servers."""
        seen: Seen = {}
        for name, send in (("limpet", self.to_limpet), ("tus", self.to_npm)):
            count, size = self.effort.many, self.effort.many_bytes
            seen[name] = send(scratch / name, "--files", count, "--bytes", size, "--parallel", count, hollow=True)
            shutil.rmtree(scratch / name)
        return seen

    def to_limpet(self, folder: Path, *asked: object, hollow: bool = False) -> Seen:
        """Uploads by clients' phones of a few practices."""
        kept = practices(self.load, self.cache, self.effort.few, PHONES)
        shutil.copytree(kept / "data", folder)
        with limpet(folder, self.programs) as host:
            # Something is there before, so that its memory has its working size.
            people = ("--people", kept / "people.json")
            self.load.ask("uploads", "--url", host.url, *people, "--files", 4, "--bytes", MB, "--parallel", 4)
            where = ("--hollow", folder / "uploads") if hollow else ()
            seen = self.load.ask("uploads", "--url", host.url, *people, *host.watch(), *asked, *where)
            return seen | {"peak_rss_bytes": peak_rss_bytes(host.pid)}

    def to_npm(self, folder: Path, *asked: object, hollow: bool = False) -> Seen:
        """Uploads by anybody."""
        with npm_tus(folder, self.cache) as host:
            self.load.ask("uploads", "--url", host.url, "--files", 4, "--bytes", MB, "--parallel", 4)
            where = ("--hollow", folder) if hollow else ()
            seen = self.load.ask("uploads", "--url", host.url, *host.watch(), *asked, *where)
            return seen | {"peak_rss_bytes": peak_rss_bytes(host.pid)}

    def prepared(self, scratch: Path) -> Seen:
        """What a clip takes until it can be shown: its copy, its poster."""
        kept = practices(self.load, self.cache, 1, PHONES)
        shelf = Shelf(self.cache / "clips", Path())
        clips: list[Seen] = []
        for clip in all_clips():
            if clip.name in self.effort.clips and (path := shelf.get(clip)):
                shutil.copytree(kept / "data", scratch / clip.name)
                with limpet(scratch / clip.name, self.programs, workers=1) as host:
                    asked = ("--url", host.url, "--people", kept / "people.json", *host.watch(), path)
                    about = {"clip": clip.name, "title": clip.title, "clip_s": SECONDS}
                    clips.append(about | self.load.ask("clip", *asked))
        return {"clips": clips}

    def sync(self, scratch: Path) -> Seen:
        """A new device reads a practice with a long history, which is written once and kept."""
        kept = self.cache / "server" / f"history-{self.effort.history}"
        base = practices(self.load, self.cache, 1, PHONES)
        if not (kept / "full").exists():
            print(f"Writing {self.effort.history} messages ...", flush=True)
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(base, kept)
            with limpet(kept / "data", self.programs) as host:
                filled = self.fill(host, kept / "people.json", self.effort.history)
            (kept / "full").write_text(json.dumps(filled), encoding="utf-8")
        with limpet(kept / "data", self.programs) as host:
            asked = ("--url", host.url, "--people", kept / "people.json", *host.watch())
            pages = {str(page): self.load.ask("sync", *asked, "--page", page) for page in (500, 1000)}
            filled = json.loads((kept / "full").read_text(encoding="utf-8"))
            return {"pages": pages, "peak_rss_bytes": peak_rss_bytes(host.pid), "filled": filled}


PARTS = {
    "spread": Measuring.spread,
    "few": Measuring.few,
    "unheard": Measuring.unheard,
    "follow": Measuring.follow,
    "postgres": Measuring.on_postgres,
    "uploads": Measuring.uploads,
    "memory": Measuring.memory,
    "sync": Measuring.sync,
    "clips": Measuring.prepared,
}


def measure(name: str, programs: Programs, cache: Path, project: Path, *, quick: bool) -> Seen:
    """What was seen of one part, and on what."""
    about = {"machine": machine(), "build": programs.build(project), "quick": quick}
    return about | Measuring(programs, cache, Effort.on(quick)).part(name)
