import { expect, it } from "vitest";
import { actionOf, type Press } from "./keys";

const press = (key: string, some: Partial<Press> = {}): Press => ({
  key,
  shiftKey: false,
  altKey: false,
  ctrlKey: false,
  metaKey: false,
  ...some,
});

it("steps by one, and by ten with Shift", () => {
  expect(actionOf(press("ArrowRight"))).toEqual({ do: "step", by: 1 });
  expect(actionOf(press(","))).toEqual({ do: "step", by: -1 });
  expect(actionOf(press("ArrowLeft", { shiftKey: true }))).toEqual({ do: "step", by: -10 });
});

it("moves the picture with Alt, as a hand would", () => {
  expect(actionOf(press("ArrowRight", { altKey: true }))).toEqual({ do: "pan", x: -1, y: 0 });
});

it("does not mind Caps Lock", () => {
  expect(actionOf(press("S"))).toEqual({ do: "capture" });
  expect(actionOf(press("M"))).toEqual({ do: "mute" });
});

it("leaves the system's keys and other letters alone", () => {
  expect(actionOf(press("s", { ctrlKey: true }))).toBeNull();
  expect(actionOf(press("ArrowLeft", { metaKey: true }))).toBeNull();
  expect(actionOf(press("q"))).toBeNull();
  expect(actionOf(press("Tab"))).toBeNull();
});
