"""What a process has used, from the kernel's account of it."""

from __future__ import annotations

import os
import re
from pathlib import Path

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


def cpu_ms(pid: int) -> float:
    """User and system time of all its threads, and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(field) for field in fields[11:15]) * TICK_MS


def peak_rss_bytes(pid: int) -> int:
    """The most memory it has had since its program was started."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


def decoder_library(pid: int) -> str:
    """The libavcodec it has loaded, as its file calls itself."""
    found = re.findall(r"(libavcodec)[^/\n]*?\.so\.([\d.]+)", Path(f"/proc/{pid}/maps").read_text())
    return " ".join(found[0]) if found else "a libavcodec of its own"
