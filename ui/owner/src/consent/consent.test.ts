import type { Entity, Practice } from "@limpet/shared/gen/wire";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { merge, thingsOf, viewOf } from "../feed/things";
import { Answer } from "./answer.svelte";
import { toBeAsked, worded } from "./text";

const view = (...entities: Entity[]) =>
  viewOf(merge(thingsOf([]), entities.map((entity, place) => ({ revision: place + 1, entity }))).things);

const practice = (version: number | null): Entity => {
  const consent = version === null ? null : { version, words: { en: "May we?" }, since: 1 };
  return { kind: "practice", state: { id: "p", name: "Harbour", settings: { consent } } as Practice };
};

const answer = (version: number, given: boolean): Entity => ({
  kind: "consent",
  state: { id: `a${version}`, client: "ana", version, given, at: 1, by: null },
});

describe("what is asked", () => {
  it("is the newest text, until it has an answer of either kind", () => {
    expect(toBeAsked(view())).toBe(null);
    expect(toBeAsked(view(practice(null)))).toBe(null);
    expect(toBeAsked(view(practice(2), answer(1, true)))?.version).toBe(2);
    expect(toBeAsked(view(practice(2), answer(2, true)))).toBe(null);
    expect(toBeAsked(view(practice(2), answer(2, false)))).toBe(null);
  });

  it("reads in the language that is nearest, and never blank while there are words", () => {
    const words = { es: "  ", en: "May we?", "de-AT": "Dürfen wir?" };
    expect(worded(words, "es")).toBe("May we?");
    expect(worded(words, "de")).toBe("Dürfen wir?");
    expect(worded({ fr: "Oui ?" }, "en")).toBe("Oui ?");
    expect(worded({}, "en")).toBe("");
  });
});

describe("an answer", () => {
  const told: { path: string; body: unknown }[] = [];
  let status = 204;

  beforeEach(() => {
    told.length = 0;
    localStorage.clear();
    vi.stubGlobal("fetch", (path: string, { body }: RequestInit) => {
      told.push({ path, body: JSON.parse(body as string) });
      if (status === 0) throw new TypeError("no signal");
      return Promise.resolve(new Response(null, { status }));
    });
  });
  afterEach(() => vi.unstubAllGlobals());

  it("waits on this device without a signal, and is told once under one id", async () => {
    status = 0;
    new Answer("ana").give(2, false);
    await vi.waitFor(() => expect(told).toHaveLength(1));

    const again = new Answer("ana");
    expect(again.version).toBe(2);
    expect(new Answer("bo").version).toBe(null);
    status = 204;
    await again.tell();
    expect(told[1]).toEqual(told[0]);
    expect(told[1]?.body).toEqual({ client: "ana", version: 2, given: false });
    expect(again.version, "the feed has not said it yet").toBe(2);
    again.taken(new Set([1]));
    expect(again.version).toBe(2);
    again.taken(new Set([2]));
    expect(new Answer("ana").version).toBe(null);
  });

  it("that the practice cannot take is asked for again", async () => {
    status = 404;
    const late = new Answer("ana");
    late.give(1, true);
    await vi.waitFor(() => expect(late.version).toBe(null));
  });
});
