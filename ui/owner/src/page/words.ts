// Words of the page around the thread.

import { words } from "@limpet/shared/i18n";

const en = {
  opening: "Opening your conversation…",
  about: (of: { patient: string; subject: string }) => [of.patient, of.subject].filter(Boolean).join(" · "),
  otherLanguage: "Español",
  switcher: "Your animals",
  chooseOther: "Choose another conversation",
  unread: "new answer",
  emergency: "Not for emergencies. Call",
  noSignal: "No signal. You can read and write; it is sent by itself.",
  away: "No connection to the practice. What you write is kept here and sent by itself.",
  fleeting: "This browser keeps nothing. Leave this page open until everything has arrived.",
  setBack: (of: { files: boolean }) =>
    "What you sent last was lost when the practice's server was set right. Your words are below again: look at them and send them." +
    (of.files ? " Choose your clips and photos again, too." : ""),
  understood: "OK",
  expiredTitle: "This link no longer opens",
  expired: (at: { practice: string }) =>
    `Links stop working after a while. Ask ${at.practice || "your practice"} for a new one; nothing you sent is lost.`,
  noLinkTitle: "Open the link from your practice",
  noLink: "Your practice sends you a link by text message or email. Open it on this phone and your conversation appears here.",
  notReachedTitle: "No connection to the practice",
  notReached: "Check that your phone has a signal. This page goes on by itself as soon as it can.",
  busyTitle: "Too many tries",
  busy: "Wait a minute, then try again.",
  tryAgain: "Try again",
  goTo: (at: { practice: string }) => `Go to your conversation with ${at.practice}`,
  call: (at: { practice: string }) => `Call ${at.practice || "the practice"}`,
  skip: "Skip to writing",
};

const es: { [K in keyof typeof en]: (typeof en)[K] extends string ? string : (typeof en)[K] } = {
  opening: "Abriendo su conversación…",
  about: en.about,
  otherLanguage: "English",
  switcher: "Sus animales",
  chooseOther: "Elegir otra conversación",
  unread: "respuesta nueva",
  emergency: "No es para emergencias. Llame a",
  noSignal: "Sin señal. Puede leer y escribir; se envía solo.",
  away: "Sin conexión con la clínica. Lo que escriba se guarda aquí y se envía solo.",
  fleeting: "Este navegador no guarda nada. Deje esta página abierta hasta que todo haya llegado.",
  setBack: (of) =>
    "Lo último que envió se perdió al reparar el servidor de la clínica. Sus palabras están abajo otra vez: mírelas y envíelas." +
    (of.files ? " Elija también de nuevo sus vídeos y fotos." : ""),
  understood: "Entendido",
  expiredTitle: "Este enlace ya no se abre",
  expired: (at) =>
    `Los enlaces caducan con el tiempo. Pida uno nuevo a ${at.practice || "su clínica"}; no se pierde nada de lo que envió.`,
  noLinkTitle: "Abra el enlace de su clínica",
  noLink: "Su clínica le envía un enlace por mensaje de texto o correo. Ábralo en este teléfono y su conversación aparecerá aquí.",
  notReachedTitle: "Sin conexión con la clínica",
  notReached: "Compruebe que su teléfono tiene señal. Esta página continúa sola en cuanto pueda.",
  busyTitle: "Demasiados intentos",
  busy: "Espere un minuto y vuelva a intentarlo.",
  tryAgain: "Intentar de nuevo",
  goTo: (at) => `Ir a su conversación con ${at.practice}`,
  call: (at) => `Llamar a ${at.practice || "la clínica"}`,
  skip: "Ir a escribir",
};

export const w = words(en, es);
