// Makes every icon from limpet.svg with Chromium: `node assets/icons/make.mjs` (after `npm ci` in ui/).
// Must always be true: each PNG is 8-bit RGBA, which is what the desktop's build accepts.

import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateSync, inflateSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const owner = join(here, "../../ui/owner/public");
const { chromium } = createRequire(join(here, "../../ui/package.json"))("playwright-core");

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});

async function draw(name, size) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  const svg = readFileSync(join(here, name), "utf8");
  await page.setContent(`<style>*{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`);
  const png = rgba(await page.screenshot({ omitBackground: true }));
  await page.close();
  return png;
}

const CRC = Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});

function chunk(kind, data) {
  const body = Buffer.concat([Buffer.from(kind, "latin1"), data]);
  let crc = 0xffffffff;
  for (const byte of body) crc = CRC[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(data.length);
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE((crc ^ 0xffffffff) >>> 0);
  return Buffer.concat([head, body, tail]);
}

/** A PNG as 8-bit RGBA: Chromium leaves the alpha channel out of a picture that is opaque everywhere. */
function rgba(png) {
  if (png[24] !== 8) throw new Error("expected 8 bits a channel");
  if (png[25] === 6) return png;
  if (png[25] !== 2) throw new Error("expected RGB or RGBA");
  const width = png.readUInt32BE(16);
  const height = png.readUInt32BE(20);
  const parts = [];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    if (png.toString("latin1", at + 4, at + 8) === "IDAT") parts.push(png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const rows = unfilter(inflateSync(Buffer.concat(parts)), width, height);
  const out = Buffer.alloc(height * (1 + width * 4));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      rows.copy(out, y * (1 + width * 4) + 1 + x * 4, (y * width + x) * 3, (y * width + x) * 3 + 3);
      out[y * (1 + width * 4) + 4 + x * 4] = 255;
    }
  }
  const header = Buffer.from(png.subarray(16, 29));
  header[9] = 6;
  return Buffer.concat([png.subarray(0, 8), chunk("IHDR", header), chunk("IDAT", deflateSync(out)), chunk("IEND", Buffer.alloc(0))]);
}

function unfilter(data, width, height) {
  const stride = width * 3;
  const out = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    const kind = data[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const a = x >= 3 ? out[y * stride + x - 3] : 0;
      const b = y > 0 ? out[(y - 1) * stride + x] : 0;
      const c = x >= 3 && y > 0 ? out[(y - 1) * stride + x - 3] : 0;
      const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
      const paeth = pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
      const guess = [0, a, b, (a + b) >> 1, paeth][kind];
      out[y * stride + x] = (data[y * (stride + 1) + 1 + x] + guess) & 255;
    }
  }
  return out;
}

/** Windows: a directory of PNGs. */
function ico(pictures) {
  const head = Buffer.alloc(6 + 16 * pictures.length);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(pictures.length, 4);
  let offset = head.length;
  pictures.forEach(([size, png], n) => {
    const at = 6 + 16 * n;
    head[at] = head[at + 1] = size % 256;
    head.writeUInt16LE(1, at + 4);
    head.writeUInt16LE(32, at + 6);
    head.writeUInt32LE(png.length, at + 8);
    head.writeUInt32LE(offset, at + 12);
    offset += png.length;
  });
  return Buffer.concat([head, ...pictures.map(([, png]) => png)]);
}

/** macOS: tagged PNGs. */
function icns(pictures) {
  const parts = pictures.map(([tag, png]) => {
    const head = Buffer.alloc(8);
    head.write(tag, "latin1");
    head.writeUInt32BE(png.length + 8, 4);
    return Buffer.concat([head, png]);
  });
  const head = Buffer.alloc(8);
  head.write("icns", "latin1");
  head.writeUInt32BE(8 + parts.reduce((sum, part) => sum + part.length, 0), 4);
  return Buffer.concat([head, ...parts]);
}

const at = {};
for (const size of [16, 32, 48, 64, 128, 180, 192, 256, 512, 1024]) at[size] = await draw("limpet.svg", size);
const maskable = await draw("limpet-maskable.svg", 512);
const home = await draw("limpet-maskable.svg", 180);
await browser.close();

writeFileSync(join(here, "icon.png"), at[512]);
writeFileSync(join(here, "32x32.png"), at[32]);
writeFileSync(join(here, "128x128.png"), at[128]);
writeFileSync(join(here, "128x128@2x.png"), at[256]);
writeFileSync(join(here, "icon.ico"), ico([16, 32, 48, 64, 128, 256].map((size) => [size, at[size]])));
const tags = { icp4: 16, icp5: 32, ic07: 128, ic08: 256, ic09: 512, ic10: 1024, ic11: 32, ic12: 64, ic13: 256, ic14: 512 };
writeFileSync(join(here, "icon.icns"), icns(Object.entries(tags).map(([tag, size]) => [tag, at[size]])));

copyFileSync(join(here, "limpet.svg"), join(owner, "icon.svg"));
writeFileSync(join(owner, "icon-192.png"), at[192]);
writeFileSync(join(owner, "icon-512.png"), at[512]);
writeFileSync(join(owner, "icon-180.png"), home);
writeFileSync(join(owner, "icon-maskable-512.png"), maskable);
