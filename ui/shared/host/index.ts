// Picks the twin that runs here. Everything else in the UI speaks to `Host` and cannot tell which one it is.

import type { Calls } from "../gen/wire";
import type { Host } from "./host";

let chosen: Promise<Host> | null = null;

/** The desk behind this window, chosen once. */
export function host(): Promise<Host> {
  chosen ??=
    "__TAURI_INTERNALS__" in window
      ? import("./tauri").then((twin) => twin.connect())
      : import("./bridge").then((twin) => twin.connect());
  return chosen;
}

/** One typed call, or a thrown `Failure`. */
export const call = async <N extends keyof Calls>(name: N, args: Calls[N][0]): Promise<Calls[N][1]> =>
  (await (await host()).call(name, args)) as Calls[N][1];
