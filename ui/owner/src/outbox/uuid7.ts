// Ids made on this device: UUIDv7 (RFC 9562), so that every write can be repeated safely and sorts by creation.
// Must always be true: an id made later on this page sorts after one made earlier, even if the clock went back.

type Fill = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array;

/** A maker of ids over a clock and a source of randomness. */
export function idMaker(now: () => number = Date.now, fill: Fill = (bytes) => crypto.getRandomValues(bytes)) {
  let last = 0;
  let count = 0;
  return (): string => {
    const bytes = fill(new Uint8Array(16));
    const time = now();
    if (time > last) {
      last = time;
      // The upper half stays free, so that one millisecond has room for at least 2048 ids.
      count = (((bytes[6] ?? 0) & 0x07) << 8) | (bytes[7] ?? 0);
    } else if (++count > 0xfff) {
      last += 1;
      count = 0;
    }
    for (let place = 0; place < 6; place++) bytes[place] = Math.floor(last / 2 ** (8 * (5 - place))) % 256;
    bytes[6] = 0x70 | (count >> 8);
    bytes[7] = count & 0xff;
    bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  };
}

/** A new id. */
export const newId = idMaker();
