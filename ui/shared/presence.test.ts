import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AGAIN_HERE, AGAIN_TYPING, type Doing, Pulse, RESTS_AFTER } from "./presence";

let said: Doing[];
let hold: Promise<void> | null;
let pulse: Pulse;
const here = { here: true, typing: null };
const writes = { here: true, typing: "everyone" };

beforeEach(() => {
  vi.useFakeTimers();
  said = [];
  hold = null;
  pulse = new Pulse(async (doing) => {
    said.push(doing);
    await hold;
  });
});
afterEach(() => vi.useRealTimers());

/** What was said since the last time. */
const since = (): Doing[] => said.splice(0);
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test("being there is said at once, again now and then, and no more when it is left", async () => {
  pulse.look(true);
  pulse.look(true);
  await pass(0);
  expect(since()).toEqual([here]);
  await pass(AGAIN_HERE * 2);
  expect(since()).toEqual([here, here]);
  pulse.look(false);
  await pass(AGAIN_HERE * 3);
  expect(since()).toEqual([{ here: false, typing: null }]);
});

test("a hundred keys are a few words, and a rest ends them", async () => {
  pulse.look(true);
  await pass(0);
  since();
  for (let key = 0; key < 100; key++) {
    pulse.type("everyone");
    await pass(100);
  }
  expect(since()).toEqual([writes, writes, writes]);
  await pass(RESTS_AFTER);
  expect(since().at(-1)).toEqual(here);
  await pass(AGAIN_TYPING);
  expect(since()).toEqual([]);
});

test("sending ends it at once, and a note is another thing than a reply", async () => {
  pulse.look(true);
  pulse.type("everyone");
  await pass(0);
  pulse.type("staff");
  await pass(0);
  pulse.rest();
  await pass(0);
  expect(since()).toEqual([here, writes, { here: true, typing: "staff" }, here]);
});

test("what is said slowly is not overtaken, and what could not be said is said again", async () => {
  let go = () => {};
  hold = new Promise((done) => (go = done));
  pulse.look(true);
  pulse.type("everyone");
  pulse.rest();
  pulse.type("everyone");
  await pass(0);
  expect(since()).toEqual([here]);
  hold = Promise.reject(new Error("no connection"));
  hold.catch(() => undefined);
  go();
  await pass(0);
  expect(since()).toEqual([writes]);
  await pass(AGAIN_TYPING);
  expect(since()).toEqual([writes]);
});

test("a key in a field that nobody looks at says nothing", async () => {
  pulse.type("everyone");
  await pass(AGAIN_HERE);
  expect(since()).toEqual([]);
});
