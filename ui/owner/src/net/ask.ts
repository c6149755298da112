// Requests to limpet-server. The session is a cookie; every writing request says that it comes from this app.
//
// Must always be true: a request for a client says which one. A browser holds one session, and another client's link
// may have taken its place: the server then answers 401 instead of somebody else's thread.

import type { Failure } from "@limpet/shared/gen/wire";

/** Names the app in every writing request; without it the cookie alone writes nothing. */
export const OWNER = { "limpet-app": "owner" } as const;

type Headers = Record<string, string>;

let client = "";

/** From now on requests are this client's. */
export function speakFor(id: string): void {
  client = id;
}

/** Says whose request it is. */
export const ours = (): Headers => (client === "" ? {} : { "limpet-client": client });

/** How long a request without a file may take. */
const PATIENCE = 20_000;

/** The server said no, or was not reached (`status` 0). */
export class NotDone extends Error {
  constructor(
    readonly status: number,
    readonly failure: Failure | null,
  ) {
    super(failure?.message ?? `status ${status}`);
  }
}

/** Asks for this client and answers the body, `null` when there is none. Throws `NotDone`. */
export const ask = <T>(method: string, path: string, body?: unknown, more: Headers = {}): Promise<T> =>
  knock<T>(method, path, body, { ...ours(), ...more });

/** The same without saying for whom: it is still to be found out whose session this browser holds. */
export async function knock<T>(method: string, path: string, body?: unknown, more: Headers = {}): Promise<T> {
  const impatient = new AbortController();
  const timer = setTimeout(() => impatient.abort(), PATIENCE);
  try {
    const response = await reach(method, path, body, more, impatient.signal);
    const text = await response.text().catch(() => {
      throw new NotDone(0, null);
    });
    if (!response.ok) throw new NotDone(response.status, failureIn(text));
    return (text === "" ? null : JSON.parse(text)) as T;
  } finally {
    clearTimeout(timer);
  }
}

async function reach(
  method: string,
  path: string,
  body: unknown,
  more: Headers,
  signal: AbortSignal,
): Promise<Response> {
  const headers: Headers = method === "GET" ? { ...more } : { ...OWNER, ...more };
  if (body !== undefined) headers["content-type"] = "application/json";
  const init: RequestInit = { method, headers, credentials: "same-origin", cache: "no-store", signal };
  if (body !== undefined) init.body = JSON.stringify(body);
  try {
    return await fetch(path, init);
  } catch {
    throw new NotDone(0, null);
  }
}

/** The failure in an answer's body, or null when it came from something in between. */
export function failureIn(text: string): Failure | null {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null && "code" in body && "message" in body) return body as Failure;
  } catch {
    // A proxy's page: the status has to do.
  }
  return null;
}

/** What was thrown, as an outcome: anything unknown counts as not reached and is tried again. */
export const notDone = (thrown: unknown): NotDone => (thrown instanceof NotDone ? thrown : new NotDone(0, null));
