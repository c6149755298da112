"""The clips that are measured: how the ffmpeg program makes each, and where it lies once it is made.

A clip is made once and found again by a hash of its recipe, so changing a recipe makes a new clip.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SECONDS = 20


@dataclass(frozen=True)
class Clip:
    """One clip: what it is called and shown as, and the arguments ffmpeg makes it with."""

    name: str
    title: str
    recipe: tuple[str, ...]
    times: str
    """Which step traces fit its frames."""
    source: str | None = None
    """The clip or the real file it is a repetition of; `SOURCE` in the recipe."""
    only_opened: bool = False
    """Whether it is there to be opened and nothing else."""
    cheap: bool = True
    """Whether its runs are short enough to be repeated."""


def scene(width: int, height: int, rate: int) -> tuple[str, ...]:
    """Textured content in which everything moves: counters and bars over a fractal zoom, under a sensor's noise."""
    return (
        "-filter_complex",
        f"testsrc2=s={width}x{height}:r={rate},format=yuv420p[bars];"
        f"mandelbrot=s=640x360:r={rate}:end_pts={rate * SECONDS}:inner=mincol,format=yuv420p,"
        f"scale={width}:{height}:flags=bilinear[zoom];"
        "[bars][zoom]blend=all_mode=average,noise=alls=6:allf=t[scene]",
        *("-map", "[scene]", "-t", str(SECONDS)),
    )


def avc(rate: int, gop: int, megabits: int) -> tuple[str, ...]:
    """H.264 with x264's B-frames and closed GOPs of so many seconds."""
    size = str(rate * gop)
    limits = ("-maxrate", f"{megabits * 3 // 2}M", "-bufsize", f"{megabits * 2}M")
    keys = ("-g", size, "-keyint_min", size, "-sc_threshold", "0")
    return ("-c:v", "libx264", "-preset", "veryfast", "-b:v", f"{megabits}M", *limits, *keys)


def hevc(rate: int, gop: int, megabits: int, preset: str) -> tuple[str, ...]:
    """HEVC with x265's B-frames and closed GOPs of so many seconds."""
    size = rate * gop
    keys = f"keyint={size}:min-keyint={size}:scenecut=0:open-gop=0:log-level=error"
    return ("-c:v", "libx265", "-preset", preset, "-b:v", f"{megabits}M", "-x265-params", keys, "-tag:v", "hvc1")


REPEATED = ("-stream_loop", "-1", "-i", "SOURCE", "-map", "0:v:0", "-c", "copy", "-t")


def all_clips() -> list[Clip]:
    """Every clip, in the order of the report."""
    clips = []
    for gop in (1, 8):
        recipe = scene(1920, 1080, 30) + avc(30, gop, 17)
        title = f"1080p30 H.264, GOPs of {gop} s"
        clips.append(Clip(f"1080p30-h264-gop{gop}", title, recipe, f"30fps-gop{gop}", cheap=gop == 1))
    for gop in (1, 8):
        recipe = scene(1920, 1080, 60) + hevc(60, gop, 12, "veryfast")
        title = f"1080p60 HEVC, GOPs of {gop} s"
        clips.append(Clip(f"1080p60-hevc-gop{gop}", title, recipe, f"60fps-gop{gop}", cheap=gop == 1))
    for gop in (1, 8):
        recipe = scene(3840, 2160, 60) + hevc(60, gop, 54, "superfast")
        title = f"4K60 HEVC, GOPs of {gop} s"
        clips.append(Clip(f"4k60-hevc-gop{gop}", title, recipe, f"60fps-gop{gop}", cheap=False))
    portrait = "A phone's 4K60 H.264, upright, full range, variable frame rate"
    repeated = (*REPEATED, str(SECONDS))
    clips.append(Clip("portrait-4k60", portrait, repeated, "portrait-4k60", "portrait_4k60.mp4", cheap=False))
    cursed = "3026x1386 H.264, wild frame times"
    clips.append(Clip("cursed-vfr", cursed, repeated, "cursed-vfr", "cursed-vfr.mp4"))
    large = "1080p30 H.264, an MP4 of 200 MB"
    clips.append(Clip("200mb", large, (*REPEATED, "94"), "30fps-gop1", clips[0].name, only_opened=True))
    return clips


class Shelf:
    """Where made clips lie."""

    def __init__(self, folder: Path, real: Path) -> None:
        self.folder = folder
        self.real = real
        self.by_name = {clip.name: clip for clip in all_clips()}

    def get(self, clip: Clip) -> Path | None:
        """The clip's file, made now if it is not there; None when the real clip it repeats is not there."""
        source = self.source(clip)
        if clip.source and not source:
            return None
        recipe = [str(source) if part == "SOURCE" else part for part in clip.recipe]
        identity = "\0".join(clip.recipe) + (hash_of(source) if source else "")
        made = self.folder / f"{clip.name}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}.mp4"
        if not made.exists():
            print(f"Making {made.name} ...", flush=True)
            self.folder.mkdir(parents=True, exist_ok=True)
            unfinished = made.with_suffix(f".{os.getpid()}.part.mp4")
            command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *recipe, str(unfinished)]
            try:
                subprocess.run(command, check=True)
                shutil.move(unfinished, made)
            finally:
                unfinished.unlink(missing_ok=True)
        return made

    def source(self, clip: Clip) -> Path | None:
        """What the clip repeats."""
        if clip.source in self.by_name:
            return self.get(self.by_name[clip.source])
        real = self.real / (clip.source or "")
        return real if real.is_file() else None


def hash_of(path: Path) -> str:
    """A hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
