// The desk as the UI sees it: calls, events, files, pictures, one page in the browser. Two twins implement it: Tauri and the bridge.

import type { AttachmentId, Calls, DeskEvent, Failure } from "../gen/wire";

export type MediaKind = "original" | "rendition" | "poster";

export interface Host {
  /** Answers one call, or throws a `Failure`. */
  call(name: string, args: unknown): Promise<unknown>;
  /** Hears every event until the returned function is called. */
  listen(heard: (event: DeskEvent) => void): () => void;
  /** Lets the person choose files; answers paths that `stage_file` can read. Empty when they changed their mind. */
  pickFiles(): Promise<string[]>;
  /** Lets the person choose a folder, or answers null. */
  pickFolder(): Promise<string | null>;
  /** Lets the person choose where to save, or answers null. */
  pickSave(suggested: string): Promise<string | null>;
  /** Opens the page of a server, as it was typed, where a forgotten password is replaced, in the browser. */
  openReset(server: string): Promise<void>;
  /** Address of a picture that belongs to an attachment. */
  mediaUrl(attachment: AttachmentId, kind: MediaKind): string;
}

/** Whether something thrown is a `Failure`. */
export const isFailure = (thrown: unknown): thrown is Failure =>
  typeof thrown === "object" && thrown !== null && "code" in thrown && "message" in thrown;

/** The typed calls over a host. */
export const callsOf =
  (host: Host) =>
  <N extends keyof Calls>(name: N, ...args: Calls[N][0] extends null ? [] : [Calls[N][0]]) =>
    host.call(name, args[0] ?? null) as Promise<Calls[N][1]>;
