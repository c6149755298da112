// The creator of a thing makes its id: a UUIDv7, so that ids sort by the time they were made.

const random = (): Uint8Array => crypto.getRandomValues(new Uint8Array(10));

/** A new UUIDv7 in its usual form: 48 bits of milliseconds, then random bits around version and variant. */
export function newId(at: number = Date.now(), bits: Uint8Array = random()): string {
  const hex = at.toString(16).padStart(12, "0") + [...bits].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return [hex.slice(0, 8), hex.slice(8, 12), `7${hex.slice(13, 16)}`, variant + hex.slice(17, 20), hex.slice(20, 32)].join("-");
}
