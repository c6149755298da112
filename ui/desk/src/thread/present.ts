// Who is in the conversation, as a line: whoever writes first, whoever only looks last.

import type { PersonHere } from "@limpet/shared/gen/wire";
import { threadWords } from "./words";

export interface Line {
  text: string;
  /** Somebody writes to the client at this moment: an answer of one's own would be the second. */
  warns: boolean;
}

/** One line, or none when nobody else is there. */
export function presentLine(people: readonly PersonHere[]): Line | null {
  const t = threadWords();
  const named = (wanted: (person: PersonHere) => boolean) => people.filter(wanted).map(({ name }) => name);
  const answering = named(({ is_client, typing }) => !is_client && typing === "everyone");
  const parts: string[] = [];
  const say = (names: string[], words: (names: { names: string; many: boolean }) => string) => {
    if (names.length > 0) parts.push(words({ names: names.join(", "), many: names.length > 1 }));
  };
  say(answering, t.answering);
  say(named(({ is_client, typing }) => is_client && typing !== null), t.clientWrites);
  say(named(({ is_client, typing }) => !is_client && typing === "staff"), t.notes);
  say(named(({ typing }) => typing === null), t.isHere);
  return parts.length > 0 ? { text: parts.join(" · "), warns: answering.length > 0 } : null;
}
