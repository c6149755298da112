// A picture as the frame socket brings it: a header of 40 bytes and an I420 picture. The table of offsets is in
// crates/wire/src/frames.rs. A message that does not hold what its header promises is no picture.

export const HEADER_BYTES = 40;
/** Bits of the header's byte 32. */
const EXACT = 1;
const HURT = 2;
const AHEAD = 4;

/** Colour matrix, ITU-T H.273: BT.709, BT.601, BT.2020. */
export type Matrix = 1 | 6 | 9;
/** Transfer function, ITU-T H.273: standard range, PQ, HLG. */
export type Transfer = 1 | 16 | 18;
/** Primaries, ITU-T H.273: BT.709, BT.2020, Display P3. */
export type Primaries = 1 | 9 | 12;
export type Rotation = 0 | 90 | 180 | 270;

export interface Picture {
  /** The request it answers. */
  generation: number;
  /** Number of this frame in display order. */
  frame: number;
  /** Presentation time in ticks. */
  pts: number;
  /** Size of the planes in pixels, as stored: before it is mirrored and turned. */
  width: number;
  height: number;
  strideY: number;
  strideUv: number;
  /** Whether it is the frame that was asked for, or one near it. */
  exact: boolean;
  /** Whether the decoder had to make up a part of it. */
  hurt: boolean;
  /** Whether it comes ahead of its being wanted. */
  ahead: boolean;
  matrix: Matrix;
  fullRange: boolean;
  transfer: Transfer;
  /** Degrees clockwise, after mirroring. */
  rotation: Rotation;
  reflected: boolean;
  primaries: Primaries;
  y: Uint8Array;
  u: Uint8Array;
  v: Uint8Array;
}

/** Rows and columns of the chroma planes of a picture. */
export const chromaSize = (picture: { width: number; height: number }) => ({
  width: (picture.width + 1) >> 1,
  height: (picture.height + 1) >> 1,
});

const oneOf = <T extends number>(value: number, known: readonly T[], otherwise: T): T =>
  known.find((one) => one === value) ?? otherwise;

/** Reads a message without copying the planes, or answers null when it is not a whole picture. */
export function readPicture(message: ArrayBuffer): Picture | null {
  if (message.byteLength < HEADER_BYTES) return null;
  const head = new DataView(message, 0, HEADER_BYTES);
  const width = head.getUint32(16, true);
  const height = head.getUint32(20, true);
  const strideY = head.getUint32(24, true);
  const strideUv = head.getUint32(28, true);
  const chroma = chromaSize({ width, height });
  const bytesY = strideY * height;
  const bytesUv = strideUv * chroma.height;
  if (width === 0 || height === 0 || strideY < width || strideUv < chroma.width) return null;
  if (message.byteLength < HEADER_BYTES + bytesY + 2 * bytesUv) return null;
  return {
    generation: head.getUint32(0, true),
    frame: head.getUint32(4, true),
    pts: Number(head.getBigInt64(8, true)),
    width,
    height,
    strideY,
    strideUv,
    exact: (head.getUint8(32) & EXACT) !== 0,
    hurt: (head.getUint8(32) & HURT) !== 0,
    ahead: (head.getUint8(32) & AHEAD) !== 0,
    matrix: oneOf(head.getUint8(33), [1, 6, 9], 1),
    fullRange: head.getUint8(34) === 1,
    transfer: oneOf(head.getUint8(35), [1, 16, 18], 1),
    rotation: oneOf(head.getUint16(36, true), [0, 90, 180, 270], 0),
    reflected: head.getUint8(38) === 1,
    primaries: oneOf(head.getUint8(39), [1, 9, 12], 1),
    y: new Uint8Array(message, HEADER_BYTES, bytesY),
    u: new Uint8Array(message, HEADER_BYTES + bytesY, bytesUv),
    v: new Uint8Array(message, HEADER_BYTES + bytesY + bytesUv, bytesUv),
  };
}
