// Words of the thread: who says what, and how far each thing has come.

import type { AttachmentKind, Role } from "@limpet/shared/gen/wire";
import { words } from "@limpet/shared/i18n";

type Kind = { kind: AttachmentKind };

const en = {
  thread: "Messages",
  greeting: (at: { practice: string; patient: string }) => `Show ${at.practice} what is happening with ${at.patient || "your pet"}`,
  greetingHow:
    "Film it when it happens, from the side and close enough to fill the picture. A veterinarian looks at it frame by frame and answers here.",
  role: (of: { role: Role }) =>
    ({ admin: "Practice", veterinarian: "Veterinarian", technician: "Technician", front_desk: "Front desk" })[of.role],
  you: "You",
  theirs: (by: { name: string }) => `${by.name} wrote`,
  sent: "Sent",
  seen: "Seen by the practice",
  waitingHere: "Sending…",
  waitingAway: "Waiting for a connection. It goes on by itself.",
  newAnswer: "New answer",
  practiceWrites: "The practice is typing…",
  today: "Today",
  yesterday: "Yesterday",
  sentFile: (of: Kind & { name: string }) => `${of.name} sent a ${of.kind === "document" ? "document" : "picture"}`,
  sentClip: (by: { name: string }) => `${by.name} sent a clip`,

  kind: (of: Kind) => ({ clip: "Clip", photo: "Photo", still: "Picture from your clip", document: "Document" })[of.kind],
  enlarge: (of: { what: string }) => `${of.what}. Enlarge`,
  close: "Close",
  playClip: (of: { name: string; length: string }) => `Play clip ${of.name}${of.length && `, ${of.length}`}`,
  original: "Original file",
  noPicture: "The picture loads when there is a connection.",
  cutOff: (by: { length: string }) =>
    `The file was cut off: its last ${by.length} is missing. If it is whole on your phone, send it again.`,
  noPlay: "It plays when there is a connection. If it still does not, open the original file.",

  sendingIn: (at: { left: string }) => `Sending, ${at.left} left`,
  sending: "Sending…",
  starting: "Starting to send…",
  more: (are: { count: number }) => (are.count === 1 ? "1 more file after this one." : `${are.count} more files after this one.`),
  progress: (of: { sent: number; total: number }) => `${of.sent} of ${of.total} MB`,
  keepOpen: "Keep this page open. If you leave it or your phone locks, sending may pause; it goes on by itself when you come back.",
  keepOpenFleeting: "Do not close this page until it has arrived: this browser cannot keep the file.",
  noSignal: "No signal. It goes on by itself.",
  away: "No connection to the practice. It goes on by itself.",
  safeHere: "Your file is safe on this phone.",
  cancel: "Cancel",
  cancelAsk: (of: Kind) => `Stop sending this ${of.kind === "clip" ? "clip" : of.kind === "document" ? "document" : "photo"}?`,
  cancelYes: "Stop sending",
  cancelNo: "Keep sending",

  elsewhere: "On its way from another phone.",
  coming: "It appears here in a moment.",
  preparing: (of: Kind): string => (of.kind === "clip" ? "Arrived. It is being prepared for playing." : "Arrived."),
  withdrawn: "Stopped before it had arrived. The practice does not have it.",
  lost: "Your phone no longer has this file. Choose it again.",
  refused: "This file could not be used.",
  notShown: (of: { name: string }) => `“${of.name}” cannot be shown. The practice sees that too.`,
  edited: "edited",
  deleted: "This message was taken back.",
  refusedMessage: "This message was not accepted.",
  again: "Send again",
  chooseAgain: "Choose another file",
  remove: "Remove",

  ended: (at: { when: string }) => `The practice ended this conversation on ${at.when}. Write if there is anything else: that opens it again.`,

  system: (said: { body: string }) => said.body,

  soon: "a few seconds",
  seconds: (of: { n: number }) => `${of.n} s`,
  minutes: (of: { n: number }) => `about ${of.n} min`,
};

const es: { [K in keyof typeof en]: (typeof en)[K] extends string ? string : (typeof en)[K] } = {
  thread: "Mensajes",
  greeting: (at) => `Enseñe a ${at.practice} qué le pasa a ${at.patient || "su mascota"}`,
  greetingHow:
    "Grábelo cuando ocurra, de lado y lo bastante cerca para llenar la imagen. Un veterinario lo mira imagen por imagen y responde aquí.",
  role: (of) =>
    ({ admin: "Clínica", veterinarian: "Veterinario/a", technician: "Auxiliar", front_desk: "Recepción" })[of.role],
  you: "Usted",
  theirs: (by) => `${by.name} escribió`,
  sent: "Enviado",
  seen: "Visto por la clínica",
  waitingHere: "Enviando…",
  waitingAway: "Esperando conexión. Continúa solo.",
  newAnswer: "Respuesta nueva",
  practiceWrites: "La clínica está escribiendo…",
  today: "Hoy",
  yesterday: "Ayer",
  sentFile: (of) => `${of.name} envió ${of.kind === "document" ? "un documento" : "una imagen"}`,
  sentClip: (by) => `${by.name} envió un vídeo`,

  kind: (of) => ({ clip: "Vídeo", photo: "Foto", still: "Imagen de su vídeo", document: "Documento" })[of.kind],
  enlarge: (of) => `${of.what}. Ampliar`,
  close: "Cerrar",
  playClip: (of) => `Reproducir el vídeo ${of.name}${of.length && `, ${of.length}`}`,
  original: "Archivo original",
  noPicture: "La imagen se carga cuando haya conexión.",
  cutOff: (by) =>
    `El archivo llegó cortado: falta su último tramo, ${by.length}. Si en su teléfono está completo, envíelo de nuevo.`,
  noPlay: "Se reproduce cuando haya conexión. Si no, abra el archivo original.",

  sendingIn: (at) => `Enviando, faltan ${at.left}`,
  sending: "Enviando…",
  starting: "Empezando a enviar…",
  more: (are) => (are.count === 1 ? "1 archivo más después de este." : `${are.count} archivos más después de este.`),
  progress: (of) => `${of.sent} de ${of.total} MB`,
  keepOpen:
    "Deje esta página abierta. Si sale o el teléfono se bloquea, el envío puede detenerse; continúa solo cuando vuelva.",
  keepOpenFleeting: "No cierre esta página hasta que haya llegado: este navegador no puede guardar el archivo.",
  noSignal: "Sin señal. Continúa solo.",
  away: "Sin conexión con la clínica. Continúa solo.",
  safeHere: "Su archivo está a salvo en este teléfono.",
  cancel: "Cancelar",
  cancelAsk: (of) => `¿Dejar de enviar ${of.kind === "clip" ? "este vídeo" : of.kind === "document" ? "este documento" : "esta foto"}?`,
  cancelYes: "Dejar de enviar",
  cancelNo: "Seguir enviando",

  elsewhere: "En camino desde otro teléfono.",
  coming: "Aparecerá aquí en un momento.",
  preparing: (of) => (of.kind === "clip" ? "Ha llegado. Se está preparando para verlo." : "Ha llegado."),
  withdrawn: "Se detuvo antes de llegar. La clínica no lo tiene.",
  lost: "Su teléfono ya no tiene este archivo. Elíjalo de nuevo.",
  refused: "Este archivo no se pudo usar.",
  notShown: (of) => `“${of.name}” no se puede mostrar. La clínica también lo ve.`,
  edited: "editado",
  deleted: "Este mensaje se retiró.",
  refusedMessage: "Este mensaje no se aceptó.",
  again: "Enviar de nuevo",
  chooseAgain: "Elegir otro archivo",
  remove: "Quitar",

  ended: (at) => `La clínica terminó esta conversación el ${at.when}. Escriba si necesita algo más: así se abre de nuevo.`,

  // What the server writes into the thread itself.
  system: (said) =>
    ({ "Conversation ended": "Conversación terminada", "Conversation reopened": "Conversación abierta de nuevo" })[said.body] ??
    said.body,

  soon: "unos segundos",
  seconds: (of) => `${of.n} s`,
  minutes: (of) => `unos ${of.n} min`,
};

export const w = words(en, es);
