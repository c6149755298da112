// The room alone in a real Chromium, for looking and for comparing.

import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { chromium } from "playwright-core";
import { createServer } from "vite";

const here = dirname(fileURLToPath(import.meta.url));
const GL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"];
const NO_GL = ["--disable-gpu", "--disable-software-rasterizer", "--disable-webgl", "--disable-webgl2"];

/** Starts the page server and the browser. */
export async function startRooms({ webgl = true } = {}) {
  const vite = await createServer({
    configFile: false,
    root: resolve(here, "page"),
    plugins: [svelte()],
    logLevel: "error",
    cacheDir: resolve(here, "../../node_modules/.vite-review"),
    resolve: { alias: [{ find: /^@limpet\/shared\/host$/, replacement: resolve(here, "page/host.ts") }] },
    server: { host: "127.0.0.1", port: 0, fs: { allow: [resolve(here, "../../..")] } },
  });
  await vite.listen();
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", ...(webgl ? GL : NO_GL)],
  });
  const port = vite.httpServer.address().port;
  return {
    browser,
    /** A module of the UI, TypeScript and all. */
    load: (path) => vite.ssrLoadModule(resolve(here, path)),
    async room(socket, { width = 1440, height = 900, scale = 1, more = "" } = {}) {
      const page = await browser.newPage({ viewport: { width, height }, deviceScaleFactor: scale });
      page.on("pageerror", (error) => console.error("page:", error.message));
      page.on("console", (message) => message.type() === "error" && console.error("console:", message.text()));
      await page.goto(`http://127.0.0.1:${port}/?socket=${encodeURIComponent(socket)}${more}`);
      return page;
    },
    async stop() {
      await browser.close();
      await vite.close();
    },
  };
}

/** Waits until a frame is on the glass, exactly. */
export const settled = (page, frame) =>
  page.waitForFunction(
    (wanted) => {
      const glass = document.querySelector("[data-testid=glass]");
      return glass?.dataset.exact === "true" && (wanted === undefined || glass.dataset.frame === String(wanted));
    },
    frame,
    { timeout: 60_000 },
  );

/** The pixels on the glass, RGB, with their size. */
export async function glassPixels(page) {
  const { width, height, base64 } = await page.evaluate(() => {
    const glass = document.querySelector("[data-testid=glass]");
    const sheet = document.createElement("canvas");
    [sheet.width, sheet.height] = [glass.width, glass.height];
    const pen = sheet.getContext("2d");
    pen.drawImage(glass, 0, 0);
    const { data } = pen.getImageData(0, 0, sheet.width, sheet.height);
    let text = "";
    for (let at = 0; at < data.length; at += 4) text += String.fromCharCode(data[at], data[at + 1], data[at + 2]);
    return { width: sheet.width, height: sheet.height, base64: btoa(text) };
  });
  return { width, height, rgb: Buffer.from(base64, "base64") };
}
