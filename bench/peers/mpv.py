"""mpv, told what to do over its JSON socket. It decodes but shows nothing.

An exact seek and a step back have ended at `playback-restart`; a step forward once `time-pos` has changed. It is
untimed: otherwise a step forward waits until the frame before it has been shown for as long as it lasts.
"""

from __future__ import annotations

import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..usage import decoder_library
from . import Asked, NoPicture, Peer

PATIENCE_S = 120
ARGUMENTS = (
    "--no-config --no-terminal --idle --pause --hr-seek=yes --vo=null --ao=null --rebase-start-time=no --untimed"
)
Message = dict[str, Any]


class Mpv(Peer):
    """An mpv that runs until it is stopped."""

    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="limpet-bench.")
        door = f"{self.folder.name}/mpv"
        self.process = subprocess.Popen(["mpv", *ARGUMENTS.split(), f"--input-ipc-server={door}"])
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        for _ in range(500):
            try:
                self.socket.connect(door)
                break
            except OSError:
                time.sleep(0.02)
        self.lines = self.socket.makefile("rb")
        self.number = 0
        self.at: float | None = None
        self.tell("observe_property", 1, "time-pos")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()

    @property
    def pid(self) -> int:
        return self.process.pid

    def version(self) -> str:
        return f"{str(self.ask('mpv-version')).removesuffix('-dirty')}, {decoder_library(self.pid)}"

    def open(self, clip: Path) -> int:
        self.tell("loadfile", str(clip))
        return self.restarted()

    def close(self) -> None:
        self.tell("stop")
        self.wait(lambda message: message.get("event") == "idle")

    def seek(self, asked: Asked) -> int:
        self.tell("seek", f"{asked.pts_us / 1e6:.6f}", "absolute+exact")
        return self.restarted()

    def back(self, asked: Asked) -> int:
        self.tell("frame-back-step")
        return self.restarted()

    def forward(self, asked: Asked) -> int:
        still = (None, self.at)
        self.tell("frame-step")
        changed = self.wait(lambda message: message.get("name") == "time-pos" and message.get("data") not in still)
        return self.pts_us(changed["data"])

    def restarted(self) -> int:
        """Waits until a picture is there after a seek, and reads its time."""
        self.wait(lambda message: message.get("event") == "playback-restart")
        return self.pts_us(self.ask("time-pos"))

    def pts_us(self, seconds: float | None) -> int:
        self.at = seconds
        if seconds is None:
            raise NoPicture("mpv has no position")
        return round(seconds * 1e6)

    def tell(self, *command: object) -> int:
        self.number += 1
        request = {"command": command, "request_id": self.number}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        return self.number

    def ask(self, name: str) -> Any:
        number = self.tell("get_property", name)
        return self.wait(lambda message: message.get("request_id") == number).get("data")

    def wait(self, wanted: Callable[[Message], bool]) -> Message:
        """Reads what mpv says until it says that."""
        for line in self.lines:
            message: Message = json.loads(line)
            if message.get("event") == "end-file" and message.get("reason") == "error":
                raise NoPicture(f"mpv could not play it: {message.get('file_error', 'no reason given')}")
            if wanted(message):
                return message
        raise NoPicture("mpv has ended")


PEER = Mpv
