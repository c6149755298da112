import type { Attachment, AttachmentState, Change, Message } from "@limpet/shared/gen/wire";
import { describe, expect, it } from "vitest";
import { merge, viewOf } from "../feed/things";
import type { Entry, Piece } from "../outbox/outbox";
import { threadOf, type Words } from "./rows";

const noon = Date.UTC(2025, 10, 22, 12);

const message = (id: string, at: number, change: Partial<Message> = {}): Message => ({
  id,
  conversation: "c",
  author: { kind: "client", id: "ana" },
  audience: "everyone",
  automatic: false,
  body: id,
  attachments: [],
  sent_at: at,
  received_at: at,
  mentions: [],
  due_at: null,
  edited_at: null,
  deleted_at: null,
  ...change,
});

const attachment = (id: string, state: AttachmentState): Attachment => ({
  id,
  conversation: "c",
  message: "m",
  kind: "clip",
  name: "walk.mov",
  mime: "video/quicktime",
  bytes: 100,
  state,
  sha256: null,
  clip: null,
  still_of: null,
  caption: "",
  captured_at: null,
  uploaded_at: null,
  link: null,
  has_poster: false,
  has_rendition: false,
});

const piece = (state: Piece["state"]): Piece => ({
  id: "clip",
  kind: "clip",
  name: "walk.mov",
  mime: "video/quicktime",
  bytes: 100,
  captured_at: null,
  state,
  begun: true,
  reason: "",
});

const entry = (id: string, change: Partial<Entry> = {}): Entry => ({
  id,
  conversation: "c",
  seq: 1,
  body: id,
  sent_at: noon,
  pieces: [],
  touched: true,
  announced: false,
  refused: null,
  tries: 0,
  not_before: 0,
  shown_at: 0,
  ...change,
});

function thread(things: (Message | Attachment)[], entries: Entry[], read = 0) {
  const changes: Change[] = things.map((state, at) => ({
    revision: at + 1,
    entity: "body" in state ? { kind: "message", state } : { kind: "attachment", state },
  }));
  changes.push({
    revision: 99,
    entity: {
      kind: "conversation",
      state: {
        id: "c",
        client: "ana",
        patient: "biscuit",
        subject: "",
        state: "open",
        urgent: false,
        assignee: null,
        department: null,
        tags: [],
        opened_at: 0,
        waiting_since: null,
        escalated_at: null,
        snooze: null,
        read_by_staff: read,
        delivered_to_client: 0,
        read_by_client: 0,
        ending: null,
      },
    },
  });
  return threadOf(viewOf(merge(new Map(), changes).things), entries, "c");
}

const words = (rows: ReturnType<typeof thread>["rows"]) => rows.filter((row): row is Words => row.is === "words");

describe("the thread", () => {
  it("shows a message once, before and after the server has it", () => {
    const before = thread([], [entry("m")]);
    const both = thread([message("m", noon)], [entry("m", { announced: true })]);
    const after = thread([message("m", noon)], []);
    for (const shown of [before, both, after]) expect(words(shown.rows).map((w) => w.key)).toEqual(["m"]);
    expect(words(before.rows)[0]?.delivery).toBe("waiting");
    expect(words(both.rows)[0]?.delivery).toBe("sent");
  });

  it("says when the practice has seen it", () => {
    const shown = thread([message("m", noon), message("n", noon + 2)], [], noon + 1);
    expect(words(shown.rows).map((w) => w.delivery)).toEqual(["seen", "sent"]);
  });

  it("keeps a leaving clip at the end until it has arrived, also below a later answer", () => {
    const own = message("m", noon, { attachments: ["clip"] });
    const answer = message("a", noon + 5, { author: { kind: "staff", id: "vet" } });
    const leaving = entry("m", { announced: true, pieces: [piece("waiting")] });
    const sending = thread([own, answer, attachment("clip", { kind: "uploading", received: 40 })], [leaving]);
    expect(words(sending.rows).map((w) => w.key)).toEqual(["a"]);
    expect(sending.leaving).toMatchObject([{ key: "m", files: [{ showing: "leaving", received: 40, here: true }] }]);
    const arrived = entry("m", { announced: true, pieces: [piece("arrived")] });
    const done = thread([own, answer, attachment("clip", { kind: "processing" })], [arrived]);
    expect(words(done.rows).map((w) => w.key)).toEqual(["m", "a"]);
    expect(done.leaving).toEqual([]);
  });

  it("shows what the server says about a file, and what happened here since", () => {
    const own = message("m", noon, { attachments: ["clip"] });
    const show = (state: AttachmentState, entries: Entry[], uploaded_at: number | null = noon) =>
      words(thread([own, { ...attachment("clip", state), uploaded_at }], entries).rows)[0]?.files[0];
    expect(show({ kind: "uploading", received: 1 }, [])?.showing).toBe("elsewhere");
    expect(show({ kind: "ready" }, [])?.showing).toBe("ready");
    expect(show({ kind: "refused", reason: "Cancelled." }, [], null)?.showing).toBe("withdrawn");
    expect(show({ kind: "refused", reason: "No picture in it." }, [])).toMatchObject({
      showing: "refused",
      reason: "No picture in it.",
      here: false,
    });
    const kept = entry("m", { announced: true, pieces: [piece("arrived")] });
    expect(show({ kind: "refused", reason: "x" }, [kept])?.here).toBe(true);
    const again = entry("m", { announced: true, pieces: [piece("waiting")] });
    const late = { ...attachment("clip", { kind: "refused", reason: "Not in time." }), uploaded_at: null };
    expect(thread([own, late], [again]).leaving).toMatchObject([{ files: [{ showing: "leaving" }] }]);
    const cancelled = entry("m", { announced: true, pieces: [piece("withdrawing")] });
    expect(show({ kind: "uploading", received: 1 }, [cancelled])?.showing).toBe("withdrawn");
  });

  it("says that a file was cancelled when the server has forgotten it", () => {
    const own: Change = { revision: 1, entity: { kind: "message", state: message("m", noon, { attachments: ["clip"] }) } };
    const dead: Change = { revision: 2, entity: { kind: "tombstone", state: { of: "attachment", id: "clip" } } };
    const shown = threadOf(viewOf(merge(new Map(), [own, dead]).things), [], "c");
    expect(words(shown.rows)[0]?.files[0]?.showing).toBe("withdrawn");
  });

  it("parts the days", () => {
    const shown = thread([message("m", noon), message("n", noon + 1), message("o", noon + 48 * 3600_000)], []);
    expect(shown.rows.map((row) => row.is)).toEqual(["day", "words", "words", "day", "words"]);
  });
});
