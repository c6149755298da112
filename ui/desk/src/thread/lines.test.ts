import { expect, test } from "vitest";
import type { ThreadMessage } from "@limpet/shared/gen/wire";
import { linesOf } from "./lines";

const MINUTE = 60_000;
const noon = Date.UTC(2025, 10, 22, 12);
const said = (id: string, at: number, by: "client" | "staff", some: Partial<ThreadMessage["message"]> = {}): ThreadMessage => ({
  message: {
    id,
    conversation: "c",
    author: { kind: by, id: by },
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
    ...some,
  },
  author: by,
  attachments: [],
  delivery: { kind: "sent" },
});
const shape = (messages: ThreadMessage[], seen: number | null, zone = "UTC") =>
  linesOf(messages, seen, zone).map((line) =>
    line.kind === "message" ? `${line.of.message.id}${line.follows ? "+" : ""}` : `${line.day === null ? "" : "day "}${line.unseen ? "new" : ""}`.trim(),
  );

test("days part the messages, in the zone of the practice", () => {
  const messages = [said("a", Date.UTC(2025, 10, 22, 3), "client"), said("b", Date.UTC(2025, 10, 22, 6), "client")];
  expect(shape(messages, null)).toEqual(["day", "a", "b"]);
  expect(shape(messages, null, "America/New_York")).toEqual(["day", "a", "day", "b"]);
});

test("the unseen mark stands once, before the client's first unseen message", () => {
  const messages = [
    said("a", noon, "client"),
    said("b", noon + MINUTE, "staff"),
    said("c", noon + 20 * MINUTE, "client"),
    said("d", noon + 21 * MINUTE, "client"),
  ];
  expect(shape(messages, noon)).toEqual(["day", "a", "b", "new", "c", "d+"]);
  expect(shape(messages, noon + 30 * MINUTE)).toEqual(["day", "a", "b", "c", "d+"]);
});

test("a mark at the start of a day is one line with it", () => {
  expect(shape([said("a", noon, "client"), said("b", noon + 86_400_000, "client")], noon)).toEqual(["day", "a", "day new", "b"]);
});

test("a note does not run on from a reply by the same hand, nor a message after a pause", () => {
  const messages = [
    said("a", noon, "staff"),
    said("b", noon + MINUTE, "staff"),
    said("note", noon + 2 * MINUTE, "staff", { audience: "staff" }),
    said("late", noon + 9 * MINUTE, "staff", { audience: "staff" }),
  ];
  expect(shape(messages, null)).toEqual(["day", "a", "b+", "note", "late"]);
});

test("a message in the outbox is placed by the time it was written", () => {
  expect(shape([said("a", noon, "staff"), said("b", noon + MINUTE, "staff", { received_at: 0 })], null)).toEqual(["day", "a", "b+"]);
});
