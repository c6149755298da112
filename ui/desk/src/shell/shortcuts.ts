// Which key does what. One table, so that the keyboard, the sheet and the palette cannot disagree.

import { words } from "@limpet/shared/i18n";

const say = words(
  {
    next: "Next conversation",
    previous: "Previous conversation",
    enter: "Go into the conversation",
    reply: "Reply to the client",
    note: "Write an internal note",
    assign: "Assign to me, or take back",
    urgent: "Urgent, or no longer",
    end: "End the conversation",
    invite: "Show the owner's link",
    create: "New conversation",
    search: "Search",
    patient: "Show or hide the patient",
    waiting: "Queue: waiting",
    mine: "Queue: mine",
    unassigned: "Queue: unassigned",
    open: "Queue: all open",
    ended: "Queue: ended",
    palette: "Command palette",
    settings: "Settings",
    sheet: "Keyboard shortcuts",
    leave: "Close or step back",
    send: "Send (in the message field)",
    line: "New line (in the message field)",
    lists: "Conversations",
    writing: "Writing",
    queues: "Queues",
    rest: "Everywhere",
  },
  {
    next: "Conversación siguiente",
    previous: "Conversación anterior",
    enter: "Entrar en la conversación",
    reply: "Responder al cliente",
    note: "Escribir una nota interna",
    assign: "Asignármela, o dejarla",
    urgent: "Urgente, o ya no",
    end: "Terminar la conversación",
    invite: "Mostrar el enlace del propietario",
    create: "Nueva conversación",
    search: "Buscar",
    patient: "Mostrar u ocultar el paciente",
    waiting: "Cola: en espera",
    mine: "Cola: mías",
    unassigned: "Cola: sin asignar",
    open: "Cola: todas las abiertas",
    ended: "Cola: terminadas",
    palette: "Paleta de órdenes",
    settings: "Ajustes",
    sheet: "Atajos de teclado",
    leave: "Cerrar o volver",
    send: "Enviar (en el campo de mensaje)",
    line: "Línea nueva (en el campo de mensaje)",
    lists: "Conversaciones",
    writing: "Escribir",
    queues: "Colas",
    rest: "En todas partes",
  },
);

export type Deed =
  | "next"
  | "previous"
  | "enter"
  | "reply"
  | "note"
  | "assign"
  | "urgent"
  | "end"
  | "invite"
  | "create"
  | "search"
  | "patient"
  | "waiting"
  | "mine"
  | "unassigned"
  | "open"
  | "ended"
  | "palette"
  | "settings"
  | "sheet"
  | "leave";

export interface Shortcut {
  readonly deed: Deed | "send" | "line";
  /** As printed on the keys. */
  readonly keys: readonly string[];
  readonly group: "lists" | "writing" | "queues" | "rest";
  /** Whether a person can also choose it from the palette. */
  readonly inPalette: boolean;
}

const row = (deed: Shortcut["deed"], keys: string[], group: Shortcut["group"], inPalette = true): Shortcut => ({
  deed,
  keys,
  group,
  inPalette,
});

export const SHORTCUTS: readonly Shortcut[] = [
  row("next", ["j", "↓"], "lists", false),
  row("previous", ["k", "↑"], "lists", false),
  row("enter", ["Enter"], "lists", false),
  row("create", ["c"], "lists"),
  row("search", ["/"], "lists"),
  row("reply", ["r"], "writing"),
  row("note", ["n"], "writing"),
  row("send", ["Enter", "Ctrl Enter"], "writing", false),
  row("line", ["Shift Enter"], "writing", false),
  row("assign", ["a"], "writing"),
  row("urgent", ["u"], "writing"),
  row("end", ["e"], "writing"),
  row("invite", ["i"], "writing"),
  row("waiting", ["1"], "queues"),
  row("mine", ["2"], "queues"),
  row("unassigned", ["3"], "queues"),
  row("open", ["4"], "queues"),
  row("ended", ["5"], "queues"),
  row("palette", ["Ctrl K"], "rest", false),
  row("patient", ["p"], "rest"),
  row("settings", [","], "rest"),
  row("sheet", ["?"], "rest"),
  row("leave", ["Esc"], "rest", false),
];

/** What a shortcut does, in words. */
export const nameOf = (shortcut: Shortcut): string => say()[shortcut.deed];
/** What a group of shortcuts is about, in words. */
export const groupName = (group: Shortcut["group"]): string => say()[group];

export type Press = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">;

/** Where a key was pressed: keys without Ctrl belong to whoever is typing. */
export type Place = "typing" | "elsewhere";

const SYMBOLS: Record<string, string> = { "↓": "ArrowDown", "↑": "ArrowUp", Esc: "Escape" };

/** What a press asks for, or null when it is nobody's. */
export function deedOf(press: Press, place: Place): Deed | null {
  if ((press.ctrlKey || press.metaKey) && press.key.toLowerCase() === "k") return "palette";
  if (press.key === "Escape") return "leave";
  if (place === "typing" || press.ctrlKey || press.metaKey || press.altKey) return null;
  for (const { deed, keys } of SHORTCUTS) {
    if (deed === "send" || deed === "line") continue;
    if (keys.some((key) => (SYMBOLS[key] ?? key) === press.key)) return deed;
  }
  return null;
}
