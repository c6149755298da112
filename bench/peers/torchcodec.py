"""torchcodec's VideoDecoder with an exact index. Its pictures are RGB tensors."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

from torchcodec.decoders import VideoDecoder

from ..usage import decoder_library
from . import Asked, Peer


class TorchCodec(Peer):
    """Indexing by frame number, as many threads as FFmpeg likes."""

    def version(self) -> str:
        return f"torchcodec {version('torchcodec')}, torch {version('torch')}, {decoder_library(os.getpid())}"

    def open(self, clip: Path) -> int:
        self.decoder = VideoDecoder(str(clip), seek_mode="exact", num_ffmpeg_threads=0)
        return self.frame(0)

    def close(self) -> None:
        del self.decoder

    def seek(self, asked: Asked) -> int:
        return self.frame(asked.frame)

    def frame(self, number: int) -> int:
        return round(self.decoder.get_frame_at(number).pts_seconds * 1e6)


PEER = TorchCodec
