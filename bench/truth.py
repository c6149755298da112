"""What the frames of a clip are, from its packets as ffprobe reads them: no program that is measured has a say."""

from __future__ import annotations

import json
import subprocess
from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import floor
from pathlib import Path


def micros(seconds: Fraction) -> int:
    """As FFmpeg rounds: halves away from zero. To the even number, which is Python's way, is the frame before."""
    whole = floor(abs(seconds) * 1_000_000 + Fraction(1, 2))
    return whole if seconds >= 0 else -whole


@dataclass(frozen=True)
class Truth:
    """The shown frames of a clip in display order."""

    pts_us: list[int]
    """Time of each frame, microseconds of the container's own time."""
    keys: frozenset[int]
    """Numbers of the frames that a GOP begins with."""

    def frame_at(self, pts_us: int) -> int:
        """The frame shown at a time: the one with the greatest pts that is not later."""
        return max(0, bisect_right(self.pts_us, pts_us) - 1)

    def is_that(self, frame: int, got_us: int) -> bool:
        """Whether a time that a program reports is that frame's. Programs round in their own ways."""
        near = self.pts_us[max(0, frame - 1) : frame + 2]
        gap = min((late - early for early, late in pairwise(near)), default=2000)
        return abs(got_us - self.pts_us[frame]) <= max(1, min(1000, gap // 2 - 1))

    @staticmethod
    def of(path: Path) -> Truth:
        """Reads all packets of the video track. Packets that an edit list discards are not shown."""
        asked = "stream=time_base:packet=pts,flags"
        command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", asked, "-of", "json"]
        answer = json.loads(subprocess.run([*command, str(path)], check=True, capture_output=True).stdout)
        tick = Fraction(answer["streams"][0]["time_base"])
        packets = [(packet["pts"], packet["flags"]) for packet in answer["packets"]]
        shown = sorted((pts, "K" in flags) for pts, flags in packets if "D" not in flags)
        times = [micros(pts * tick) for pts, _ in shown]
        return Truth(times, frozenset(number for number, (_, key) in enumerate(shown) if key))

    @staticmethod
    def even(rate: int, gop: int, seconds: int) -> Truth:
        """What a clip of a constant frame rate has, with key frames so many seconds apart."""
        times = [micros(Fraction(number, rate)) for number in range(rate * seconds)]
        return Truth(times, frozenset(range(0, rate * seconds, rate * gop)))
