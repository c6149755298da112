import type { Change, Conversation, Entity, Message } from "@limpet/shared/gen/wire";
import { describe, expect, it } from "vitest";
import { merge, seenIn, type Things, unseenUpTo, viewOf } from "./things";

const conversation = (id: string, change: Partial<Conversation> = {}): Conversation => ({
  id,
  client: "client",
  patient: "biscuit",
  subject: "Limping",
  state: "open",
  urgent: false,
  assignee: null,
  department: null,
  tags: [],
  opened_at: 1,
  waiting_since: null,
  escalated_at: null,
  snooze: null,
  read_by_staff: 0,
  delivered_to_client: 0,
  read_by_client: 0,
  ending: null,
  ...change,
});

const message = (id: string, received_at: number, change: Partial<Message> = {}): Message => ({
  id,
  conversation: "c",
  author: { kind: "staff", id: "vet" },
  audience: "everyone",
  automatic: false,
  body: id,
  attachments: [],
  sent_at: received_at,
  received_at,
  mentions: [],
  due_at: null,
  edited_at: null,
  deleted_at: null,
  ...change,
});

const change = (revision: number, entity: Entity): Change => ({ revision, entity });
const all = (...changes: Change[]): Things => merge(new Map(), changes).things;

describe("a conversation that is gone", () => {
  const file = (id: string): Entity => ({
    kind: "attachment",
    state: {
      ...({} as Extract<Entity, { kind: "attachment" }>["state"]),
      id,
      conversation: "c",
    },
  });
  const pages = [
    change(1, { kind: "conversation", state: conversation("c") }),
    change(2, { kind: "message", state: message("m", 10, { body: "It limps" }) }),
    change(3, file("f")),
    change(4, { kind: "message", state: message("kept", 10) }),
    change(9, { kind: "tombstone", state: { of: "conversation", id: "c" } }),
    // It became part of another one, with what was in it that is still there.
    change(9, { kind: "message", state: message("kept", 10, { conversation: "d" }) }),
  ];

  it("takes its words and files off the phone, in whatever order that is heard", () => {
    const forward = merge(all(...pages.slice(0, 4)), pages.slice(4));
    const backward = all(...[...pages].reverse(), ...pages);
    expect([...backward].sort()).toEqual([...forward.things].sort());
    expect(JSON.stringify([...backward.values()])).not.toContain("It limps");
    expect(viewOf(backward).messages.get("d")?.map((m) => m.id)).toEqual(["kept"]);
    expect([...viewOf(backward).gone]).toEqual(["f"]);
    // What is written over what was kept.
    expect(forward.news.map((thing) => thing.key).sort()).toEqual([
      "attachment:f",
      "conversation:c",
      "message:kept",
      "message:m",
    ]);
  });
});

describe("merging", () => {
  const pages = [
    change(1, { kind: "conversation", state: conversation("c") }),
    change(2, { kind: "message", state: message("m", 10) }),
    change(3, { kind: "message", state: message("m", 10, { body: "later" }) }),
    change(4, { kind: "tombstone", state: { of: "conversation", id: "c" } }),
  ];

  it("ends in the same state whatever the order and however often", () => {
    const forward = all(...pages);
    const backward = all(...[...pages].reverse(), ...pages);
    expect([...backward].sort()).toEqual([...forward].sort());
    expect(viewOf(all(...pages.slice(0, 3))).messages.get("c")?.[0]?.body).toBe("later");
  });

  it("does not bring the dead back", () => {
    const dead = all(...pages);
    expect(viewOf(merge(dead, pages.slice(0, 1)).things).conversations).toEqual([]);
  });

  it("says only what is new", () => {
    const known = all(...pages);
    expect(merge(known, pages).news).toEqual([]);
    expect(merge(known, [change(5, { kind: "message", state: message("n", 20) })]).news).toHaveLength(1);
  });
});

describe("what is seen of a file", () => {
  it("tells one that never arrived from one that was no good", () => {
    const facts = { conversation: "c", message: "m", kind: "clip", name: "", mime: "", bytes: 1, sha256: null } as const;
    const more = { clip: null, still_of: null, caption: "", captured_at: null, link: null } as const;
    const state = { kind: "refused", reason: "" } as const;
    const refused = (id: string, uploaded_at: number | null): Entity => ({
      kind: "attachment",
      state: { id, ...facts, ...more, state, uploaded_at, has_poster: false, has_rendition: false },
    });
    const seen = seenIn(viewOf(all(change(1, refused("late", null)), change(2, refused("bad", 7)))));
    expect(["late", "bad", "unknown"].map(seen.attachment)).toEqual(["undelivered", "refused", null]);
  });
});

describe("the view", () => {
  it("orders a thread by when the server took it", () => {
    const things = all(
      change(1, { kind: "message", state: message("b", 20) }),
      change(2, { kind: "message", state: message("a", 10) }),
      change(3, { kind: "message", state: message("c", 20) }),
    );
    expect(viewOf(things).messages.get("c")?.map((m) => m.id)).toEqual(["a", "b", "c"]);
  });

  it("puts the conversation with the latest words first", () => {
    const things = all(
      change(1, { kind: "conversation", state: conversation("old", { opened_at: 5 }) }),
      change(2, { kind: "conversation", state: conversation("c", { opened_at: 1 }) }),
      change(3, { kind: "message", state: message("m", 50) }),
    );
    expect(viewOf(things).conversations.map((c) => c.id)).toEqual(["c", "old"]);
  });

  it("knows what the client has not seen, and does not count their own words", () => {
    const seen = conversation("c", { read_by_client: 10 });
    const mine = change(2, { kind: "message", state: message("n", 30, { author: { kind: "client", id: "x" } }) });
    const things = all(change(1, { kind: "message", state: message("m", 10) }), mine);
    expect(unseenUpTo(viewOf(things), seen)).toBeNull();
    const answered = merge(things, [change(3, { kind: "message", state: message("o", 40) })]).things;
    expect(unseenUpTo(viewOf(answered), seen)).toBe(40);
  });
});
