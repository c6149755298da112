// The practice's changes as this device knows them, and the view of one thread over them.
//
// Must always be true: a higher revision of a thing replaces a lower one and never the other way round, so pages
// may come twice or late; a tombstone is kept, so that a late page cannot bring the dead back.

import type {
  Attachment,
  Change,
  Conversation,
  Entity,
  Message,
  Millis,
  Patient,
  Practice,
  Revision,
  StaffMember,
} from "@limpet/shared/gen/wire";

/** A thing and the revision at which it last changed. */
export interface Thing {
  key: string;
  revision: Revision;
  entity: Entity;
}

export type Things = ReadonlyMap<string, Thing>;

/** Things as they were kept. */
export const thingsOf = (kept: readonly Thing[]): Things => new Map(kept.map((thing) => [thing.key, thing]));

/** Whether the server has a message, and what it says about an attachment. */
export function seenIn(view: View) {
  const messages = new Set([...view.messages.values()].flat().map(({ id }) => id));
  return {
    message: (id: string): boolean => messages.has(id),
    attachment: (id: string) => {
      if (view.gone.has(id)) return "gone";
      const attachment = view.attachments.get(id);
      const undelivered = attachment?.state.kind === "refused" && attachment.uploaded_at === null;
      return undelivered ? "undelivered" : (attachment?.state.kind ?? null);
    },
  };
}

const keyOf = (entity: Entity): string =>
  entity.kind === "tombstone" ? `${entity.state.of}:${entity.state.id}` : `${entity.kind}:${entity.state.id}`;

/** Takes changes in; answers the new whole and what is new in it. */
export function merge(things: Things, changes: readonly Change[]): { things: Things; news: Thing[] } {
  const merged = new Map(things);
  const news = new Map<string, Thing>();
  const keep = (thing: Thing): void => {
    merged.set(thing.key, thing);
    news.set(thing.key, thing);
  };
  for (const { revision, entity } of changes) {
    const key = keyOf(entity);
    const known = merged.get(key);
    if (known && known.revision >= revision) continue;
    const thing = { key, revision, entity };
    keep(goneWith(merged, thing) ?? thing);
    if (entity.kind !== "tombstone" || entity.state.of !== "conversation") continue;
    for (const part of [...merged.values()]) {
      const gone = goneWith(merged, part);
      if (gone) keep(gone);
    }
  }
  return { things: merged, news: [...news.values()] };
}

/**
 * What is kept instead of a message or a file whose conversation is gone: nothing but that it is. What became part of
 * another conversation has a higher revision and stays.
 */
function goneWith(things: Things, { key, revision, entity }: Thing): Thing | null {
  if (entity.kind !== "message" && entity.kind !== "attachment") return null;
  const of = things.get(`conversation:${entity.state.conversation}`);
  if (of?.entity.kind !== "tombstone" || of.revision <= revision) return null;
  const tombstone: Entity = { kind: "tombstone", state: { of: entity.kind, id: entity.state.id } };
  // Less than its own: what is said of a part in the same breath is newer.
  return { key, revision: of.revision - 1, entity: tombstone };
}

/** Everything by its kind. */
export interface View {
  practice: Practice | null;
  conversations: Conversation[];
  patients: Map<string, Patient>;
  staff: Map<string, StaffMember>;
  attachments: Map<string, Attachment>;
  /** Messages for everyone, by conversation, in the order the server took them. */
  messages: Map<string, Message[]>;
  /** Ids of attachments that are gone. */
  gone: Set<string>;
  /** Versions of the consent text that this client has answered. */
  answered: Set<number>;
}

/** The view of all things. */
export function viewOf(things: Things): View {
  const view: View = {
    practice: null,
    conversations: [],
    patients: new Map(),
    staff: new Map(),
    attachments: new Map(),
    messages: new Map(),
    gone: new Set(),
    answered: new Set(),
  };
  for (const { entity } of things.values()) put(view, entity);
  for (const list of view.messages.values()) list.sort(inThread);
  view.conversations.sort((a, b) => lastWords(view, b) - lastWords(view, a) || (a.id < b.id ? 1 : -1));
  return view;
}

function put(view: View, entity: Entity): void {
  switch (entity.kind) {
    case "practice":
      view.practice = entity.state;
      break;
    case "conversation":
      view.conversations.push(entity.state);
      break;
    case "patient":
      view.patients.set(entity.state.id, entity.state);
      break;
    case "staff_member":
      view.staff.set(entity.state.id, entity.state);
      break;
    case "attachment":
      view.attachments.set(entity.state.id, entity.state);
      break;
    case "message": {
      const list = view.messages.get(entity.state.conversation) ?? [];
      list.push(entity.state);
      view.messages.set(entity.state.conversation, list);
      break;
    }
    case "tombstone":
      if (entity.state.of === "attachment") view.gone.add(entity.state.id);
      break;
    case "consent":
      view.answered.add(entity.state.version);
      break;
    case "client":
    case "hold":
    case "department":
    case "tag":
    case "template":
      break;
  }
}

const inThread = (a: Message, b: Message): number => a.received_at - b.received_at || (a.id < b.id ? -1 : 1);

/** When the last message of a conversation was taken. */
export function lastWords(view: View, conversation: Conversation): Millis {
  const list = view.messages.get(conversation.id);
  return list?.[list.length - 1]?.received_at ?? conversation.opened_at;
}

/** The last message of somebody else that the client has not seen, by its time; `null` when there is none. */
export function unseenUpTo(view: View, conversation: Conversation): Millis | null {
  const theirs = (view.messages.get(conversation.id) ?? []).filter((message) => message.author.kind !== "client");
  const last = theirs[theirs.length - 1];
  return last && last.received_at > conversation.read_by_client ? last.received_at : null;
}
