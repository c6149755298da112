// The desk inside its own window. The only file that names Tauri.

import { convertFileSrc, invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { open, save } from "@tauri-apps/plugin-dialog";
import type { DeskEvent } from "../gen/wire";
import type { Host } from "./host";
import { failureOf } from "./failure";

/** Resolves once events are heard, so that nothing falls between the first question and the first event. */
export async function connect(): Promise<Host> {
  const listeners = new Set<(event: DeskEvent) => void>();
  await listen<DeskEvent>("desk", (event) => listeners.forEach((heard) => heard(event.payload)));
  // The scheme has another address on Windows; an empty path gives the part that differs.
  const scheme = convertFileSrc("", "limpet");
  const pictures = scheme.endsWith("/") ? scheme : `${scheme}/`;

  return {
    call: (name, args) =>
      invoke("call", { call: { name, args } }).catch((thrown: unknown) => {
        throw failureOf(thrown);
      }),
    listen(heard) {
      listeners.add(heard);
      return () => listeners.delete(heard);
    },
    async pickFiles() {
      const paths = await open({ multiple: true });
      return paths ?? [];
    },
    pickFolder: () => open({ directory: true }),
    pickSave(suggested) {
      const ending = /\.(\w+)$/.exec(suggested)?.[1];
      const filters = ending ? [{ name: ending.toUpperCase(), extensions: [ending] }] : [];
      return save({ defaultPath: suggested, filters });
    },
    openReset: (server) =>
      invoke<void>("open_reset", { server }).catch((thrown: unknown) => {
        throw failureOf(thrown);
      }),
    mediaUrl: (attachment, kind) => `${pictures}media/${attachment}/${kind}`,
  };
}
