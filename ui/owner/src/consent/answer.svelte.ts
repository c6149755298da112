// What this client says to the practice's text, until the practice has it.
//
// Must always be true: an answer is kept on this device before it is told, and keeps its id, so that telling it twice
// is telling it once.

import type { ClientId, ConsentId, NewConsent } from "@limpet/shared/gen/wire";
import { ask, notDone } from "../net/ask";
import { newId } from "../outbox/uuid7";

interface Kept {
  id: ConsentId;
  version: number;
  given: boolean;
}

const placeOf = (client: ClientId): string => `limpet.consent.${client}`;

export class Answer {
  private kept: Kept | null = $state.raw(null);
  private telling = false;

  constructor(private readonly client: ClientId) {
    this.kept = recall(client);
  }

  /** The version that was answered here and is not yet told. */
  get version(): number | null {
    return this.kept?.version ?? null;
  }

  /** Says it: at once, or as soon as the practice is reached. */
  give(version: number, given: boolean): void {
    this.keep({ id: newId(), version, given });
    void this.tell();
  }

  /** Tells the practice what it has not been told. One that it will never take is forgotten, and asked for again. */
  async tell(): Promise<void> {
    const { kept } = this;
    if (!kept || this.telling) return;
    this.telling = true;
    const said: NewConsent = { client: this.client, version: kept.version, given: kept.given };
    try {
      await ask("PUT", `/v1/consents/${kept.id}`, said);
    } catch (thrown) {
      if ([400, 404, 409].includes(notDone(thrown).status)) this.keep(null);
    } finally {
      this.telling = false;
    }
  }

  /** The practice has an answer to this version. */
  taken(versions: ReadonlySet<number>): void {
    if (this.kept && versions.has(this.kept.version)) this.keep(null);
  }

  private keep(kept: Kept | null): void {
    this.kept = kept;
    try {
      if (kept) localStorage.setItem(placeOf(this.client), JSON.stringify(kept));
      else localStorage.removeItem(placeOf(this.client));
    } catch {
      // Then it is told while this page is open, or asked for again.
    }
  }
}

function recall(client: ClientId): Kept | null {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(placeOf(client)) ?? "null");
    return typeof kept === "object" && kept !== null && "id" in kept ? (kept as Kept) : null;
  } catch {
    return null;
  }
}
