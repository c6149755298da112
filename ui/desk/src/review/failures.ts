// What a person is told when something in the review room did not work.
//
// Rust says it in English, more exactly than its code does, so English readers get Rust's sentence as it is. To others
// the code speaks, or what was being done where the code could mean many things; what only Rust's sentence knows
// follows as a detail.

import { language, type Language } from "@limpet/shared/i18n";
import { failureOf } from "@limpet/shared/host/failure";
import type { Code } from "@limpet/shared/gen/wire";

/** What was being done: opening the clip, showing a part of it, capturing a still, saving the original. */
export type Deed = "open" | "show" | "capture" | "save";

/** Codes with one meaning in this room: Rust's sentence adds nothing. */
const SAYS_ALL: ReadonlySet<Code> = new Set<Code>(["offline", "signed_out", "too_large", "no_room"]);

interface Sentences {
  codes: Partial<Record<Code, string>>;
  deeds: Record<Deed, string>;
  detail: (message: string) => string;
}

const SENTENCES: Record<Exclude<Language, "en">, Sentences> = {
  es: {
    codes: {
      offline:
        "Este vídeo aún no está completo en este ordenador y no se puede conectar con el servidor. Estará disponible cuando Limpet vuelva a tener conexión.",
      signed_out: "Ya no hay ninguna sesión iniciada. Inicie sesión para continuar.",
      not_found: "Este vídeo ya no está aquí.",
      bad_clip: "El archivo está dañado o no es un vídeo que Limpet pueda leer.",
      too_large: "Este vídeo es demasiado grande para Limpet. Se necesita una copia más pequeña o más corta.",
      no_room: "El disco está lleno. Libere espacio e inténtelo de nuevo.",
    },
    deeds: {
      open: "No se ha podido abrir el vídeo.",
      show: "No se ha podido mostrar esta parte del vídeo.",
      capture: "No se ha podido capturar la imagen.",
      save: "No se ha podido guardar el original.",
    },
    detail: (message) => `Detalle: ${message}`,
  },
};

/** What to tell a person about something thrown. */
export function sentence(thrown: unknown, deed: Deed): string {
  const { code, message } = failureOf(thrown);
  const spoken = language();
  if (spoken === "en") return message;
  const { codes, deeds, detail } = SENTENCES[spoken];
  const said = codes[code] ?? deeds[deed];
  return SAYS_ALL.has(code) ? said : `${said} ${detail(message)}`;
}
