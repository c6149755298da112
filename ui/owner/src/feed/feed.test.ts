import type { ChangePage } from "@limpet/shared/gen/wire";
import { describe, expect, it } from "vitest";
import { readFeed } from "./feed";

const page = (revision: number, more: boolean): ChangePage => ({ revision, more, changes: [], epoch: "now" });

async function read(since: number, pages: Record<number, ChangePage>) {
  const asked: number[] = [];
  const got: [number, boolean][] = [];
  const pasts: string[] = [];
  const source = (from: number, past: string) => {
    asked.push(from);
    pasts.push(past);
    const answer = pages[from];
    return answer ? Promise.resolve(answer) : Promise.reject(new Error("not asked for"));
  };
  for await (const one of readFeed(since, "before", source)) got.push([one.revision, one.restart]);
  expect(pasts).toEqual(pasts.map((_, number) => (number === 0 ? "before" : "now")));
  return { asked, got };
}

describe("reading the feed", () => {
  it("goes page by page to the end", async () => {
    const pages = { 0: page(5, true), 5: page(9, true), 9: page(10, false) };
    expect(await read(0, pages)).toEqual({ asked: [0, 5, 9], got: [[5, false], [9, false], [10, false]] });
  });

  it("starts over when the server was set back", async () => {
    expect(await read(50, { 50: page(7, false), 0: page(7, false) })).toEqual({ asked: [50, 0], got: [[7, true]] });
  });

  it("starts over when it counts in another past, also from the very beginning", async () => {
    let asked = 0;
    const source = (from: number) => Promise.resolve(asked++ === 0 ? page(0, true) : page(from === 0 ? 7 : from, false));
    const got: [number, boolean][] = [];
    for await (const one of readFeed(0, "before", source)) got.push([one.revision, one.restart]);
    expect(got).toEqual([[7, true]]);
    const stuck = readFeed(0, "before", () => Promise.resolve(page(0, true)));
    await expect(stuck.next()).rejects.toThrow("does not move on");
  });
});
