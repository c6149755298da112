"""The real window: how long a step takes from the key to the glass, measured by tests/bench/glass.test.ts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .clips import Clip
from .figures import Seen
from .machine import commit, machine

STEPS, FEW_STEPS = 200, 40


@dataclass(frozen=True)
class Programs:
    """The folder with limpet, limpet-server and limpet-testkit."""

    folder: Path
    given: bool
    """Whether somebody named it, rather than us having built what is in it."""

    def build(self, project: Path) -> str:
        """Which ones they are. Cargo names its folders by the profile."""
        profile = f"{self.folder.name} build"
        return f"{profile}, given" if self.given else f"{profile} at {commit(project, 'crates', 'src-tauri', 'ui')}"


def measure(clip: Clip, path: Path, programs: Programs, project: Path, *, quick: bool) -> Seen:
    """What the window saw, and in what it was measured."""
    load = os.getloadavg()[0]
    steps = FEW_STEPS if quick else STEPS
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "seen.json"
        wanted = {
            "LIMPET_BIN_DIR": str(programs.folder),
            "LIMPET_STORY_CLIP": str(path),
            "LIMPET_BENCH_STEPS": str(steps),
            "LIMPET_BENCH_OUT": str(out),
        }
        npm = ["npm", "--prefix", str(project / "tests"), "run", "--silent", "glass"]
        done = subprocess.run([str(project / "script" / "with-desktop"), *npm], env=os.environ | wanted, check=False)
        if not out.exists():
            sys.exit("Nothing was measured: see above.")
        seen: Seen = json.loads(out.read_text(encoding="utf-8"))
    about = {"clip": clip.name, "title": clip.title, "machine": machine(), "load": load}
    about |= {"build": programs.build(project), "webkit": webkit(), "quick": quick, "failed": done.returncode != 0}
    return about | seen


def webkit() -> str:
    """Which WebKit draws the window."""
    command = ["pkg-config", "--modversion", "webkit2gtk-4.1"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except FileNotFoundError:
        said = ""
    return f"WebKitGTK {said}".strip()
