// Which key does what in the review room. One table, so that the help sheet and the keyboard cannot disagree.

export type Action =
  | { do: "step"; by: number }
  | { do: "first" | "last" | "toggle" | "freeze" | "backward" | "forward" | "slower" | "faster" }
  | { do: "zoom"; by: -1 | 1 }
  | { do: "pan"; x: number; y: number }
  | { do: "whole" | "markA" | "markB" | "clearMarks" | "capture" | "mute" | "help" | "leave" };

export type Press = Pick<KeyboardEvent, "key" | "shiftKey" | "altKey" | "ctrlKey" | "metaKey">;

const FAR = 10;

const PANS: Record<string, Action> = {
  ArrowLeft: { do: "pan", x: 1, y: 0 },
  ArrowRight: { do: "pan", x: -1, y: 0 },
  ArrowUp: { do: "pan", x: 0, y: 1 },
  ArrowDown: { do: "pan", x: 0, y: -1 },
};

/** What a slider does everywhere, where the timeline has the focus. */
const SLIDES: Record<string, Action> = {
  ArrowUp: { do: "step", by: 1 },
  ArrowDown: { do: "step", by: -1 },
  PageUp: { do: "step", by: FAR },
  PageDown: { do: "step", by: -FAR },
};

const PLAIN: Record<string, Action> = {
  ",": { do: "step", by: -1 },
  ".": { do: "step", by: 1 },
  "<": { do: "step", by: -FAR },
  ">": { do: "step", by: FAR },
  Home: { do: "first" },
  End: { do: "last" },
  " ": { do: "toggle" },
  j: { do: "backward" },
  k: { do: "freeze" },
  l: { do: "forward" },
  "[": { do: "slower" },
  "]": { do: "faster" },
  "+": { do: "zoom", by: 1 },
  "=": { do: "zoom", by: 1 },
  "-": { do: "zoom", by: -1 },
  _: { do: "zoom", by: -1 },
  "0": { do: "whole" },
  a: { do: "markA" },
  b: { do: "markB" },
  x: { do: "clearMarks" },
  s: { do: "capture" },
  m: { do: "mute" },
  "?": { do: "help" },
  Escape: { do: "leave" },
};

const REPEATED: ReadonlySet<Action["do"]> = new Set(["step", "zoom", "pan", "slower", "faster"]);

/** Whether a held key does it again and again. Anything else is done once for each press. */
export const repeats = (action: Action): boolean => REPEATED.has(action.do);

/**
 * What some keyboards have only with Option, or with AltGr, which Windows calls Ctrl and Alt: brackets on a Spanish one.
 * A letter, a figure or Space with Alt is the system's.
 */
const isSign = (key: string) => /^[^\p{L}\p{N}\s]$/u.test(key);

/** What a key asks for, or null when it is none of the room's. */
export function actionOf(press: Press, onTimeline = false): Action | null {
  if (press.altKey && !press.metaKey && isSign(press.key)) return PLAIN[press.key] ?? null;
  if (press.ctrlKey || press.metaKey) return null;
  if (press.altKey) return PANS[press.key] ?? null;
  const slide = onTimeline && SLIDES[press.key];
  if (slide) return slide;
  const far = press.shiftKey ? FAR : 1;
  if (press.key === "ArrowLeft") return { do: "step", by: -far };
  if (press.key === "ArrowRight") return { do: "step", by: far };
  return PLAIN[press.key.length === 1 ? press.key.toLowerCase() : press.key] ?? null;
}
