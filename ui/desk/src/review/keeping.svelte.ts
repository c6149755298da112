// What a person takes out of the review room: stills into the reply, and the original onto this computer. One of each
// at a time, and said when it is done.

import type { AttachmentId, ConversationId, StagedFile } from "@limpet/shared/gen/wire";
import { sentence } from "./failures";
import type { Notices } from "./notices.svelte";
import type { Drawn } from "./review-state.svelte";
import type { Desk } from "./session.svelte";
import { w } from "./words";

export class Keeping {
  capturing = $state(false);
  saving = $state(false);
  /** Stills in the reply, the composer's order. */
  stills = $state.raw<StagedFile[]>([]);

  constructor(
    private readonly clip: AttachmentId,
    private readonly conversation: ConversationId,
    private readonly desk: Desk,
    private readonly notices: Notices,
  ) {}

  async countStills(): Promise<void> {
    try {
      const thread = await this.desk.call("open_conversation", this.conversation);
      this.stills = thread.draft.files.filter((file) => file.kind === "still");
    } catch {
      // The count starts at nothing; capturing works all the same and says so if it does not.
    }
  }

  /** Captures what is on the glass. */
  async capture(drawn: Drawn | null): Promise<void> {
    if (!drawn?.exact) return this.notices.say("trouble", w().notExactYet);
    this.capturing = true;
    try {
      const still = await this.desk.call("capture_still", { clip: this.clip, frame: drawn.frame });
      this.stills = [...this.stills.filter((one) => one.id !== still.id), still];
      if (drawn.hurt) this.notices.say("trouble", w().capturedDamaged);
      else this.notices.say("done", w().captured({ stills: this.stills.length }));
    } catch (thrown) {
      this.notices.say("trouble", sentence(thrown, "capture"));
    } finally {
      this.capturing = false;
    }
  }

  /** Saves the original; the deed answers where it lies, or null when nobody wanted it. */
  async save(deed: () => Promise<string | null>): Promise<void> {
    if (this.saving) return;
    this.saving = true;
    try {
      const path = await deed();
      if (path !== null) this.notices.say("done", w().saved({ path }));
    } catch (thrown) {
      this.notices.say("trouble", sentence(thrown, "save"));
    } finally {
      this.saving = false;
    }
  }
}
