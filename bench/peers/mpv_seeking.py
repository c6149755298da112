"""mpv once more, stepping back by an exact seek to the frame before instead of by its own command for that."""

from __future__ import annotations

from . import Asked
from .mpv import Mpv


class MpvSeeking(Mpv):
    """An mpv that is told where the frame before is."""

    def back(self, asked: Asked) -> int:
        return self.seek(asked)


PEER = MpvSeeking
