// Which language this person chose, kept on the device; empty follows the phone.

const PLACE = "limpet.language";

export function keptLanguage(): string {
  try {
    return localStorage.getItem(PLACE) ?? "";
  } catch {
    return "";
  }
}

export function keepLanguage(tag: string): void {
  try {
    localStorage.setItem(PLACE, tag);
  } catch {
    // Chosen for this visit only.
  }
}
