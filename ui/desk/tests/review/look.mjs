// A walk through the room in a real Chromium: does what a person does, checks what the glass says, and leaves a
// picture of each station. `node tests/review/look.mjs FOLDER CLIP`, from ui/desk; exits 1 when something is wrong.

import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { serveFrames } from "./frames.mjs";
import { settled, startRooms } from "./room.mjs";

const [folder = "look", file = resolve(import.meta.dirname, "../../../../../shared/clips/sample_edit_list.mp4")] =
  process.argv.slice(2);
mkdirSync(folder, { recursive: true });
let bad = 0;
const check = (truth, what) => {
  bad += truth ? 0 : 1;
  console.log(`${truth ? "ok  " : "BAD "} ${what}`);
};

const served = await serveFrames(file, { padding: 5 });
const { times } = served.clip;
const rooms = await startRooms();
const page = await rooms.room(served.address);
const glass = page.getByTestId("glass");
const data = async (name) => glass.getAttribute(`data-${name}`);
const text = (id) => page.getByTestId(id).innerText();
const shot = (name) => page.screenshot({ path: `${folder}/review-${name}.png` });

await settled(page, 0);
check((await text("exactness")) === "EXACT", "the first frame is exact");

for (let press = 0; press < 7; press++) await page.keyboard.press("ArrowRight");
await settled(page, 7);
check((await text("frame")) === `frame 8 of ${times.length}`, "seven steps forward");
check((await text("time")).endsWith(String(Math.round(times[7] / 1000) % 1000).padStart(3, "0")), "time from the index");
await page.keyboard.press("ArrowLeft");
await page.keyboard.press("Shift+ArrowRight");
await settled(page, 16);
check(true, "back one, forward ten");
await page.keyboard.press("ArrowRight");
await page.keyboard.press("ArrowRight");
await page.keyboard.press("ArrowRight");
await settled(page, 19);
await page.keyboard.press("ArrowLeft");
await page.keyboard.press("ArrowLeft");
await settled(page, 17);
check(true, "back over a key frame");
await shot("stepped");

const before = Number(await data("generation"));
const box = await page.getByTestId("timeline").boundingBox();
await page.mouse.move(box.x + box.width * 0.1, box.y + 20);
await page.mouse.down();
for (let part = 0.1; part < 0.75; part += 0.01) await page.mouse.move(box.x + box.width * part, box.y + 20);
await page.waitForTimeout(60);
await shot("dragging");
const at = Number(await page.getByTestId("timeline").getAttribute("aria-valuenow"));
await page.mouse.up();
await settled(page);
const share = (0.75 - 0.01) * (times.at(-1) + 33_333);
check(Math.abs(times[Number(await data("frame"))] - share) < 120_000, `drag ends under the hand (was at ${at})`);
check(Number(await data("generation")) > before, "generations grow");

await page.mouse.move(720, 300);
await page.mouse.dblclick(720, 300);
await page.waitForTimeout(600);
await page.mouse.wheel(0, -600);
await page.waitForTimeout(900);
await shot("zoomed");
check(/zoom [3-9]/.test(await text("zoom")), `zoomed: ${await text("zoom")}`);
for (let press = 0; press < 12; press++) await page.keyboard.press("+");
await page.waitForTimeout(900);
await page.mouse.down();
await page.mouse.move(600, 350, { steps: 4 });
await page.mouse.up();
await page.waitForTimeout(400);
await shot("pixels");
await page.keyboard.press("0");
check((await text("zoom")) === "zoom 1.0x", "the whole picture again");

await page.keyboard.press("s");
await page.getByTestId("notice").waitFor();
await shot("captured");
const captured = await page.evaluate(() => window.desk.calls.filter(([name]) => name === "capture_still").at(-1)[1]);
check(captured.frame === Number(await data("frame")), "captured what is on the glass");
await page.evaluate(() => (window.desk.fail.capture_still = "The disk is full. Make room and capture again."));
await page.keyboard.press("s");
await page.getByText("The disk is full").waitFor();
await shot("capture-failed");

await page.keyboard.press("Home");
await settled(page, 0);
for (let press = 0; press < 4; press++) await page.keyboard.press("ArrowRight");
await settled(page, 4);
await page.keyboard.press("a");
for (let press = 0; press < 3; press++) await page.keyboard.press("Shift+ArrowRight");
await settled(page, 34);
await page.keyboard.press("b");
await page.keyboard.press("[");
await page.keyboard.press("[");
await page.keyboard.press("Space");
await page.waitForTimeout(900);
await shot("playing");
check((await text("rate")) === "1/4 speed", "a quarter of the speed");
const frames = new Set();
for (let look = 0; look < 20; look++) {
  frames.add(await data("frame"));
  await page.waitForTimeout(50);
}
check(frames.size > 3, `playing shows frames: ${frames.size} in a second at a quarter of the speed`);
await page.keyboard.press("Space");
await page.waitForTimeout(300);
const frozen = await data("frame");
await page.waitForTimeout(400);
check((await data("frame")) === frozen && (await text("exactness")) === "EXACT", `frozen on frame ${frozen}, exact`);
await page.keyboard.press("x");

await page.keyboard.press("?");
await shot("keys");
await page.keyboard.press("Escape");
check((await page.getByTestId("help").count()) === 0, "Escape closes the sheet first");

served.cut();
await page.keyboard.press("End");
await settled(page, times.length - 1);
check(true, "a cut line mends itself and the wish is answered");
await page.setViewportSize({ width: 1000, height: 640 });
await page.waitForTimeout(500);
await shot("small");
await page.keyboard.press("Escape");
await page.waitForFunction(() => document.body.dataset.left === "true");
const last = await page.evaluate(() => window.desk.calls.at(-1)[0]);
check(last === "close_review", "leaving lets the clip go");
await page.close();

// A decoder that takes its time: what is near is shown as near.
const patient = await serveFrames(file, { delay: 1500 });
const near = await rooms.room(patient.address, { scale: 2, width: 1200, height: 800 });
await settled(near, 0);
const track = await near.getByTestId("timeline").boundingBox();
await near.mouse.move(track.x + 10, track.y + 20);
await near.mouse.down();
await near.mouse.move(track.x + track.width * 0.5, track.y + 20, { steps: 5 });
await near.waitForTimeout(500);
check((await near.getByTestId("glass").getAttribute("data-exact")) === "false", "a near picture while dragging");
check((await near.getByTestId("exactness").innerText()) === "near", "and it says near");
await near.keyboard.press("s");
check((await near.evaluate(() => window.desk.calls.filter(([name]) => name === "capture_still").length)) === 0, "a near picture is not captured");
await near.screenshot({ path: `${folder}/review-near.png` });
await near.mouse.up();
await settled(near);
check((await near.getByTestId("exactness").innerText()) === "EXACT", "then exact");
await near.close();
patient.stop();

// A clip of which the first picture comes long before the rest is known; then it arrives bit by bit.
const bits = await serveFrames(file, { first: 3000, here: [[0, 20]], hurt: [2] });
const early = await rooms.room(bits.address);
await early.waitForFunction(() => document.querySelector("[data-testid=glass]")?.dataset.generation === "0");
const phase = () => early.getByTestId("review-room").getAttribute("data-phase");
check((await phase()) === "opening" && (await early.getByTestId("panel").count()) === 0, "a first picture, with nothing over it");
check((await early.getByTestId("exactness").innerText()) === "near", "and it is near");
await early.waitForTimeout(600);
await early.screenshot({ path: `${folder}/review-first.png` });
check(await early.getByTestId("opening").isVisible(), "and the room says that it still opens");
await settled(early, 0);
check((await phase()) === "open", "then it is open");
const send = (sent) =>
  early.evaluate((sent) => window.desk.hears.forEach((hear) => hear({ kind: "progress", attachment: "clip", sent, total: 100 })), sent);
await send(27);
await early.getByText("27 % here").waitFor();
for (let press = 0; press < 2; press++) await early.keyboard.press("ArrowRight");
await settled(early, 2);
check((await early.getByTestId("glass").getAttribute("data-hurt")) === "true", "a damaged frame is told");
check((await early.getByTestId("exactness").innerText()) === "DAMAGED", "and called so");
await early.keyboard.press("s");
await early.getByText("this frame is damaged").waitFor();
await early.screenshot({ path: `${folder}/review-damaged.png` });
for (let press = 0; press < 3; press++) await early.keyboard.press("Shift+ArrowRight");
await early.getByText("not here yet").first().waitFor();
const rail = await early.getByTestId("timeline").boundingBox();
await early.mouse.move(rail.x + rail.width * 0.8, rail.y + 20);
await early.waitForTimeout(6500);
await early.screenshot({ path: `${folder}/review-arriving.png` });
check((await early.getByTestId("gap").count()) === 1, "the line shows what is not here");
bits.cut();
await early.waitForTimeout(1500);
check((await early.getByTestId("exactness").innerText()) === "not here yet", "also on a new line");
bits.arrive([
  [0, 40],
  [60, 70],
]);
await settled(early, 32);
check((await early.getByTestId("gap").count()) === 2, "the picture follows by itself");
bits.arrive(null);
await early.waitForFunction(() => !document.querySelector("[data-testid=gap], [data-testid=arriving]"));
check((await early.getByTestId("exactness").innerText()) === "EXACT", "and when all is here nothing is said of it");
await early.close();
bits.stop();

// A file that is no clip.
const none = await serveFrames(file, { refusal: "None of the pictures in this clip can be shown. The original clip is needed." });
const refused = await rooms.room(none.address);
await refused.locator("[data-testid=panel][data-phase=failed]").waitFor();
check(await refused.getByText("None of the pictures").isVisible(), "a clip that cannot be opened says why");
await refused.close();
none.stop();

// A clip that still arrives, then a decoder that is gone, in Spanish.
const arriving = await rooms.room(served.address, { more: "&language=es&wait=4000" });
await arriving.waitForTimeout(700);
await arriving.evaluate(() =>
  window.desk.hears.forEach((hear) => hear({ kind: "progress", attachment: "clip", sent: 37, total: 100 })),
);
await arriving.getByText("37 %").waitFor();
await arriving.screenshot({ path: `${folder}/review-opening-es.png` });
await arriving.getByText("Cancelar").click();
await arriving.waitForFunction(() => document.body.dataset.left === "true");
check(true, "opening can be cancelled");
await arriving.close();
const slow = await rooms.room("ws://127.0.0.1:39/", { more: "&language=es" });
await slow.getByText("se detuvo").first().waitFor({ timeout: 30_000 });
await slow.screenshot({ path: `${folder}/review-reopening-es.png` });
await slow.locator("[data-testid=panel][data-phase=failed]").waitFor({ timeout: 30_000 });
await slow.screenshot({ path: `${folder}/review-failed-es.png` });
check(await slow.getByText("Intentar de nuevo").isVisible(), "a decoder that is gone for good says so");
await slow.evaluate((address) => (window.desk.socket = address), served.address);
await slow.getByText("Intentar de nuevo").click();
await settled(slow, 0);
check(true, "and the clip opens when asked again");
await slow.close();

served.stop();
await rooms.stop();
console.log(bad ? `${bad} wrong` : "all well");
process.exit(bad ? 1 : 0);
