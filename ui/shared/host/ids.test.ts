import { expect, test } from "vitest";
import { newId } from "./ids";

test("an id says version 7, its variant and its time", () => {
  const id = newId(0x0192_3456_789a, new Uint8Array(10).fill(0xff));
  expect(id).toBe("01923456-789a-7fff-bfff-ffffffffffff");
});

test("later ids sort after earlier ones", () => {
  expect(newId(1_700_000_000_001) > newId(1_700_000_000_000)).toBe(true);
});
