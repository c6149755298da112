import { expect, test } from "vitest";
import { again } from "./again";

test("however often it is asked meanwhile, it runs once more", async () => {
  const doors: (() => void)[] = [];
  let beside = 0;
  let most = 0;
  const ask = again(async () => {
    beside += 1;
    most = Math.max(most, beside);
    await new Promise<void>((open) => doors.push(open));
    beside -= 1;
  });

  const all = [ask(), ask(), ask(), ask()];
  doors[0]?.();
  await all[0];
  await Promise.resolve();
  expect(doors.length).toBe(2);
  doors[1]?.();
  await Promise.all(all);
  expect([doors.length, most]).toEqual([2, 1]);
});

test("a question that failed can be asked again", async () => {
  let runs = 0;
  const ask = again(() => {
    runs += 1;
    return runs === 1 ? Promise.reject(new Error("no")) : Promise.resolve();
  });
  const first = ask();
  const second = ask();
  await expect(first).rejects.toThrow("no");
  await second;
  expect(runs).toBe(2);
});
