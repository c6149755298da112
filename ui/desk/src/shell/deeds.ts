// What each deed of the keyboard and the palette does to the app. What needs the page's focus is handed in.

import type { App } from "./app.svelte";
import type { Layout } from "./layout.svelte";
import type { Deed } from "./shortcuts";
import { shell } from "./words";
import { threadWords } from "../thread/words";

/** Places on the page that can take the focus. */
export interface Focus {
  list(): void;
  search(): void;
  composer(): void;
  thread(): void;
}

/** Does it. Answers whether it was possible, so that a key nobody used stays the browser's. */
export function perform(app: App, layout: Layout, focus: Focus, deed: Deed): boolean {
  const open = app.open;
  const thread = open?.thread ?? null;
  const isOpen = thread?.conversation.state === "open";
  switch (deed) {
    case "next":
    case "previous": {
      const row = app.list.beside(deed === "next" ? 1 : -1);
      if (!row) return false;
      focus.list();
      app.browse(row.conversation.id);
      return true;
    }
    case "enter":
      if (!open) return false;
      focus.thread();
      return true;
    case "reply":
    case "note":
      if (!open || !isOpen) return false;
      open.composer.turnTo(deed === "reply" ? "everyone" : "staff");
      focus.composer();
      return true;
    case "assign":
      if (!thread) return false;
      void assignToMe(app);
      return true;
    case "urgent":
      if (!thread) return false;
      void toggleUrgent(app);
      return true;
    case "end":
      if (!isOpen) return false;
      app.front = { kind: "end" };
      return true;
    case "invite":
      if (!open) return false;
      app.front = { kind: "invitation", conversation: open.id, isNew: false };
      return true;
    case "create":
      app.front = { kind: "new-conversation" };
      return true;
    case "search":
      focus.search();
      return true;
    case "patient":
      layout.togglePatient();
      return true;
    case "waiting":
    case "mine":
    case "unassigned":
    case "open":
    case "ended":
      void app.list.turnTo(deed);
      return true;
    case "palette":
      app.front = { kind: "palette" };
      return true;
    case "settings":
      app.front = { kind: "settings" };
      return true;
    case "sheet":
      app.front = { kind: "shortcuts" };
      return true;
    case "leave":
      focus.list();
      return true;
  }
}

/** Takes the open conversation, or lets go of it. */
export async function assignToMe(app: App): Promise<void> {
  const me = app.state?.session?.staff.id ?? null;
  const assignee = app.open?.thread?.conversation.assignee ?? null;
  await assignTo(app, assignee === me ? null : me);
}

/** Assigns the open conversation, with a way back. */
export async function assignTo(app: App, to: string | null): Promise<void> {
  const open = app.open;
  if (!open?.thread) return;
  const before = open.thread.conversation.assignee;
  const name = open.thread.staff.find((member) => member.id === to)?.name;
  if (!(await app.attempt(() => open.assign(to)))) return;
  const said = name === undefined ? threadWords().nowUnassigned : threadWords().nowAssigned(name);
  app.notices.say(said, {
    topic: `assign ${open.id}`,
    undo: { label: shell().undo, run: () => void app.attempt(() => open.assign(before)) },
  });
}

/** Turns the open conversation urgent, or back, with a way back. */
export async function toggleUrgent(app: App): Promise<void> {
  const open = app.open;
  if (!open?.thread) return;
  const urgent = !open.thread.conversation.urgent;
  if (!(await app.attempt(() => open.markUrgent(urgent)))) return;
  app.notices.say(urgent ? threadWords().nowUrgent : threadWords().noLongerUrgent, {
    topic: `urgent ${open.id}`,
    undo: { label: shell().undo, run: () => void app.attempt(() => open.markUrgent(!urgent)) },
  });
}
