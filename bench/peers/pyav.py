"""PyAV with an index of its own: the times of all packets, so that a seek begins at the right key frame."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av

from ..usage import decoder_library
from . import Asked, NoPicture, Peer


class PyAv(Peer):
    """Decodes on where the frame lies ahead in the same GOP, and from the key frame before it otherwise."""

    def version(self) -> str:
        return f"PyAV {av.__version__}, {decoder_library(os.getpid())}"

    def open(self, clip: Path) -> int:
        self.clip = clip
        self.container = av.open(str(clip))
        self.stream = self.container.streams.video[0]
        self.stream.thread_type = "AUTO"
        self.tick = Fraction(self.stream.time_base or 1)
        self.coming: Iterator[av.VideoFrame] = self.container.decode(self.stream)
        frame = next(self.coming, None)
        if frame is None or frame.pts is None:
            raise NoPicture("nothing was decoded")
        self.at = frame.pts
        return round(frame.pts * self.tick * 1_000_000)

    def prepare(self) -> None:
        shown: list[tuple[int, bool]] = []
        with av.open(str(self.clip)) as container:
            for packet in container.demux(container.streams.video[0]):
                if packet.pts is not None and not packet.is_discard:
                    shown.append((packet.pts, packet.is_keyframe))
        shown.sort()
        self.times = [pts for pts, _ in shown]
        self.keys = [pts for pts, key in shown if key]

    def close(self) -> None:
        self.container.close()

    def seek(self, asked: Asked) -> int:
        target = self.times[asked.frame]
        begin = max(0, bisect_right(self.keys, target) - 1)
        found = self.decode_until(target) if self.keys[begin] <= self.at < target else None
        # One key frame earlier where FFmpeg went too far.
        while found != target and begin >= 0:
            self.container.seek(self.keys[begin], stream=self.stream, backward=True)
            self.coming = self.container.decode(self.stream)
            found = self.decode_until(target)
            begin -= 1
        if found is None:
            raise NoPicture("the end came first")
        self.at = found
        return round(found * self.tick * 1_000_000)

    def decode_until(self, target: int) -> int | None:
        """The time of the first frame that comes and is not before this one."""
        return next((frame.pts for frame in self.coming if frame.pts is not None and frame.pts >= target), None)


PEER = PyAv
