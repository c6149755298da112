"""OpenCV's VideoCapture: CAP_PROP_POS_FRAMES and read. Its pictures are BGR."""

from __future__ import annotations

import os
from pathlib import Path

import cv2

from ..usage import decoder_library
from . import Asked, NoPicture, Peer


class OpenCv(Peer):
    """A step forward is a read; everything else sets the position first."""

    def version(self) -> str:
        return f"OpenCV {cv2.__version__}, {decoder_library(os.getpid())}"

    def open(self, clip: Path) -> int:
        self.capture = cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG)
        return self.read()

    def close(self) -> None:
        self.capture.release()

    def seek(self, asked: Asked) -> int:
        self.capture.set(cv2.CAP_PROP_POS_FRAMES, asked.frame)
        return self.read()

    def forward(self, asked: Asked) -> int:
        return self.read()

    def read(self) -> int:
        there, _ = self.capture.read()
        if not there:
            raise NoPicture("read gave no picture")
        return round(self.capture.get(cv2.CAP_PROP_POS_MSEC) * 1000)


PEER = OpenCv
