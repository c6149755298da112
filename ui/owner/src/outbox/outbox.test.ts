import { describe, expect, it } from "vitest";
import {
  abandoned,
  announcement,
  cancel,
  delayed,
  dismiss,
  eager,
  type Entry,
  judge,
  KEEP_REFUSED,
  next,
  pause,
  type Piece,
  type Seen,
  settle,
  withPiece,
} from "./outbox";

const piece = (id: string, change: Partial<Piece> = {}): Piece => ({
  id,
  kind: "clip",
  name: `${id}.mov`,
  mime: "video/quicktime",
  bytes: 1000,
  captured_at: null,
  state: "waiting",
  begun: false,
  reason: "",
  ...change,
});

const entry = (id: string, seq: number, change: Partial<Entry> = {}): Entry => ({
  id,
  conversation: "biscuit",
  seq,
  body: "",
  sent_at: 100 + seq,
  pieces: [],
  touched: false,
  announced: false,
  refused: null,
  tries: 0,
  not_before: 0,
  shown_at: 0,
  ...change,
});

const no = (status: number) => ({ ok: false as const, status, failure: null });

describe("the next step", () => {
  it("announces messages in the order of writing, whatever the order of the list", () => {
    expect(next([entry("b", 2), entry("a", 1)], "words", 0)).toMatchObject({ do: "announce", entry: { id: "a" } });
  });

  it("never lets a later message of a conversation overtake one that pauses", () => {
    const list = [entry("a", 1, { not_before: 50 }), entry("b", 2)];
    expect(next(list, "words", 10)).toEqual({ do: "wait", until: 50 });
    expect(next(list, "words", 50)).toMatchObject({ entry: { id: "a" } });
  });

  it("goes on in another conversation meanwhile", () => {
    const list = [entry("a", 1, { not_before: 50 }), entry("b", 2, { conversation: "max" })];
    expect(next(list, "words", 10)).toMatchObject({ entry: { id: "b" } });
  });

  it("steps over a refused message, which waits for a person", () => {
    const refused = { code: "invalid" as const, message: "Too long." };
    expect(next([entry("a", 1, { refused }), entry("b", 2)], "words", 0)).toMatchObject({ entry: { id: "b" } });
  });

  it("sends no byte before its message is announced", () => {
    expect(next([entry("a", 1, { pieces: [piece("clip")] })], "bytes", 0)).toEqual({ do: "wait", until: null });
    const announced = entry("a", 1, { announced: true, pieces: [piece("clip")] });
    expect(next([announced], "bytes", 0)).toMatchObject({ do: "upload", piece: { id: "clip" } });
  });

  it("announces words while a clip is on its way", () => {
    const list = [entry("a", 1, { announced: true, pieces: [piece("clip")] }), entry("b", 2, { body: "hello" })];
    expect(next(list, "words", 0)).toMatchObject({ do: "announce", entry: { id: "b" } });
  });

  it("withdraws a cancelled file before it sends the next one", () => {
    const pieces = [piece("one"), piece("two", { state: "withdrawing" })];
    const list = [entry("a", 1, { announced: true, pieces })];
    expect(next(list, "bytes", 0)).toMatchObject({ do: "withdraw", piece: { id: "two" } });
  });

  it("has nothing to do when all has arrived", () => {
    const done = entry("a", 1, { announced: true, pieces: [piece("one", { state: "arrived" })] });
    expect(next([done], "words", 0)).toEqual({ do: "wait", until: null });
    expect(next([done], "bytes", 0)).toEqual({ do: "wait", until: null });
  });
});

describe("an answer", () => {
  it.each([0, 408, 429, 500, 503, 507])("%i is tried again", (status) => {
    expect(judge(no(status), "words", 99)).toBe("again");
    expect(judge(no(status), "bytes", 99)).toBe("again");
  });

  it("of 401 stops everything until the link is opened again", () => {
    expect(judge(no(401), "words", 0)).toBe("signed-out");
  });

  it.each([400, 404, 409, 413, 422])("%i to a message is for a person", (status) => {
    expect(judge(no(status), "words", 0)).toBe("refused");
  });

  it("about the offset is asked again, but not for ever", () => {
    expect(judge(no(409), "bytes", 0)).toBe("again");
    expect(judge(no(409), "bytes", 6)).toBe("refused");
  });
});

describe("pauses", () => {
  it("grow to a minute and are spread", () => {
    expect([1, 2, 3, 7, 50].map((tries) => pause(tries, 1))).toEqual([1000, 2000, 4000, 60000, 60000]);
    expect(pause(3, 0)).toBe(3000);
  });

  it("end at once when the connection is back", () => {
    const waiting = delayed(delayed(entry("a", 1), 1000, 1), 5000, 1);
    expect(waiting).toMatchObject({ tries: 2, not_before: 7000 });
    expect(eager(waiting)).toMatchObject({ tries: 0, not_before: 0 });
  });
});

describe("cancelling", () => {
  it("drops what the server never heard of", () => {
    expect(cancel(entry("a", 1, { pieces: [piece("one")] }), "one")).toBeNull();
    expect(cancel(entry("a", 1, { body: "look", pieces: [piece("one")] }), "one")).toMatchObject({ pieces: [] });
  });

  it("asks the server when it may have heard, and keeps the announcement as it was", () => {
    const touched = entry("a", 1, { touched: true, pieces: [piece("one")] });
    const cancelled = cancel(touched, "one");
    expect(cancelled).toMatchObject({ pieces: [{ state: "withdrawing" }] });
    expect(cancelled && announcement(cancelled)).toEqual(announcement(touched));
  });
});

describe("taking down", () => {
  const sent = (state: Piece["state"]) => entry("a", 1, { touched: true, announced: true, pieces: [piece("one", { state })] });

  it.each(["lost", "refused"] as const)("what was %s on the way tells the server that it is not coming", (state) => {
    const dismissed = dismiss(sent(state), "one");
    expect(dismissed && next([dismissed], "bytes", 0)).toMatchObject({ do: "withdraw", piece: { id: "one" } });
  });

  it("what had arrived needs nobody to be told", () => {
    expect(dismiss(sent("arrived"), "one")).toMatchObject({ pieces: [{ state: "withdrawn" }] });
  });
});

describe("settling with the feed", () => {
  const seen = (states: Record<string, Seen>) => (id: string) => states[id] ?? null;
  const sent = entry("a", 1, { touched: true, announced: true, pieces: [piece("one")] });

  it("keeps everything until the server's own copy has been seen", () => {
    expect(settle(entry("a", 1, { announced: true }), false, seen({}))).not.toBeNull();
    expect(settle(entry("a", 1, { announced: true }), true, seen({}))).toBeNull();
  });

  it("keeps a clip until it is ready to be seen", () => {
    expect(settle(sent, true, seen({ one: "uploading" }))).toBe(sent);
    expect(settle(sent, true, seen({ one: "processing" }))).toMatchObject({ pieces: [{ state: "arrived" }] });
    expect(settle(sent, true, seen({ one: "ready" }))).toBeNull();
  });

  it("sends nothing twice when only the answer was lost", () => {
    const unsure = entry("a", 1, { touched: true, pieces: [piece("one")] });
    const settled = settle(unsure, true, seen({ one: "processing" }));
    expect(settled && next([settled], "words", 0)).toEqual({ do: "wait", until: null });
    expect(settled && next([settled], "bytes", 0)).toEqual({ do: "wait", until: null });
  });

  it("keeps a refused file for a second attempt, for three days", () => {
    const settled = settle(sent, true, seen({ one: "refused" }));
    expect(settled).toMatchObject({ pieces: [{ state: "arrived" }] });
    const shown = settled && { ...settled, shown_at: 5000 };
    expect(shown && abandoned(shown, 5000 + KEEP_REFUSED)).toBe(false);
    expect(shown && abandoned(shown, 5000 + KEEP_REFUSED + 1)).toBe(true);
  });

  it("keeps what was refused until a person has been shown it, however long that takes", () => {
    const refused = entry("a", 1, { touched: true, refused: { code: "invalid", message: "Too long." } });
    expect(abandoned(refused, Number.MAX_SAFE_INTEGER)).toBe(false);
    const older = { ...refused, shown_at: undefined } as unknown as Entry;
    expect(abandoned(older, Number.MAX_SAFE_INTEGER)).toBe(false);
  });

  it("sends again from the beginning what ran out of time before it had arrived", () => {
    expect(settle(sent, true, seen({ one: "undelivered" }))).toBe(sent);
    const begun = piece("one", { state: "arrived", begun: true });
    const settled = settle({ ...sent, pieces: [begun], shown_at: 5 }, true, seen({ one: "undelivered" }));
    expect(settled).toMatchObject({ shown_at: 0, pieces: [{ state: "waiting", begun: false }] });
    expect(settled && next([settled], "bytes", 0)).toMatchObject({ do: "upload" });
    expect(settled && abandoned(settled, Number.MAX_SAFE_INTEGER)).toBe(false);
  });

  it("never abandons what still waits to be sent", () => {
    expect(abandoned(sent, Number.MAX_SAFE_INTEGER)).toBe(false);
    expect(abandoned(entry("b", 2), Number.MAX_SAFE_INTEGER)).toBe(false);
  });

  it("ends a cancelled file when the server has forgotten it", () => {
    const cancelled = withPiece(sent, "one", { state: "withdrawing" });
    expect(settle(cancelled, true, seen({ one: "uploading" }))).not.toBeNull();
    expect(settle(cancelled, true, seen({ one: "gone" }))).toBeNull();
    expect(settle(cancelled, true, seen({ one: "refused" }))).toBeNull();
    expect(settle(cancelled, true, seen({ one: "undelivered" }))).toBeNull();
  });
});
