// What went wrong, as a `Failure`, whatever was thrown on the way.

import type { Failure } from "../gen/wire";
import { words } from "../i18n";
import { isFailure } from "./host";

const say = words(
  { unexpected: "Something went wrong in Limpet. Try again; if it stays, start Limpet again." },
  { unexpected: "Algo ha fallado en Limpet. Inténtelo de nuevo; si continúa, vuelva a abrir Limpet." },
);

/** The failure itself, or one that says that we do not know. */
export const failureOf = (thrown: unknown): Failure =>
  isFailure(thrown) ? thrown : { code: "internal", message: say().unexpected };
