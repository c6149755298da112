// Words around the practice's own text.

import { words } from "@limpet/shared/i18n";

const en = {
  title: (at: { practice: string }) => `Before you write to ${at.practice || "the practice"}`,
  yes: "I agree",
  no: "I do not agree",
  either: "You can write either way; the practice sees what you chose.",
};

const es: { [K in keyof typeof en]: (typeof en)[K] extends string ? string : (typeof en)[K] } = {
  title: (at) => `Antes de escribir a ${at.practice || "la clínica"}`,
  yes: "Estoy de acuerdo",
  no: "No estoy de acuerdo",
  either: "Puede escribir en ambos casos; la clínica ve lo que eligió.",
};

export const w = words(en, es);
