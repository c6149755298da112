import { words } from "@limpet/shared/i18n";

export const paletteWords = words(
  { hint: "What do you want to do, or which conversation?", none: "Nothing has that name." },
  { hint: "¿Qué desea hacer, o qué conversación busca?", none: "Nada se llama así." },
);
