// The end of a conversation being written down: summary, plan, and whether its transcript is filed.
// A folder chosen here is saved first; a conversation does not end towards a folder that cannot be written to.

import type { ConversationId, Failure, Settings } from "@limpet/shared/gen/wire";
import { failureOf } from "@limpet/shared/host/failure";
import { callsOf, type Host } from "@limpet/shared/host/host";

/** What the person sees as wrong, and beside which field. */
export interface Wrong {
  readonly field: "folder" | "all";
  readonly failure: Failure;
}

export class EndingForm {
  summary = $state("");
  plan = $state("");
  file = $state(true);
  includeNotes = $state(false);
  folder = $state("");
  isBusy = $state(false);
  wrong = $state.raw<Wrong | null>(null);
  private readonly call;

  constructor(
    readonly conversation: ConversationId,
    host: Host,
    private readonly settings: Settings,
  ) {
    this.call = callsOf(host);
    this.folder = settings.filing_folder;
    // Where nothing can be filed yet, filing is an offer and not the rule.
    this.file = settings.filing_folder !== "";
  }

  get canEnd(): boolean {
    return !this.isBusy && (!this.file || this.folder.trim() !== "");
  }

  /**
   * Ends it, once the words still in the field are kept. Answers the settings when the folder was changed on the way,
   * `true` when not, or null with `wrong` set.
   */
  end(keepWords: () => Promise<void>): Promise<Settings | true | null> {
    return this.do(async () => {
      await keepWords();
      await this.call("end_conversation", {
        conversation: this.conversation,
        summary: this.summary.trim(),
        plan: this.plan.trim(),
        file: this.file,
        include_notes: this.includeNotes,
      });
    });
  }

  /** Files the transcript of one that has ended already. */
  fileOnly(): Promise<Settings | true | null> {
    this.file = true;
    return this.do(() =>
      this.call("file_transcript", { conversation: this.conversation, include_notes: this.includeNotes, path: "" }),
    );
  }

  private async do(deed: () => Promise<unknown>): Promise<Settings | true | null> {
    if (!this.canEnd) return null;
    this.isBusy = true;
    this.wrong = null;
    try {
      const settings = await this.saveFolder();
      if (settings === null) return null;
      await deed();
      return settings;
    } catch (thrown) {
      this.wrong = { field: "all", failure: failureOf(thrown) };
      return null;
    } finally {
      this.isBusy = false;
    }
  }

  private async saveFolder(): Promise<Settings | true | null> {
    const folder = this.folder.trim();
    if (!this.file || folder === this.settings.filing_folder) return true;
    try {
      return await this.call("save_settings", { ...this.settings, filing_folder: folder });
    } catch (thrown) {
      this.wrong = { field: "folder", failure: failureOf(thrown) };
      return null;
    }
  }
}
