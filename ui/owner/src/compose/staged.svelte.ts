// What is being written and chosen, before it is sent. The words survive a reload.

import { MESSAGE_LIMIT } from "@limpet/shared/gen/wire";
import type { Chosen } from "../outbox/box.svelte";
import { newId } from "../outbox/uuid7";
import { check, FILES_LIMIT, megabytes, phone, plainName } from "./accept";
import { w } from "./words";

/** Why something cannot be sent, in sentences. */
export interface Problem {
  key: string;
  sentences: string[];
}

export class Staged {
  files: Chosen[] = $state.raw([]);
  problems: Problem[] = $state.raw([]);
  body = $state("");
  /** Whether the place for the words is open although there are none yet. */
  writing = $state(false);
  /** Whether a person is being asked if all this may go. */
  asking = $state(false);

  constructor(
    private readonly place: string,
    private readonly agent = navigator.userAgent,
  ) {
    try {
      this.body = localStorage.getItem(place) ?? "";
    } catch {
      // No storage: the words live as long as the page.
    }
  }

  // Not $derived: what is derived ends with the component that asked first, and this outlives components.

  /** How many characters too many. */
  get over(): number {
    return [...this.body].length - MESSAGE_LIMIT;
  }

  get sendable(): boolean {
    return this.holds && this.over <= 0;
  }

  /** Whether there is nothing to show yet. */
  get atRest(): boolean {
    return !this.writing && this.files.length === 0 && this.body === "";
  }

  private get holds(): boolean {
    return this.files.length > 0 || this.body.trim() !== "";
  }

  /** Keeps the words. */
  keep(): void {
    try {
      if (this.body === "") localStorage.removeItem(this.place);
      else localStorage.setItem(this.place, this.body);
    } catch {
      // As above.
    }
  }

  /** Takes chosen files in; those that cannot be sent become sentences. `filmed`: just now, by the camera. */
  add(files: readonly File[], filmed: boolean): void {
    this.problems = [];
    for (const file of files) {
      const verdict = check(file);
      if (!verdict.fits) {
        this.complain(file.name + file.size, this.sentences(file, verdict.why, verdict.kind === "clip"));
      } else if (this.files.length >= FILES_LIMIT) {
        this.complain("many", [w().tooMany({ limit: FILES_LIMIT })]);
        return;
      } else {
        const { kind, mime } = verdict;
        const captured_at = filmed ? file.lastModified : null;
        this.files = [...this.files, { id: newId(), file, kind, mime, name: plainName(file.name), captured_at }];
      }
    }
  }

  remove(id: string): void {
    this.files = this.files.filter((file) => file.id !== id);
    this.asking = false;
  }

  dismiss(): void {
    this.problems = [];
  }

  /** Lets go of everything, after asking if there is anything. Answers whether it is gone. */
  discard(): boolean {
    this.asking = !this.asking && this.holds;
    if (!this.asking) this.clear();
    return !this.asking;
  }

  /** Everything is on its way, or let go. */
  clear(): void {
    this.writing = false;
    this.asking = false;
    this.files = [];
    this.problems = [];
    this.body = "";
    this.keep();
  }

  private complain(key: string, sentences: string[]): void {
    this.problems = [...this.problems, { key, sentences }];
  }

  private sentences(file: File, why: "empty" | "too-large" | "wrong-type", clip: boolean): string[] {
    const t = w();
    const of = { name: file.name, size: megabytes(file.size) };
    if (why === "empty") return [t.empty(of)];
    if (why === "wrong-type") return [t.wrongType(of)];
    if (!clip) return [t.tooLarge(of), t.smaller];
    const how = { iphone: t.trimIphone, android: t.trimAndroid, other: t.trimOther }[phone(this.agent)];
    return [t.tooLarge(of), t.trim, how];
  }
}
