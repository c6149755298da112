// The text that a practice asks consent to: whether there is one to be asked with, and how it reads.

import type { ConsentText } from "@limpet/shared/gen/wire";
import type { View } from "../feed/things";

/** The newest text, if this client has not answered it. */
export function toBeAsked(view: View): ConsentText | null {
  const text = view.practice?.settings.consent ?? null;
  return text !== null && !view.answered.has(text.version) ? text : null;
}

const primary = (tag: string): string => tag.toLowerCase().split(/[-_]/)[0] ?? "";

/** The words for a reader: in their language, in English, or whatever there is. */
export function worded(words: ConsentText["words"], language: string): string {
  const written = Object.entries(words).filter(([, text]) => text.trim() !== "");
  const found =
    written.find(([tag]) => tag.toLowerCase() === language.toLowerCase()) ??
    written.find(([tag]) => primary(tag) === primary(language)) ??
    written.find(([tag]) => primary(tag) === "en") ??
    written[0];
  return found?.[1] ?? "";
}
