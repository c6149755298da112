"""Our engine, asked over its frame socket by `limpet-cli trace`, which also compares every picture that came."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

MOST_SECONDS = 1800

How = Literal["drag", "steps", "settle"]
"""A dragging hand, an arrow key, or one operation right after the other."""


@dataclass(frozen=True)
class Engine:
    """A limpet-cli."""

    program: Path
    origin: str
    """Which one it is."""
    view: str = "1280x720"

    @cached_property
    def mark(self) -> str:
        """Tells this program from any other: what one decoded is no measure of what another does."""
        with self.program.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:12]

    def version(self) -> str:
        """What it calls itself, and where it comes from."""
        command = [str(self.program), "--version"]
        says = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        return f"{says} {self.origin}"

    def replay(
        self, clip: Path, moments: list[tuple[float, int]], how: How, beat_ms: int | None = None
    ) -> dict[str, Any]:
        """What `limpet-cli trace` printed, or the error it ended with."""
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            json.dump([{"t_ms": t_ms, "pts_us": pts_us} for t_ms, pts_us in moments], file)
            file.flush()
            command = [str(self.program), "trace", str(clip), file.name, "--view", self.view]
            command += ["--reference", f"{clip}.{self.view}.{self.mark}.json"]
            command += [f"--{how}"] if how != "drag" else []
            command += ["--beat", str(beat_ms)] if beat_ms else []
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=MOST_SECONDS, check=False)
            except subprocess.TimeoutExpired:
                return {"error": f"did not end within {MOST_SECONDS} seconds"}
        if done.returncode != 0:
            return {"error": (done.stderr.strip() or f"ended with status {done.returncode}")[:300]}
        printed: dict[str, Any] = json.loads(done.stdout)
        return printed
