import { expect, test } from "vitest";
import { SHORTCUTS, deedOf, nameOf } from "./shortcuts";
import { plain } from "./palette.svelte";

const press = (key: string, some: Partial<KeyboardEvent> = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, ...some });

test("every key on the sheet does what the sheet says", () => {
  const printed: Record<string, string> = { "↓": "ArrowDown", "↑": "ArrowUp", Esc: "Escape" };
  for (const { deed, keys } of SHORTCUTS) {
    if (deed === "send" || deed === "line" || deed === "palette") continue;
    for (const key of keys) expect(deedOf(press(printed[key] ?? key), "elsewhere"), key).toBe(deed);
  }
});

test("no key means two things", () => {
  const keys = SHORTCUTS.filter(({ deed }) => deed !== "send" && deed !== "line").flatMap((shortcut) => shortcut.keys);
  expect(new Set(keys).size).toBe(keys.length);
});

test("whoever types keeps the letters, but not the palette and the way out", () => {
  expect(deedOf(press("e"), "typing")).toBeNull();
  expect(deedOf(press("Escape"), "typing")).toBe("leave");
  expect(deedOf(press("k", { ctrlKey: true }), "typing")).toBe("palette");
  expect(deedOf(press("K", { metaKey: true }), "elsewhere")).toBe("palette");
});

test("keys with Ctrl or Alt stay the browser's", () => {
  expect(deedOf(press("e", { ctrlKey: true }), "elsewhere")).toBeNull();
  expect(deedOf(press("c", { metaKey: true }), "elsewhere")).toBeNull();
  expect(deedOf(press("n", { altKey: true }), "elsewhere")).toBeNull();
});

test("the palette finds a name without its accents and case", () => {
  expect(plain("Añadir Transcripción")).toBe("anadir transcripcion");
  expect(SHORTCUTS.every((shortcut) => nameOf(shortcut).length > 0)).toBe(true);
});
