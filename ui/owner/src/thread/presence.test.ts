import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Presence } from "./presence.svelte";

let asked: string[];
let presence: Presence;

beforeEach(() => {
  asked = [];
  presence = new Presence();
  vi.stubGlobal("fetch", async (path: string, { method, body }: RequestInit) => {
    asked.push(`${method} ${path} ${body as string}`);
    return new Response(null, { status: 204 });
  });
});
afterEach(() => vi.unstubAllGlobals());

const rest = () => new Promise((soon) => setTimeout(soon, 0));

test("the practice writes where it writes, until it stops or the line breaks", () => {
  const practice = { kind: "practice" } as const;
  presence.hear({ conversation: "a", people: [{ who: practice, typing: "everyone" }] });
  expect([presence.writesIn("a"), presence.writesIn("b")]).toEqual([true, false]);
  presence.hear({ conversation: "a", people: [{ who: practice, typing: null }] });
  expect(presence.writesIn("a")).toBe(false);
  presence.hear({ conversation: "a", people: [{ who: practice, typing: "everyone" }] });
  presence.hear({ conversation: "a", people: [] });
  expect(presence.writesIn("a")).toBe(false);
  presence.hear({ conversation: "a", people: [{ who: practice, typing: "everyone" }] });
  presence.forget();
  expect(presence.writesIn("a")).toBe(false);
});

test("who turns to another conversation leaves the first, and an empty field is not being written in", async () => {
  presence.typed("lost");
  presence.look("a");
  presence.look("a");
  await rest();
  presence.typed("She");
  await rest();
  presence.typed(" ");
  await rest();
  presence.look("b");
  presence.look(null);
  await rest();
  const says = (conversation: string, here: boolean, typing: string | null) =>
    `PUT /v1/conversations/${conversation}/presence ${JSON.stringify({ here, typing })}`;
  expect(asked).toEqual([
    says("a", true, null),
    says("a", true, "everyone"),
    says("a", true, null),
    says("a", false, null),
    says("b", true, null),
    says("b", false, null),
  ]);
});
