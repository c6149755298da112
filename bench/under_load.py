"""The server under load, in figures and tables: what `script/bench server` adds to docs/BENCHMARKS.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median

from .figures import Seen
from .goals import Goal, ms
from .tables import table

HEADING = "## The server under load"
LIVE = {
    "spread": "SQLite, many practices",
    "few": "SQLite, few practices",
    "follow": "SQLite, every device fetches",
    "postgres": "PostgreSQL, many practices",
    "fetched": "PostgreSQL, every device fetches",
    "unheard": "SQLite, nobody listens",
}
UPLOADED = {"limpet": "**Limpet**", "tus": "@tus/server"}
IN_TIME_MS = 100
FLAT = 1.1
"""How much more memory the second half of an upload may take than the first."""

HOW = """Every listener is a `GET /v1/live` of its own, with the session of a staff member or of a client's phone,
which are shared evenly over the practices: in each, desks (with one session between them) and phones by turns. Phones
hear only of their own conversation. Messages are written over all conversations by desks and phones in turns, and
their time counts from when they were **due**, whatever the server did: a stall is in the figures of all that had to
wait. A listener has heard of a message with the first event whose revision is not lower than the one the feed shows
for it; each message counts once for each listener that sees it. *Last listener* is the slowest of each message. In
*every device fetches* each listener also asks `/v1/changes` whenever it hears of something, as devices do, and is
done when it has the page; on PostgreSQL messages from before were waiting, and that they had arrived was written and
told too. The server runs as it is started by hand, with its log, SQLite as ever with
`synchronous=FULL`, PostgreSQL with its own defaults (`fsync` on), on the same disk. **Load and server share the
machine's cores**: on machines of their own the times would be shorter; the processor times are those of the server's
process alone (and of PostgreSQL's).

Uploads go by turns to `limpet-server` and to `@tus/server` with `@tus/file-store`, from the same client, one POST and
one PATCH a file, four files at once, onto the same disk. Limpet also asks who sends it, writes progress into the
feed, and has the file on the disk (`fdatasync`) before it answers; the other server does none of that. For memory a
hundred files are sent at once, all at the same pace; what has arrived is punched out of the files as they grow, so
that 20 GB need not be free, and the server sees nothing of that. Nothing is prepared (`--workers 0`)."""


def section(loaded: dict[str, Seen]) -> str:
    """The whole of it."""
    met = {True: "yes", False: "**no**", None: ""}
    rows = [[goal.what, goal.clip, goal.wanted, goal.measured, met[goal.met]] for goal in goals(loaded)]
    parts = [HEADING, table(["", "", "wanted", "measured", "met"], rows), "\n".join(said(loaded))]
    if "postgres" in loaded:
        loaded = loaded | {"fetched": loaded["postgres"]["fetched"]}
    if live := {name: loaded[name] for name in LIVE if name in loaded}:
        parts += ["### Listeners and messages", listeners(live)]
    if costs := list(per_core(loaded)):
        parts += ["### What it takes of a core", table(["", "processor time of the server"], costs)]
    if "uploads" in loaded:
        parts += ["### Uploads", uploads(loaded["uploads"])]
    if "memory" in loaded:
        parts += ["### Memory", memory(loaded["memory"])]
    if "sync" in loaded:
        parts += ["### First sync", first_sync(loaded["sync"])]
    return "\n\n".join([*parts, HOW])


def said(loaded: dict[str, Seen]) -> list[str]:
    """On what."""

    def each(key: str) -> str:
        return "; ".join(dict.fromkeys(seen[key] for seen in loaded.values()))

    lines = [f"- Command: `script/bench server`; machine: {each('machine')}", f"- Limpet: {each('build')}"]
    busy = ", ".join(f"{name} {seen['load_before']:.1f}" for name, seen in loaded.items())
    lines.append(f"- Load of the machine before each part: {busy}")
    if any(seen["quick"] for seen in loaded.values()):
        lines.append("- **A quick run**: little of everything. Its figures are worth nothing.")
    return lines


def goals(loaded: dict[str, Seen]) -> Iterator[Goal]:
    """What was wanted of it."""
    for name in ("spread", "few", "postgres"):
        if name in loaded:
            seen = loaded[name]
            took = seen["write_to_listener_ms"]
            what = f"{seen['listeners']} listeners, {seen['writing']['rate']} messages/s: write to listener"
            right = seen["never_heard"] == seen["lost"] == seen["writing"]["failed"] == 0
            heard = f"{ms(took['p50'])} / {ms(took['p95'])} ms"
            met = right and took["p95"] < IN_TIME_MS
            yield Goal(what, f"{LIVE[name]}: {seen['practices']}", f"p95 < {IN_TIME_MS} ms", heard, met)
    if "uploads" in loaded:
        times = ratio(loaded["uploads"])
        yield Goal("upload throughput, times @tus/server's", "by turns, same disk", "1", f"{times:.2f}", times >= 1)
    if "memory" in loaded:
        seen = loaded["memory"]["limpet"]
        first, second = halves(seen)
        what = f"memory over {seen['files']} uploads at once of {megabytes(seen['bytes'] / seen['files'])} MB"
        yield Goal(what, "second half to first", f"flat: < {FLAT}", f"{second / first:.2f}", second / first < FLAT)
    if "sync" in loaded:
        seen = loaded["sync"]["pages"]["1000"]
        yield Goal(f"first sync of {seen['messages']:,} messages", "from SQLite", "", f"{seen['seconds']:.1f} s", None)


def listeners(live: dict[str, Seen]) -> str:
    """One row a case."""
    head = ["p50 / p95 / p99, ms", "practices", "listeners", "messages/s", "events/s"]
    head += ["write to listener", "last listener", "write to answer", "never heard, lost, failed"]
    rows = []
    for name, seen in live.items():
        writing = seen["writing"]
        row = [LIVE[name], seen["practices"], seen["listeners"], writing["rate"]]
        row += [f"{seen['events'] / writing['seconds']:.0f}"]
        row += [three(seen[key]) for key in ("write_to_listener_ms", "write_to_last_listener_ms", "write_to_answer_ms")]
        rows.append([*map(str, row), f"{seen['never_heard']}, {seen['lost']}, {writing['failed']}"])
    return table(head, rows)


def three(took: Seen | None) -> str:
    """p50 / p95 / p99."""
    return " / ".join(ms(took[key]) for key in ("p50", "p95", "p99")) if took else ""


def idle_each(seen: Seen, of: str = "server") -> float:
    """Processor time a second of one listener that hears nothing, ms."""
    return seen["idle"]["cpu_s"][of] / seen["idle"]["seconds"] / seen["listeners"] * 1000


def message_each(seen: Seen, of: str = "server") -> float:
    """Processor time of one message and of all who hear of it, ms, without what listening takes anyway."""
    writing = seen["writing"]
    resting = seen["idle"]["cpu_s"][of] / seen["idle"]["seconds"] * writing["seconds"]
    return (writing["cpu_s"][of] - resting) / writing["messages"] * 1000


def event_each(heard: Seen, unheard: Seen, of: str = "server") -> float:
    """Processor time of one event, ms: what a message takes more when it is heard."""
    events = heard["events"] / heard["writing"]["messages"]
    return (message_each(heard, of) - message_each(unheard, of)) / events


def both(each: Callable[[str], float]) -> str:
    """Of the server and of the database."""
    return f"{each('server'):.2f} ms, and {each('database'):.2f} ms of PostgreSQL"


def per_core(loaded: dict[str, Seen]) -> Iterator[list[str]]:
    """What each thing takes."""
    if "spread" in loaded:
        seen = loaded["spread"]
        before, listening = (seen["memory"][when]["server"]["rss_bytes"] for when in ("before", "listening"))
        grown = listening - before
        opening = seen["opening"]["cpu_s"]["server"] / seen["listeners"] * 1000
        yield ["a device that begins to listen", f"{opening:.2f} ms"]
        idle = f"{idle_each(seen) * 1000:.1f} ms a second; {grown / seen['listeners'] * 1000 / 1e6:.0f} MB"
        yield ["1,000 listeners that hear nothing", idle]
    if "unheard" in loaded:
        yield ["a message, SQLite", f"{message_each(loaded['unheard']):.2f} ms"]
    for name in ("spread", "few"):
        if name in loaded and "unheard" in loaded:
            each = event_each(loaded[name], loaded["unheard"])
            yield [f"an event, {LIVE[name].split(', ')[1]}", f"{each * 1000:.0f} µs"]
    if "follow" in loaded and "unheard" in loaded:
        each = event_each(loaded["follow"], loaded["unheard"])
        yield ["an event and the page that is fetched for it, SQLite", f"{each:.2f} ms"]
    if "postgres" in loaded:
        seen, full = loaded["postgres"], loaded["postgres"]["full"]
        yield ["a message and its events, PostgreSQL", both(lambda of: message_each(seen, of))]
        fetched = both(lambda of: event_each(seen["fetched"], seen, of))
        yield ["an event and the page that is fetched for it, PostgreSQL", fetched]
        cpu = both(lambda of: full["cpu_s"][of] / full["writes"] * 1000)
        rate = f"{full['writes'] / full['seconds']:.0f} a second"
        yield ["as many writes as one practice takes, PostgreSQL", f"{rate}: {cpu} each"]
    if "sync" in loaded:
        full = loaded["sync"]["filled"]
        each = full["cpu_s"]["server"] / full["writes"] * 1000
        rate = f"{full['writes'] / full['seconds']:.0f} a second"
        yield ["as many writes as it takes, SQLite", f"{rate}: {each:.2f} ms each"]
        seen = loaded["sync"]["pages"]["1000"]
        yield ["1,000 changes of a first sync", f"{seen['cpu_s']['server'] / seen['changes'] * 1e6:.0f} ms"]
    for found in loaded.get("clips", {}).get("clips", []):
        each = found["cpu_s"]["server"] / found["clip_s"]
        yield [f"a second of a clip prepared: {found['title'].split(',')[0]}", f"{each:.2f} s"]
    if "uploads" in loaded:
        yield ["a GB uploaded", f"{upload(loaded['uploads'], 'limpet')[1]:.2f} s"]


def upload(seen: Seen, server: str) -> tuple[float, float]:
    """Bytes a second and processor time a GB: medians of the rounds."""
    rounds = [done for done in seen["rounds"] if done["server"] == server]
    speeds, cpu = zip(*((done["bytes_per_second"], done["cpu_s"]["server"] / done["bytes"] * 1e9) for done in rounds))
    return median(speeds), median(cpu)


def ratio(seen: Seen) -> float:
    """How many times the other's throughput ours is."""
    return upload(seen, "limpet")[0] / upload(seen, "tus")[0]


def uploads(seen: Seen) -> str:
    """One row a server."""
    rows = []
    for server, shown in UPLOADED.items():
        rounds = [done for done in seen["rounds"] if done["server"] == server]
        speeds = [done["bytes_per_second"] / 1e6 for done in rounds]
        _, cpu = upload(seen, server)
        size = rounds[0]["bytes"] // rounds[0]["files"]
        row = [shown, f"{len(rounds)} of {rounds[0]['files']} × {megabytes(size)} MB"]
        row += [f"{median(speeds):.0f} ({min(speeds):.0f} to {max(speeds):.0f})"]
        rows.append([*row, ms(median(done["file_ms"]["p50"] for done in rounds)), f"{cpu:.2f}"])
    return table(["", "rounds", "MB/s (least to most)", "a file, p50 ms", "processor s a GB"], rows)


def halves(seen: Seen) -> tuple[float, float]:
    """The median memory of the first and of the second half."""
    sizes = [moment["rss_bytes"]["server"] for moment in seen["memory"]]
    return median(sizes[: len(sizes) // 2 or 1]), median(sizes[len(sizes) // 2 :])


def memory(seen: Seen) -> str:
    """One row a server."""
    rows = []
    for server, shown in UPLOADED.items():
        found = seen[server]
        before = found["memory"][0]["rss_bytes"]["server"]
        cells = [before, *halves(found), found["peak_rss_bytes"]]
        speed = [f"{found['seconds']:.0f}", f"{found['bytes_per_second'] / 1e6:.0f}"]
        rows.append([shown, *map(megabytes, cells), *speed])
    return table(["MB", "before", "first half", "second half", "peak", "seconds", "MB/s"], rows)


def megabytes(size: float) -> str:
    """As a person reads it."""
    return f"{size / (1 << 20):.0f}"


def first_sync(seen: Seen) -> str:
    """One row a size of page."""
    rows = []
    for page, found in seen["pages"].items():
        row = [page, found["requests"], f"{found['changes']:,}", f"{found['messages']:,}"]
        row += [f"{found['bytes'] / 1e6:.1f}", f"{found['seconds']:.1f}", three(found["page_ms"])]
        row.append(f"{found['cpu_s']['server']:.1f}")
        rows.append(list(map(str, row)))
    head = ["changes a page", "requests", "changes", "messages", "MB", "seconds", "a page, ms", "processor s"]
    return table(head, rows) + f"\n\nPeak memory of the server: {megabytes(seen['peak_rss_bytes'])} MB."
