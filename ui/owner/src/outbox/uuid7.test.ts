import { describe, expect, it } from "vitest";
import { idMaker, newId } from "./uuid7";

const zeroes = (bytes: Uint8Array<ArrayBuffer>) => bytes.fill(0);
const ones = (bytes: Uint8Array<ArrayBuffer>) => bytes.fill(255);

describe("ids", () => {
  it("carry the time, version 7 and the variant", () => {
    expect(idMaker(() => 0x017f22e279b0, zeroes)()).toBe("017f22e2-79b0-7000-8000-000000000000");
    expect(idMaker(() => 0x017f22e279b0, ones)()).toBe("017f22e2-79b0-77ff-bfff-ffffffffffff");
  });

  it("sort by creation within a millisecond, past the counter's end and when the clock goes back", () => {
    let time = 1_700_000_000_000;
    const make = idMaker(() => time, ones);
    const ids = Array.from({ length: 6000 }, make);
    time -= 60_000;
    ids.push(make(), make());
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("are different each time with the device's own randomness", () => {
    expect(newId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(newId()).not.toBe(newId());
  });
});
