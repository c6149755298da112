// Opening a conversation: find the client and the animal, say the reason.

import type { Client, ClientRow, ConversationId, Failure, Patient } from "@limpet/shared/gen/wire";
import { failureOf } from "@limpet/shared/host/failure";
import { callsOf, type Host } from "@limpet/shared/host/host";
import { again } from "../shell/again";

const ROWS = 30;
/** How long after the last key a search is asked, milliseconds. */
const SEARCH_AFTER = 150;

export type Step =
  | { at: "find" }
  | { at: "client" }
  | { at: "patient"; client: Client }
  | { at: "reason"; client: Client; patient: Patient };

export class Start {
  step = $state.raw<Step>({ at: "find" });
  search = $state("");
  rows = $state.raw<readonly ClientRow[] | null>(null);
  subject = $state("");
  isBusy = $state(false);
  failure = $state.raw<Failure | null>(null);
  readonly refresh: () => Promise<void>;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly call;

  constructor(host: Host) {
    this.call = callsOf(host);
    this.refresh = again(async () => {
      try {
        this.rows = await this.call("list_clients", { search: this.search.trim(), limit: ROWS });
        this.failure = null;
      } catch (thrown) {
        this.failure = failureOf(thrown);
      }
    });
  }

  find(words: string): void {
    this.search = words;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.refresh(), SEARCH_AFTER);
  }

  go(step: Step): void {
    this.failure = null;
    this.step = step;
  }

  /** Opens it. Null with `failure` set when that did not work. */
  async open(): Promise<ConversationId | null> {
    if (this.step.at !== "reason" || this.isBusy) return null;
    this.isBusy = true;
    this.failure = null;
    try {
      return await this.call("start_conversation", {
        client: this.step.client.id,
        patient: this.step.patient.id,
        subject: this.subject.trim(),
      });
    } catch (thrown) {
      this.failure = failureOf(thrown);
      return null;
    } finally {
      this.isBusy = false;
    }
  }
}
