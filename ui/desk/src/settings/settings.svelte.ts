// Settings being changed: a copy that becomes real only when the desk has accepted it.

import type { Failure, Settings } from "@limpet/shared/gen/wire";
import { failureOf } from "@limpet/shared/host/failure";
import { callsOf, type Host } from "@limpet/shared/host/host";

export class SettingsForm {
  filingFolder = $state("");
  language = $state("");
  theme = $state("");
  isBusy = $state(false);
  failure = $state.raw<Failure | null>(null);
  private readonly call;

  constructor(host: Host, now: Settings) {
    this.call = callsOf(host);
    this.filingFolder = now.filing_folder;
    this.language = now.language;
    this.theme = now.theme;
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
      });
    } catch (thrown) {
      this.failure = failureOf(thrown);
      return null;
    } finally {
      this.isBusy = false;
    }
  }
}
