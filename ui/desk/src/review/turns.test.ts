import { expect, test } from "vitest";
import { inTurn, outOfTurn } from "./turns";

test("who leaves while a clip opens and comes back finds it open", async () => {
  const done: string[] = [];
  const deed = (name: string) => async () => {
    await Promise.resolve();
    done.push(name);
  };
  let opened = () => {};
  const first = inTurn("clip", () => new Promise<void>((resolve) => (opened = resolve)).then(deed("open")));
  const closed = inTurn("clip", deed("close"));
  const again = inTurn("clip", deed("open again"));
  await inTurn("another", deed("another"));
  await Promise.resolve();
  opened();
  await Promise.all([first, closed, again]);
  expect(done).toEqual(["another", "open", "close", "open again"]);
});

test("what is done out of turn is done at once, and what comes later waits for it and for what was under way", async () => {
  const done: string[] = [];
  let [opened, closed] = [() => {}, () => {}];
  const first = inTurn("clip", () => new Promise<void>((resolve) => (opened = resolve)));
  const close = outOfTurn("clip", () => {
    done.push("close");
    return new Promise<void>((resolve) => (closed = resolve));
  });
  const again = inTurn("clip", async () => void done.push("open again"));
  expect(done).toEqual(["close"]);
  closed();
  await close;
  await Promise.resolve();
  expect(done).toEqual(["close"]);
  opened();
  await Promise.all([first, again]);
  expect(done).toEqual(["close", "open again"]);
});

test("what fails does not keep the next one out", async () => {
  await expect(inTurn("clip", () => Promise.reject(new Error("gone")))).rejects.toThrow("gone");
  expect(await inTurn("clip", () => Promise.resolve("open"))).toBe("open");
});
