"""What is measured and what measures it: limpet-server, the tus server from npm, PostgreSQL, and the load."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .figures import Seen

SESSIONS_LAST_S = 20 * 24 * 3600
"""A folder of practices is made anew before its sessions run out."""


@dataclass(frozen=True)
class Host:
    """A server that runs."""

    url: str
    pid: int
    folder: Path
    """Its data; of the server from npm, where files arrive."""
    database: Database | None = None

    def watch(self) -> list[str]:
        """Whose processor time and memory is asked for."""
        below = [f"--watch=database={self.database.pid}"] if self.database else []
        return [f"--watch=server={self.pid}", *below]


@dataclass(frozen=True)
class Database:
    """A PostgreSQL that runs, and the process that it is below."""

    environment: dict[str, str]
    pid: int


@contextmanager
def limpet(folder: Path, programs: Path, database: Database | None = None, workers: int = 0) -> Iterator[Host]:
    """limpet-server as one starts it, log and all; but it leaves clips alone unless told, as most sent is none."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [str(programs / "limpet-server"), "serve", "--data", str(folder), "--listen", "127.0.0.1:0"]
    command += ["--workers", str(workers)]
    environment = os.environ | (database.environment if database else {})
    with (folder / "log").open("wb") as log, listening(command, environment, log) as (url, pid):
        yield Host(url, pid, folder, database)


@contextmanager
def npm_tus(folder: Path, cache: Path) -> Iterator[Host]:
    """The server of the tus project, which script/bench has installed."""
    folder.mkdir(parents=True, exist_ok=True)
    with listening(["node", str(cache / "tus" / "serve.mjs"), str(folder)], dict(os.environ)) as (url, pid):
        yield Host(url, pid, folder)


@contextmanager
def listening(
    command: list[str], environment: dict[str, str], log: BinaryIO | None = None
) -> Iterator[tuple[str, int]]:
    """A program whose first line says where it listens; it ends with the block."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        line = process.stdout.readline().strip()
        if not line.startswith("listening on "):
            sys.exit(f"{command[0]} said {line!r} where it should say where it listens")
        yield line.removeprefix("listening on "), process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


@contextmanager
def postgres(programs: Path) -> Iterator[Database]:
    """A fresh PostgreSQL that keeps what it commits."""
    told = ["sh", "-c", 'echo "$LIMPET_DATABASE"; cat']
    command = [str(programs / "limpet-testkit"), "database", *told]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        address = process.stdout.readline().strip()
        if not address:
            sys.exit("PostgreSQL did not start")
        yield Database({"LIMPET_DATABASE": address}, process.pid)
    finally:
        process.stdin.close()
        process.wait(timeout=60)
        process.stdout.close()


@dataclass(frozen=True)
class Load:
    """limpet-testkit load."""

    programs: Path

    def ask(self, what: str, *arguments: object, environment: dict[str, str] | None = None) -> Seen:
        """Does it and answers what it saw."""
        command = [str(self.programs / "limpet-testkit"), "load", what, *map(str, arguments)]
        around = os.environ | (environment or {})
        done = subprocess.run(command, env=around, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"limpet-testkit load {what} failed")
        seen: Seen = json.loads(done.stdout)
        return seen

    def people(self, host: Host, practices: int, phones: int, into: Path) -> None:
        """Makes practices on a server."""
        environment = host.database.environment if host.database else None
        asked = ("--url", host.url, "--data", host.folder, "--practices", practices, "--phones", phones)
        self.ask("people", *asked, "--output", into, environment=environment)


def practices(load: Load, cache: Path, count: int, phones: int) -> Path:
    """A folder with `data` and `people.json`: practices, made once and kept."""
    kept = cache / "server" / f"practices-{count}x{phones}"
    people = kept / "people.json"
    if people.exists() and time.time() - people.stat().st_mtime < SESSIONS_LAST_S:
        return kept
    print(f"Making {count} practices ...", flush=True)
    shutil.rmtree(kept, ignore_errors=True)
    with limpet(kept / "data", load.programs) as host:
        load.people(host, count, phones, kept / "people.new")
    (kept / "people.new").rename(people)
    return kept
