"""What the figures were measured on. No name of the machine, only what it is."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path


def machine() -> str:
    """Processor, cores, memory and system in one line."""
    about = Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.+)$", about, re.MULTILINE)
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    gigabytes = round(int(memory[1]) / (1 << 20)) if memory else "?"
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    name = model[1].strip() if model else platform.machine()
    return f"{name}, {os.cpu_count()} cores, {gigabytes} GB, {system}"


def commit(project: Path, *parts: str) -> str:
    """Which state of the project was measured, and whether these parts of it are as committed."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(project), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    changed = " with changes" if git("status", "--porcelain", "--untracked-files=no", "--", *parts) else ""
    return (git("rev-parse", "--short", "HEAD") or "unknown") + changed
