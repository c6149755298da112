"""The other software. Each file has one peer, used in the way that is best for it; where that is not plain, twice."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

NAMES = {"mpv": "mpv", "mpv_seeking": "mpv, back by seeking", "pyav": "PyAV", "opencv": "OpenCV", "decord2": "decord2", "torchcodec": "torchcodec"}


class Asked(NamedTuple):
    """A frame that is asked for."""

    frame: int
    pts_us: int


class NoPicture(Exception):
    """Nothing came."""


class Peer(ABC):
    """One program. What gives a picture returns once the decoded picture is there, with the time that the program
    says it has in microseconds, or None where it does not say."""

    def start(self) -> None:
        """Makes ready what is not measured."""

    def stop(self) -> None:
        """Ends what `start` began."""

    @property
    def pid(self) -> int:
        """The process that decodes."""
        return os.getpid()

    @abstractmethod
    def version(self) -> str:
        """What it is and which version."""

    @abstractmethod
    def open(self, clip: Path) -> int | None:
        """Opens a clip and gives its first picture."""

    def prepare(self) -> None:
        """Does after opening what exact frames need and the first picture does not."""

    @abstractmethod
    def close(self) -> None:
        """Lets go of the clip."""

    @abstractmethod
    def seek(self, asked: Asked) -> int | None:
        """Exactly this frame, from anywhere."""

    def forward(self, asked: Asked) -> int | None:
        """The frame after the one that was last given."""
        return self.seek(asked)

    def back(self, asked: Asked) -> int | None:
        """The frame before the one that was last given."""
        return self.seek(asked)


def peer(name: str) -> Peer:
    """The peer of a name in NAMES. What it is made of is imported only now, in its own process."""
    made = import_module(f".{name}", __name__).PEER()
    assert isinstance(made, Peer)
    return made
