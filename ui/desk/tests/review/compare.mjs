// Compares what is on the glass with what the ffmpeg program says the frame is, at one pixel for one pixel.
// `node tests/review/compare.mjs [CLIP...]`, from ui/desk; exits 1 when a frame is not what it should be.
//
// Ordinary video is compared with ffmpeg's own RGB. For HLG and PQ ffmpeg gives R'G'B' before any tone mapping and
// the formulas of tonemap.mjs do the rest, without the table and the shader that are on trial.

import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { basename, resolve } from "node:path";
import { serveFrames } from "./frames.mjs";
import { glassPixels, settled, startRooms } from "./room.mjs";
import { toScreen } from "./tonemap.mjs";

const folder = resolve(import.meta.dirname, "../../../../../shared/clips");
const files = process.argv.slice(2).filter((arg) => !arg.startsWith("--"));
const clips = files.length ? files : readdirSync(folder).filter((name) => /\.(mp4|mov)$/i.test(name)).map((name) => resolve(folder, name));
/** Peak signal to noise, dB, that a frame on the glass has to reach against the reference. */
const ENOUGH = 36;
/** In a picture this narrow most pixels are edges, where ffmpeg guesses the colours between samples differently. */
const TINY = 128;
const ENOUGH_TINY = 24;
const webgl = !process.argv.includes("--plain");

function reference(file, frame, { matrix, transfer, primaries }, size) {
  const space = { 1: "bt709", 6: "smpte170m", 9: "bt2020" }[matrix];
  const filter = `select=eq(n\\,${frame}),scale=in_color_matrix=${space}:flags=accurate_rnd+full_chroma_int+full_chroma_inp+bicubic,format=rgb48le`;
  const raw = execFileSync(
    "ffmpeg",
    ["-v", "error", "-i", file, "-map", "0:v:0", "-vf", filter, "-vsync", "passthrough", "-f", "rawvideo", "-"],
    { maxBuffer: 1 << 30 },
  );
  const rgb = Buffer.alloc(size.width * size.height * 3);
  const tones = transfer !== 1 || primaries !== 1;
  for (let at = 0; at < rgb.length; at += 3) {
    const signal = [0, 2, 4].map((byte) => raw.readUInt16LE(at * 2 + byte) / 65535);
    const shown = tones ? toScreen(transfer, primaries, signal) : signal;
    rgb[at] = Math.round(shown[0] * 255);
    rgb[at + 1] = Math.round(shown[1] * 255);
    rgb[at + 2] = Math.round(shown[2] * 255);
  }
  return rgb;
}

function psnr(one, other) {
  if (one.length !== other.length) return 0;
  let sum = 0;
  for (let at = 0; at < one.length; at++) sum += (one[at] - other[at]) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / one.length || 1e-9));
}

const rooms = await startRooms({ webgl });
let bad = 0;
for (const file of clips) {
  const served = await serveFrames(file, { padding: 13 });
  const { clip, colour } = served;
  const turned = clip.rotation % 180 === 90;
  const size = turned ? { width: clip.height, height: clip.width } : { width: clip.width, height: clip.height };
  const page = await rooms.room(served.address, { width: Math.max(1200, size.width), height: size.height + 400 });
  await settled(page);
  // Make the glass exactly as large as the picture.
  const bars = await page.evaluate(() => innerHeight - document.querySelector("[data-testid=glass]").clientHeight);
  await page.setViewportSize({ width: Math.max(1200, size.width), height: size.height + bars });
  for (const frame of new Set([0, Math.floor(clip.times.length / 2), clip.times.length - 1])) {
    await page.evaluate(() => document.querySelector("dialog").focus());
    await page.keyboard.press("Home");
    for (let press = 0; press < Math.floor(frame / 10); press++) await page.keyboard.press("Shift+ArrowRight");
    for (let press = 0; press < frame % 10; press++) await page.keyboard.press("ArrowRight");
    await settled(page, frame);
    await page.waitForTimeout(1500);
    const glass = await glassPixels(page);
    const margin = Math.round((glass.width - size.width) / 2);
    const rows = [];
    for (let row = 0; row < size.height; row++) {
      rows.push(glass.rgb.subarray((row * glass.width + margin) * 3, (row * glass.width + margin + size.width) * 3));
    }
    const seen = Buffer.concat(rows);
    const score = psnr(seen, reference(file, frame, colour, size));
    const other = frame > 0 ? psnr(seen, reference(file, frame - 1, colour, size)) : NaN;
    const good = score >= (size.width <= TINY ? ENOUGH_TINY : ENOUGH);
    bad += good ? 0 : 1;
    console.log(
      `${good ? "ok  " : "BAD "} ${basename(file)} frame ${frame}: ${score.toFixed(2)} dB, against the frame before ${other.toFixed(2)} dB`,
    );
  }
  await page.close();
  served.stop();
}
await rooms.stop();
process.exit(bad ? 1 : 0);
