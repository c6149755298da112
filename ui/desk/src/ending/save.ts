// Saving a transcript where the person says.

import type { Thread } from "@limpet/shared/gen/wire";
import { fileName } from "@limpet/shared/parts/names";
import { dayOf } from "@limpet/shared/parts/times";
import type { App } from "../shell/app.svelte";
import { endingWords } from "./words";

/** Asks where, saves, and says where it lies. */
export async function savePdf(app: App, thread: Thread, includeNotes: boolean): Promise<void> {
  await app.attempt(async () => {
    const path = await app.host.pickSave(suggestedName(thread, app.zone));
    if (path === null) return;
    const saved = await app.call("save_transcript", {
      conversation: thread.conversation.id,
      include_notes: includeNotes,
      path,
    });
    app.notices.say(endingWords().saved(saved.path));
  });
}

/** `Biscuit 2025-11-22.pdf`. */
export const suggestedName = (thread: Thread, zone: string): string =>
  fileName(`${thread.patient.name} ${dayOf(thread.conversation.opened_at, zone)}.pdf`);
