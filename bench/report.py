"""docs/BENCHMARKS.md, computed from what was seen."""

from __future__ import annotations

from collections.abc import Iterable

from .clips import all_clips
from .figures import Seen
from .goals import goals
from .tables import hands, key_to_glass, operations, remarks, table
from .under_load import HEADING as UNDER_LOAD
from .under_load import section

HEAD = """# Benchmarks

Written by `script/bench video`, `script/bench glass` and `script/bench server`; nothing here is typed in by hand. First
Limpet's review engine against other software that gives exact frames, on the same clips and the same machine, then the
[server under load](#the-server-under-load). All times are milliseconds, **p50 / p95**, lower is better.
"""

HOW = """## How it is measured

Every program runs in a process of its own, one after the other, on a clip that is in the system's file cache, and is
used in the way that is best for it: mpv over its JSON socket, an exact seek and a step back until `playback-restart`, a
step forward, untimed, until `time-pos` changes, and once more with exact seeks instead of its own steps back; PyAV with
an index of its own, decoding from the right key frame or on from where it is; OpenCV by `CAP_PROP_POS_FRAMES`; decord2
and torchcodec (exact mode) by frame number. An operation lasts from the request until the decoded picture is there. All
are asked for the same frames in the same order, one right after the other: random seeks anywhere; steps in runs of ten
from six places, about half of the places of steps back just behind a key frame; what brings a program to a place is not
counted. The steps forward are done once more as a key asks that is held down: every 33 ms, or with the next beat once
the one before is there. A peer's run ends early when it takes too long; the ratio in brackets, its p50 to Limpet's, is
that of the operations that both did. Figures are medians over the rounds. Processor time is that of the decoding
process (user and system), opening and indexing counted in, divided by the frames asked for. Wrong: pictures that are
not the frame asked for, by the time the program reports and the file's own packets; decord2 reports none. Limpet's are
judged by the same packets, and besides every picture of its, near or exact, is compared with the same frame as it
decodes it from the start to the end; that those equal FFmpeg's, bit for bit, is what `script/test` shows.

What is not comparable. The peers hand over full-resolution pictures inside their own process, mpv and PyAV as decoded,
the others converted to RGB. Limpet's are scaled to a view of 1280x720 by a sandboxed child process and have travelled
over its frame socket when the clock stops. It keeps what it has decoded and decodes ahead, which none of the peers
does: that is what it is for. While a key is held the others' decoder threads are a few frames ahead, too, and what
remains of ours is the way from the child. Opening is until there is a picture, which the peers take to be the first
frame; only when Limpet knows all frames does it say so of its own. They open the clip again in a process that is warm,
and only decord2 and torchcodec index it, PyAV's index is not counted; Limpet opens it in the new process that is always
ready. The decoders are not the same libavcodec, see the versions. Memory is the peak of the decoding process, in
brackets what it had before a clip was opened: Python, libraries.

Traces are replayed in real time over the frame socket (`bench/traces/`), without drawing, and asked for as the review
room asks: for a dragging hand and for clicks a near picture before the exact one, for keys (cached-steps, back-taps)
only that. held-arrow asks 30 times a second whether pictures come or not, with near ones; the room waits for each.
*First picture* is what the eye waits for: until a picture for that entry, or for a newer one, is there. *Off* is how
far the last picture for an entry is from the time that was asked for, in milliseconds of the clip; times are asked for
between frames too. *Settle* is the exact frame of an entry after which the hand rests for a second or more. *Updates*
are entries that were answered while the pointer moved, exactly or at least by another picture than before; there are 60
(held arrow: 30) entries a second. *Superseded* entries got no exact picture because a newer one came: fine.
*Late* are pictures for an older entry after one for a newer: never. *Decoded* are pictures that the decoders gave, those
on the way, ahead and for sketches too, each as often as it came; what is answered from memory takes none.
"""


GLASS = """\
*Key press to glass* lasts from the time of the key event, which is when the window got the key, to the beginning of the
first animation frame after the one that shows the exact frame: the one in which the room drew it, or the next where it
drew between two. That begins late while WebKit is still busy with the one before: in as far as it is, its painting is
in the figure, and if it is not, a wait of one frame for nothing. *Drawing commands* ends earlier: when the room has
given them all to WebGL, which under software GL has then hardly begun. Not in either: keyboard and X server before, as
WebDriver presses the key inside the window's program; what the compositor does later, the X server and the monitor
after. No pixel is looked at: that the right frame is on the glass is what `script/story` shows.

The steps go to and fro over the same frames, which the engine has decoded before, over the edges of GOPs, 150 to 250 ms
apart, once everything is at rest: the room holds the frames next to the one on the glass. The decoder child, its
socket, the shader and the room are those of every day. The page's clock has steps of 1 ms. A key that is held down goes
over the same frames: a script in the page tells it of the key again every 33 ms, and the room steps with the next beat
once a frame has been seen. The two animation frames are those of the open room while nothing is drawn in it."""


def glass_section(glass: Seen) -> str:
    """What the window saw and in what."""
    view = glass["view"]
    gl = f"{view['painter']} on {'software GL' if glass['software'] else 'the graphics card'}"
    lines = [
        f"- View: pictures of {view['picture']} on a glass of {view['glass']} device pixels; window {view['window']}",
        f"- Drawn by {gl}, {glass['webkit']}, on a display of its own (Xvfb)",
        f"- Limpet: {glass['build']}",
        f"- Machine: {glass['machine']}; load {glass['load']:.1f} when it began",
        f"- Clip: {glass['title']}",
    ]
    if missed := sum(step["shown"] is None for step in glass["steps"]):
        lines.append(f"- Not on the glass before the next key: {missed} steps")
    if glass["failed"]:
        lines.append("- **The run failed**: frames went astray.")
    if glass["quick"]:
        lines.append("- **A quick run**: few steps.")
    return "\n\n".join([key_to_glass(glass), "\n".join(lines), GLASS])


def report(
    seen: dict[str, Seen], glass: Seen | None, loaded: dict[str, Seen], said: Iterable[str], before: str = ""
) -> str:
    """The whole page. What the one before says of the engine, or of the server, stays where nothing was seen of it."""
    engine_before, heading, server_before = before.partition(f"\n{UNDER_LOAD}\n")
    engine = of_engine(seen, glass, said) if seen else engine_before or HEAD
    server = section(loaded) if loaded else heading + server_before
    return "\n\n".join(part.strip() for part in (engine, server) if part) + "\n"


def of_engine(seen: dict[str, Seen], glass: Seen | None, said: Iterable[str]) -> str:
    """All but the server."""
    clips = [clip for clip in all_clips() if clip.name in seen]
    missing = ", ".join(clip.name for clip in all_clips() if clip.name not in seen)
    parts = [HEAD, "\n".join([*said, *([f"- Not measured: {missing}"] if missing else [])])]
    met = {True: "yes", False: "**no**", None: ""}
    rows = [[goal.what, goal.clip, goal.wanted, goal.measured, met[goal.met]] for goal in goals(seen, glass)]
    parts += ["## Targets", table(["", "clip", "wanted", "measured", "met"], rows)]
    for clip in clips:
        parts += [f"## {clip.title}", operations(clip, seen[clip.name])]
        parts.append("\n".join(f"- {remark}" for remark in remarks(seen[clip.name])))
    if handled := {name: found for name, found in seen.items() if found["traces"]}:
        parts += ["## What hands do", hands(handled)]
    if glass:
        parts += ["## From the key to the glass", glass_section(glass)]
    return "\n\n".join(part.strip() for part in [*parts, HOW] if part)
