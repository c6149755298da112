"""Independent tus clients send a file, are broken off, and go on: tuspy and tus-js-client against the real server.

They go through a line that counts bytes and that can be cut. A client is broken off by killing it, and by cutting its line
under it; either way the file arrives byte for byte, and what had arrived is not sent again.
"""

import argparse
import asyncio
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from urllib.parse import urlparse

from practice import Practice, Server

HERE = Path(__file__).parent
SIZE = 6 * 1024 * 1024
PIECE = 16 * 1024
# What of a file may be sent twice: requests, and what was under way when the line was cut.
SLACK = SIZE // 4


class Line:
    """A line to the server: so many bytes a second, counted, and cut once after so many if it is said."""

    def __init__(self, server: str, cut_after: int | None = None):
        self.to, self.cut_after, self.sent = urlparse(server), cut_after, 0
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.reached = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        self.ready.wait()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def run(self):
        asyncio.set_event_loop(self.loop)
        listening = self.loop.run_until_complete(asyncio.start_server(self.carry, "127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % listening.sockets[0].getsockname()[1]
        self.ready.set()
        self.loop.run_forever()

    async def carry(self, there: asyncio.StreamReader, back: asyncio.StreamWriter):
        answers, requests = await asyncio.open_connection(self.to.hostname, self.to.port)

        async def up():
            while piece := await there.read(PIECE):
                requests.write(piece)
                await requests.drain()
                self.sent += len(piece)
                if self.sent > SIZE // 3:
                    self.reached.set()
                if self.cut_after is not None and self.sent > self.cut_after:
                    self.cut_after = None
                    return
                # About 8 MB a second: slow enough to be broken off on the way.
                await asyncio.sleep(PIECE / 8e6)

        async def down():
            while piece := await answers.read(PIECE):
                back.write(piece)
                await back.drain()

        ways = [asyncio.ensure_future(up()), asyncio.ensure_future(down())]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        for end in (requests, back):
            end.transport.abort()


def tuspy(modules: str) -> list[str]:
    return [sys.executable, str(HERE / "send_with_tuspy.py")]


def tus_js_client(modules: str) -> list[str]:
    return ["node", str(HERE / "send_with_tus_js_client.mjs"), modules]


def send(client: list[str], line: Line, practice: Practice, attachment: str, file: Path, kept: Path) -> subprocess.Popen:
    env = {
        **os.environ,
        "TUS_URL": f"{line.url}/v1/uploads",
        "TUS_AUTHORIZATION": practice.staff.headers["Authorization"],
        "TUS_ATTACHMENT": attachment,
        "TUS_FILE": str(file),
        # Where the client keeps what it has to remember to go on.
        "TUS_KEPT": str(kept),
    }
    return subprocess.Popen(client, env=env)


def check(what: bool, words: str) -> None:
    if not what:
        raise SystemExit(f"FAILED: {words}")


def killed(name: str, client: list[str], practice: Practice, server: Server, folder: Path, file: Path) -> None:
    attachment = practice.announce(practice.staff, practice.cases[0]["conversation"], SIZE)
    kept = folder / f"{name}.kept"
    with Line(server.url) as line:
        first = send(client, line, practice, attachment, file, kept)
        check(line.reached.wait(60), "the client never came to a third of the file")
        first.kill()
        first.wait()
        before = line.sent
        check(before < SIZE, "the client was killed too late to be broken off")
        again = send(client, line, practice, attachment, file, kept)
        check(again.wait(timeout=120) == 0, "the client could not go on")
        sent = line.sent
    arrives(practice, attachment, file)
    check(sent < SIZE + SLACK, f"{sent} bytes were sent for {SIZE}: it began anew")
    print(f"ok: {name}, killed after {before} bytes, went on and sent {sent} in all for {SIZE}", flush=True)


def cut(name: str, client: list[str], practice: Practice, server: Server, folder: Path, file: Path) -> None:
    attachment = practice.announce(practice.staff, practice.cases[0]["conversation"], SIZE)
    with Line(server.url, cut_after=SIZE // 2) as line:
        done = send(client, line, practice, attachment, file, folder / f"{name}.cut").wait(timeout=120)
        check(done == 0, "the client could not go on by itself")
        check(line.cut_after is None, "the line was never cut")
        sent = line.sent
    arrives(practice, attachment, file)
    check(sent < SIZE + SLACK, f"{sent} bytes were sent for {SIZE}: it began anew")
    print(f"ok: {name}, cut off half-way, went on by itself and sent {sent} in all for {SIZE}", flush=True)


def arrives(practice: Practice, attachment: str, file: Path) -> None:
    sent = hashlib.sha256(file.read_bytes()).hexdigest()
    check(practice.arrived(attachment) == sent, "what arrived is not what was sent")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", required=True, help="the limpet-server program")
    parser.add_argument("--modules", required=True, help="the node_modules that have tus-js-client")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="limpet-tus.") as folder:
        folder = Path(folder)
        data = folder / "data"
        data.mkdir()
        file = folder / "scan.pdf"
        file.write_bytes(b"%PDF-1.4\n" + random.Random(4).randbytes(SIZE - 9))
        with Server(asked.server, data) as server:
            practice = Practice(server)
            for name, client in (("tuspy", tuspy), ("tus-js-client", tus_js_client)):
                for broken_off in (killed, cut):
                    broken_off(name, client(asked.modules), practice, server, folder, file)


if __name__ == "__main__":
    main()
