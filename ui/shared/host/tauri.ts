// The desk inside its own window. The only file that names Tauri.

import { convertFileSrc, invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { open, save } from "@tauri-apps/plugin-dialog";
import type { DeskEvent } from "../gen/wire";
import type { Host } from "./host";
import { failureOf } from "./failure";

export function connect(): Promise<Host> {
  // The scheme has another address on Windows; an empty path gives the part that differs.
  const scheme = convertFileSrc("", "limpet");
  const pictures = scheme.endsWith("/") ? scheme : `${scheme}/`;

  return Promise.resolve({
    call: (name, args) =>
      invoke("call", { call: { name, args } }).catch((thrown: unknown) => {
        throw failureOf(thrown);
      }),
    listen(heard) {
      const stop = listen<DeskEvent>("desk", (event) => heard(event.payload));
      return () => void stop.then((unlisten) => unlisten());
    },
    async pickFiles() {
      const paths = await open({ multiple: true });
      return paths ?? [];
    },
    pickFolder: () => open({ directory: true }),
    pickSave: (suggested) => save({ defaultPath: suggested, filters: [{ name: "PDF", extensions: ["pdf"] }] }),
    mediaUrl: (attachment, kind) => `${pictures}media/${attachment}/${kind}`,
  });
}
