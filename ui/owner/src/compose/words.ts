// Words of the composer, and the sentences about files that cannot be sent.

import { words } from "@limpet/shared/i18n";

type Named = { name: string; size: string };

const en = {
  composer: "Answer",
  record: "Record",
  choose: "Choose",
  write: "Write",
  recordLong: "Record a clip",
  chooseLong: "Choose clips, photos or documents",
  message: "Your message",
  addWords: "Add a few words (you need not)",
  send: "Send",
  keeping: "One moment…",
  discard: "Discard",
  discardAsk: "Discard this message? It has not been sent.",
  discardNo: "Keep it",
  close: "Close",
  take: (of: { name: string }) => `Take ${of.name} out`,
  files: "Chosen to send",
  tooLong: (by: { over: number }) => `This is ${by.over} characters too long. Shorten it or send it in two messages.`,
  tooMany: (at: { limit: number }) => `${at.limit} files fit into one message. Send these first, then the others.`,

  tooLarge: (of: Named) => `“${of.name}” is ${of.size}; up to 200 MB can be sent.`,
  trim: "Shorten the clip to the part that shows the problem, then choose it again.",
  trimIphone: "In Photos, open the clip, tap Edit and drag the ends of the strip at the bottom. Tap Done, then Save Video as New Clip.",
  trimAndroid: "In your gallery, open the clip, tap Edit, then Trim, drag the ends and save a copy.",
  trimOther: "On an iPhone: Photos, Edit, drag the ends of the strip. On Android: gallery, Edit, Trim.",
  smaller: "Choose a smaller file.",
  empty: (of: Named) => `“${of.name}” is empty (0 bytes). If it is still loading from the cloud, wait a moment, or record it again.`,
  wrongType: (of: Named) => `“${of.name}” cannot be sent. Clips, photos (JPEG, PNG, WebP, HEIC) and PDF documents can.`,
};

const es: { [K in keyof typeof en]: (typeof en)[K] extends string ? string : (typeof en)[K] } = {
  composer: "Responder",
  record: "Grabar",
  choose: "Elegir",
  write: "Escribir",
  recordLong: "Grabar un vídeo",
  chooseLong: "Elegir vídeos, fotos o documentos",
  message: "Su mensaje",
  addWords: "Añada unas palabras (si quiere)",
  send: "Enviar",
  keeping: "Un momento…",
  discard: "Descartar",
  discardAsk: "¿Descartar este mensaje? No se ha enviado.",
  discardNo: "Conservarlo",
  close: "Cerrar",
  take: (of) => `Quitar ${of.name}`,
  files: "Elegido para enviar",
  tooLong: (by) => `Sobran ${by.over} caracteres. Acórtelo o envíelo en dos mensajes.`,
  tooMany: (at) => `En un mensaje caben ${at.limit} archivos. Envíe primero estos y después los demás.`,

  tooLarge: (of) => `«${of.name}» ocupa ${of.size}; se pueden enviar hasta 200 MB.`,
  trim: "Acorte el vídeo a la parte que muestra el problema y elíjalo de nuevo.",
  trimIphone: "En Fotos, abra el vídeo, toque Editar y arrastre los extremos de la tira de abajo. Toque OK y Guardar vídeo como clip nuevo.",
  trimAndroid: "En su galería, abra el vídeo, toque Editar y Recortar, arrastre los extremos y guarde una copia.",
  trimOther: "En iPhone: Fotos, Editar, arrastre los extremos de la tira. En Android: galería, Editar, Recortar.",
  smaller: "Elija un archivo más pequeño.",
  empty: (of) => `«${of.name}» está vacío (0 bytes). Si aún se descarga de la nube, espere un momento, o grábelo de nuevo.`,
  wrongType: (of) => `«${of.name}» no se puede enviar. Sí se pueden enviar vídeos, fotos (JPEG, PNG, WebP, HEIC) y documentos PDF.`,
};

export const w = words(en, es);
