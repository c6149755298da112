// Words in English and Spanish. A feature owns its words; a missing translation is a type error.

export type Language = "en" | "es";

/** A phrase, or a function of what it speaks about. */
export type Phrase = string | ((about: never) => string);
export type Phrases = Record<string, Phrase>;

let chosen: Language = detect(navigator.languages);

/** The language people read now. */
export const language = (): Language => chosen;

/** Chooses a language; empty follows the system. Takes effect on the next render. */
export function choose(tag: string): void {
  chosen = tag === "en" || tag === "es" ? tag : detect(navigator.languages);
  document.documentElement.lang = chosen;
}

/** The first of the system's languages that there are words for. */
export function detect(tags: readonly string[]): Language {
  for (const tag of tags) {
    const primary = tag.toLowerCase().split("-")[0];
    if (primary === "en" || primary === "es") return primary;
  }
  return "en";
}

/** Joins two languages; the type of the English one is the contract for the other. */
export function words<T extends Phrases>(en: T, es: { [K in keyof T]: T[K] extends string ? string : T[K] }) {
  return (): { [K in keyof T]: T[K] extends string ? string : T[K] } => (chosen === "es" ? es : (en as never));
}
