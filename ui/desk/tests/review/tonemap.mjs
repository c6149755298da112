// The tone map of crates/video/src/tonemap.rs, formula for formula: for the stand-in decoder, which sends the table that
// a real one would, and for comparing what is on the glass with no table and no shader in between.

import { Buffer } from "node:buffer";

/** Samples along each edge of the table. */
export const EDGE = 33;
const REFERENCE_WHITE = 203;
const PEAK = 1000;
const KNEE = 0.5;

/** One pixel from signal to screen, 0 to 1 a component. The text of tonemap.rs explains each step. */
export function toScreen(transfer, primaries, signal) {
  const relative = (nits) => nits / REFERENCE_WHITE;
  let light;
  if (transfer === 18) light = highlights(hlgNits(signal).map(relative));
  else if (transfer === 16) light = highlights(signal.map((value) => relative(pqNits(value))));
  else light = signal.map(screenToLight);
  return toBt709(primaries, light).map((value) => lightToScreen(Math.min(Math.max(value, 0), 1)));
}

function hlgNits(signal) {
  const [r, g, b] = signal.map(hlgScene);
  const gain = PEAK * (0.2627 * r + 0.678 * g + 0.0593 * b) ** 0.2;
  return [gain * r, gain * g, gain * b];
}

function hlgScene(value) {
  const [a, b, c] = [0.17883277, 0.28466892, 0.55991073];
  return value <= 0.5 ? (value * value) / 3 : (Math.exp((value - c) / a) + b) / 12;
}

function pqNits(value) {
  const [m1, m2] = [2610 / 16384, (2523 / 4096) * 128];
  const [c1, c2, c3] = [3424 / 4096, (2413 / 4096) * 32, (2392 / 4096) * 32];
  const root = Math.max(value, 0) ** (1 / m2);
  return 10_000 * (Math.max(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1);
}

/** Reinhard's extended operator above the knee, on the brightest component, so that the hue stays. */
function highlights(light) {
  const brightest = Math.max(...light);
  if (brightest <= KNEE) return light;
  const t = (brightest - KNEE) / (1 - KNEE);
  const top = (PEAK / REFERENCE_WHITE - KNEE) / (1 - KNEE);
  const mapped = KNEE + ((1 - KNEE) * t * (1 + t / (top * top))) / (1 + t);
  return light.map((value) => (value * Math.min(mapped, 1)) / brightest);
}

const TO_BT709 = {
  9: [
    [1.660491, -0.587641, -0.07285],
    [-0.12455, 1.1329, -0.008349],
    [-0.018151, -0.100579, 1.11873],
  ],
  12: [
    [1.22494, -0.22494, 0],
    [-0.042057, 1.042057, 0],
    [-0.019638, -0.078636, 1.098274],
  ],
};

const toBt709 = (primaries, [r, g, b]) =>
  TO_BT709[primaries]?.map(([x, y, z]) => x * r + y * g + z * b) ?? [r, g, b];

const screenToLight = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const lightToScreen = (v) => (v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055);

/** The table as the socket sends it: base64 of RGB, red fastest, then green, then blue. */
export function tableOf(change) {
  const table = Buffer.alloc(EDGE ** 3 * 3);
  const top = EDGE - 1;
  for (let at = 0; at < EDGE ** 3; at++) {
    const signal = [(at % EDGE) / top, (Math.floor(at / EDGE) % EDGE) / top, Math.floor(at / EDGE ** 2) / top];
    table.set(change(signal).map((value) => Math.round(Math.min(Math.max(value, 0), 1) * 255)), at * 3);
  }
  return table.toString("base64");
}
