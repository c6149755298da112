// How somebody comes in: by the link the practice sent, by the installed app, or again after a reload.
//
// Must always be true: a phone that was let in once shows its thread without a connection; a link that no longer
// opens never hides a thread that this phone may still see.

import type { ClientSession, Me } from "@limpet/shared/gen/wire";
import { knock, NotDone, notDone } from "../net/ask";

/** What this device remembers between visits. */
export interface Remembered {
  client: string;
  conversation: string;
  practice: string;
  phone: string;
  /** The link it came in by, or empty. */
  invitation: string;
}

export type Arrival =
  | { is: "in"; session: Remembered }
  | { is: "shut"; why: "no-link" | "expired" | "not-reached" | "busy"; instead: Remembered | null };

export interface Doors {
  me(): Promise<Me>;
  open(invitation: string): Promise<ClientSession>;
}

export const realDoors: Doors = {
  me: () => knock<Me>("GET", "/v1/me"),
  open: (invitation) => knock<ClientSession>("POST", "/v1/open-invitation", { invitation }),
};

/** The last part of `/o/<invitation>`, or empty. */
export const invitationIn = (path: string): string => /^\/o\/([^/]+)\/?$/.exec(path)?.[1] ?? "";

/** Comes in. `known` is what this device remembers. */
export async function arrive(invitation: string, known: Remembered | null, doors: Doors): Promise<Arrival> {
  if (invitation === "" || known?.invitation === invitation) {
    const again = await comeBack(known, doors);
    if (again !== "signed-out") return again;
    if (invitation === "") return shut(known ? "expired" : "no-link");
  }
  try {
    const opened = await doors.open(invitation);
    const phone = known?.client === opened.client ? known.phone : "";
    return { is: "in", session: { ...pick(opened), phone, invitation } };
  } catch (thrown) {
    const refused = notDone(thrown);
    if (unreachable(refused)) return shut("not-reached");
    const why = refused.status === 429 ? "busy" : "expired";
    return shut(why, known?.invitation === invitation ? null : known);
  }
}

async function comeBack(known: Remembered | null, doors: Doors): Promise<Arrival | "signed-out"> {
  try {
    const me = await doors.me();
    if (me.kind !== "client") return "signed-out";
    if (!known) return { is: "in", session: { ...pick(me), phone: "", invitation: "" } };
    // Somebody else's link was opened on this phone since: this one has to be opened again.
    return me.client === known.client ? { is: "in", session: known } : "signed-out";
  } catch (thrown) {
    const refused = notDone(thrown);
    if (!unreachable(refused)) return "signed-out";
    return known ? { is: "in", session: known } : shut("not-reached");
  }
}

const pick = ({ client, conversation, practice }: ClientSession) => ({ client, conversation, practice });
const unreachable = (refused: NotDone): boolean => refused.status === 0 || refused.status >= 500;
const shut = (why: "no-link" | "expired" | "not-reached" | "busy", instead: Remembered | null = null) =>
  ({ is: "shut", why, instead }) as const;

const PLACE = "limpet.owner";

/** What this device remembers, or null. */
export function recall(): Remembered | null {
  try {
    return JSON.parse(localStorage.getItem(PLACE) ?? "null") as Remembered | null;
  } catch {
    return null;
  }
}

/** Remembers, where the browser lets it. */
export function remember(session: Remembered): void {
  try {
    localStorage.setItem(PLACE, JSON.stringify(session));
  } catch {
    // Then the link has to be opened again; the page still works.
  }
}
