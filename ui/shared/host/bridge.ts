// The desk in a plain browser: the same calls over loopback HTTP, for tests and for work on the UI.

import type { DeskEvent, Failure } from "../gen/wire";
import { words } from "../i18n";
import { failureOf } from "./failure";
import { isFailure, type Host } from "./host";

const say = words(
  {
    gone: "Limpet's bridge does not answer. Start limpet-bridge again and reload this page.",
    folder: "Folder on the machine where the bridge runs:",
  },
  {
    gone: "El puente de Limpet no responde. Vuelva a iniciar limpet-bridge y recargue esta página.",
    folder: "Carpeta en el equipo donde se ejecuta el puente:",
  },
);

/** Resolves once events are heard, or could not be: then they are when the bridge is back. */
export async function connect(): Promise<Host> {
  const listeners = new Set<(event: DeskEvent) => void>();
  const tell = (event: DeskEvent) => listeners.forEach((heard) => heard(event));
  await hearEvents(tell);
  const call = (name: string, args: unknown) =>
    ask("/call", { headers: { "content-type": "application/json" }, body: JSON.stringify({ name, args }) });
  return {
    call,
    listen(heard) {
      listeners.add(heard);
      return () => listeners.delete(heard);
    },
    async pickFiles() {
      return Promise.all((await chooseFiles()).map(stage));
    },
    // A browser may not name a folder of this machine, so the person types it.
    pickFolder: () => Promise.resolve(window.prompt(say().folder) || null),
    // Nor may it name a file: an empty path lets the desk choose one in the downloads folder.
    pickSave: () => Promise.resolve(""),
    async openReset(server) {
      window.open((await call("reset_page", server)) as string, "_blank", "noopener");
    },
    mediaUrl: (attachment, kind) => `/media/${attachment}/${kind}`,
  };
}

function hearEvents(tell: (event: DeskEvent) => void): Promise<void> {
  return new Promise((resolve) => {
    const events = new EventSource("/events");
    let wasOpen = false;
    events.onmessage = (event: MessageEvent<string>) => tell(JSON.parse(event.data) as DeskEvent);
    events.onopen = () => {
      // What happened while the line was cut was not heard, so everything is asked again.
      if (wasOpen) (["state", "lists"] as const).forEach((kind) => tell({ kind }));
      wasOpen = true;
      resolve();
    };
    events.onerror = () => resolve();
  });
}

async function stage(file: File): Promise<string> {
  const answer = await ask(`/stage?name=${encodeURIComponent(file.name)}`, { body: file });
  return (answer as { path: string }).path;
}

function chooseFiles(): Promise<File[]> {
  return new Promise((resolve) => {
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    input.onchange = () => resolve([...(input.files ?? [])]);
    input.oncancel = () => resolve([]);
    input.click();
  });
}

async function ask(path: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(path, { method: "POST", credentials: "same-origin", ...init }).catch((): never => {
    throw { code: "internal", message: say().gone } satisfies Failure;
  });
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return answer;
  throw isFailure(answer) ? answer : failureOf(null);
}
