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

it("takes signs that a keyboard has only with Option or AltGr", () => {
  // Spanish: macOS, Windows.
  expect(actionOf(press("[", { altKey: true }))).toEqual({ do: "slower" });
  expect(actionOf(press("]", { altKey: true, ctrlKey: true }))).toEqual({ do: "faster" });
  expect(["s", " ", "0", "Home", "Escape", "@"].map((key) => actionOf(press(key, { altKey: true })))).toEqual(Array(6).fill(null));
  expect(actionOf(press("-", { ctrlKey: true }))).toBeNull();
  expect(actionOf(press("]", { metaKey: true, altKey: true }))).toBeNull();
});

it("slides on the timeline as on any slider, and nowhere else", () => {
  const slide = (key: string, some: Partial<Press> = {}) => actionOf(press(key, some), true);
  expect(slide("ArrowUp")).toEqual({ do: "step", by: 1 });
  expect(slide("ArrowDown")).toEqual({ do: "step", by: -1 });
  expect(slide("PageUp")).toEqual({ do: "step", by: 10 });
  expect(slide("PageDown")).toEqual({ do: "step", by: -10 });
  expect(slide("ArrowUp", { altKey: true })).toEqual({ do: "pan", x: 0, y: 1 });
  expect(slide("Home")).toEqual({ do: "first" });
  expect(["ArrowUp", "PageDown"].map((key) => actionOf(press(key)))).toEqual([null, null]);
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
