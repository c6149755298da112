// Saving what was sent, byte for byte, where the person says.

import type { Attachment } from "@limpet/shared/gen/wire";
import { fileName } from "@limpet/shared/parts/names";
import type { App } from "../shell/app.svelte";
import { threadWords } from "./words";

/** What is saved: the file and the name it was sent with. */
export type Original = Pick<Attachment, "id" | "name">;

/** Asks where and saves; answers where it lies, or null when the person changed their mind. */
export async function saveOriginal(app: App, { id, name }: Original): Promise<string | null> {
  const path = await app.host.pickSave(fileName(name));
  if (path === null) return null;
  const saved = await app.call("save_attachment", { attachment: id, path });
  return saved.path;
}

/** Saving from the thread: one at a time, and said when it is done. */
export class Saving {
  isBusy = $state(false);

  constructor(private readonly app: App) {}

  async save(original: Original): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    await this.app.attempt(async () => {
      const path = await saveOriginal(this.app, original);
      if (path !== null) this.app.notices.say(threadWords().saved(path));
    });
    this.isBusy = false;
  }
}
