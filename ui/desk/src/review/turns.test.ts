import { expect, test } from "vitest";
import { inTurn } from "./turns";

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

test("what fails does not keep the next one out", async () => {
  await expect(inTurn("clip", () => Promise.reject(new Error("gone")))).rejects.toThrow("gone");
  expect(await inTurn("clip", () => Promise.resolve("open"))).toBe("open");
});
