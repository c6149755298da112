// For tests of this folder: picture messages, a clip index and a line that no child is at the end of.

import type { ClipIndex, FrameEvent, FrameRequest } from "@limpet/shared/gen/wire";
import type { Run } from "./arrived";
import type { Line } from "./frame-socket";
import { chromaSize, HEADER_BYTES, type Picture } from "./picture";

/** A message as the child sends it. Planes that are not given are grey. */
export function message(some: Partial<Picture>): ArrayBuffer {
  const { width = 4, height = 4 } = some;
  const chroma = chromaSize({ width, height });
  const { strideY = width, strideUv = chroma.width } = some;
  const y = some.y ?? new Uint8Array(strideY * height).fill(128);
  const u = some.u ?? new Uint8Array(strideUv * chroma.height).fill(128);
  const v = some.v ?? new Uint8Array(strideUv * chroma.height).fill(128);
  const bytes = new Uint8Array(HEADER_BYTES + y.length + u.length + v.length);
  const head = new DataView(bytes.buffer);
  head.setUint32(0, some.generation ?? 1, true);
  head.setUint32(4, some.frame ?? 0, true);
  head.setBigInt64(8, BigInt(some.pts ?? 0), true);
  for (const [at, word] of [width, height, strideY, strideUv].entries()) head.setUint32(16 + at * 4, word, true);
  head.setUint8(32, ((some.exact ?? true) ? 1 : 0) | (some.hurt ? 2 : 0) | (some.ahead ? 4 : 0));
  head.setUint8(33, some.matrix ?? 1);
  head.setUint8(34, some.fullRange ? 1 : 0);
  head.setUint8(35, some.transfer ?? 1);
  head.setUint16(36, some.rotation ?? 0, true);
  head.setUint8(38, some.reflected ? 1 : 0);
  head.setUint8(39, some.primaries ?? 1);
  bytes.set(y, HEADER_BYTES);
  bytes.set(u, HEADER_BYTES + y.length);
  bytes.set(v, HEADER_BYTES + y.length + u.length);
  return bytes.buffer;
}

/** Frames of 67, 17 and 33 ms in turn, as a phone films; every fourth a key frame. */
export function phoneClip(frames = 12): ClipIndex {
  const times = [0];
  for (let at = 1; at < frames; at++) times.push((times[at - 1] ?? 0) + ([33_333, 66_667, 16_667][at % 3] ?? 0));
  return {
    width: 1920,
    height: 1080,
    sar_num: 1,
    sar_den: 1,
    rotation: 90,
    reflected: false,
    timebase: { num: 1, den: 600 },
    times,
    keys: times.map((_, at) => at).filter((at) => at % 4 === 0),
    duration: (times.at(-1) ?? 0) + 33_333,
    missing: 0,
    vfr: true,
  };
}

type Asked<Kind extends FrameRequest["kind"]> = Extract<FrameRequest, { kind: Kind }>;

/** One end of a line; the test is the child. */
export class FakeLine implements Line {
  readyState = 0;
  binaryType: BinaryType = "blob";
  onopen: Line["onopen"] = null;
  onmessage: Line["onmessage"] = null;
  onclose: Line["onclose"] = null;
  onerror: Line["onerror"] = null;
  /** What was to be shown. */
  readonly sent: Asked<"show">[] = [];
  /** What the window showed by itself. */
  readonly seen: Asked<"see">[] = [];
  /** What was to be brought. */
  readonly brought: Asked<"bring">[] = [];

  constructor(readonly address: string) {}

  send(text: string): void {
    const request = JSON.parse(text) as FrameRequest;
    if (request.kind === "show") this.sent.push(request);
    else if (request.kind === "see") this.seen.push(request);
    else this.brought.push(request);
  }

  close(): void {
    this.readyState = 3;
  }

  get last(): Asked<"show"> | undefined {
    return this.sent.at(-1);
  }

  /** The child accepts and says nothing yet. */
  opens(): void {
    this.readyState = 1;
  }

  /** The child accepts and says what the clip is; or says it again, when it knows more. */
  accept(clip: ClipIndex, whole = true): void {
    this.opens();
    this.tells({ kind: "ready", clip, whole });
  }

  /** The child says which frames can be shown of a clip that still arrives. */
  arrived(...runs: Run[]): void {
    this.tells({ kind: "arrived", runs });
  }

  /** The child says that the bytes for a wish have not arrived; the newest without a generation. */
  waits(generation = this.last?.generation ?? 0): void {
    this.tells({ kind: "waiting", generation });
  }

  picture(some: Partial<Picture>): void {
    this.says(message(some));
  }

  fails(generation: number, text: string): void {
    this.tells({ kind: "failed", generation, failure: { code: "bad_clip", message: text } });
  }

  tells(event: FrameEvent): void {
    this.says(JSON.stringify(event));
  }

  cut(): void {
    this.readyState = 3;
    this.onclose?.call(this as unknown as WebSocket, new CloseEvent("close"));
  }

  private says(data: string | ArrayBuffer): void {
    this.onmessage?.call(this as unknown as WebSocket, new MessageEvent("message", { data }));
  }
}
