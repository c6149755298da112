// How far each upload has come, from the events between two questions.

import type { Attachment, AttachmentId, DeskEvent } from "@limpet/shared/gen/wire";
import { share } from "@limpet/shared/parts/sizes";
import { SvelteMap } from "svelte/reactivity";

export class Uploads {
  private readonly sent = new SvelteMap<AttachmentId, number>();

  hear(event: Extract<DeskEvent, { kind: "progress" }>): void {
    // Kept past the last byte, because the attachment counts as on its way until the next answer. An attempt that has
    // to begin further back is no news to whoever watches.
    this.sent.set(event.attachment, Math.max(event.sent, this.sent.get(event.attachment) ?? 0));
  }

  /** Whole percent that have arrived. */
  percent(attachment: Attachment): number {
    const known = attachment.state.kind === "uploading" ? attachment.state.received : attachment.bytes;
    return share(Math.max(known, this.sent.get(attachment.id) ?? 0), attachment.bytes);
  }
}
