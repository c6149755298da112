// Settings being changed: a copy that becomes real only when the desk has accepted it.

import type { Failure, Settings } from "@limpet/shared/gen/wire";
import { failureOf } from "@limpet/shared/host/failure";
import { callsOf, type Host } from "@limpet/shared/host/host";

/** Sizes to choose from, megabytes. */
export const REVIEW_MEMORY = [256, 384, 512, 1024, 2048] as const;

export class SettingsForm {
  filingFolder = $state("");
  language = $state("");
  theme = $state("");
  /** Megabytes; 0 leaves it to Limpet. */
  reviewMemory = $state(0);
  isBusy = $state(false);
  failure = $state.raw<Failure | null>(null);
  private readonly call;

  constructor(host: Host, now: Settings) {
    this.call = callsOf(host);
    this.filingFolder = now.filing_folder;
    this.language = now.language;
    this.theme = now.theme;
    this.reviewMemory = now.review_memory_mb;
  }

  /** What the desk made of it, or null with `failure` set: a folder it cannot write to is refused. */
  async save(): Promise<Settings | null> {
    this.isBusy = true;
    this.failure = null;
    try {
      return await this.call("save_settings", {
        filing_folder: this.filingFolder.trim(),
        language: this.language,
        theme: this.theme,
        review_memory_mb: this.reviewMemory,
      });
    } catch (thrown) {
      this.failure = failureOf(thrown);
      return null;
    } finally {
      this.isBusy = false;
    }
  }
}
