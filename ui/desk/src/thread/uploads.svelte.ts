// How far each upload has come, from the events between two questions.

import type { Attachment, AttachmentId, DeskEvent } from "@limpet/shared/gen/wire";
import { share } from "@limpet/shared/parts/sizes";
import { SvelteMap } from "svelte/reactivity";

export class Uploads {
  private readonly sent = new SvelteMap<AttachmentId, number>();

  hear(event: Extract<DeskEvent, { kind: "progress" }>): void {
    if (event.sent >= event.total) this.sent.delete(event.attachment);
    else this.sent.set(event.attachment, event.sent);
  }

  /** Whole percent that have arrived. */
  percent(attachment: Attachment): number {
    const known = attachment.state.kind === "uploading" ? attachment.state.received : attachment.bytes;
    return share(Math.max(known, this.sent.get(attachment.id) ?? 0), attachment.bytes);
  }
}
