// The owner app on a phone-sized Chromium against a server, from the link to the answered clip, with the connection
// cut, the page reloaded and the server stopped in the middle.
//
//   node tests/phone.mjs --server PATH/limpet-server --clip FILE [--shots DIR]
//
// Needs `npm run build -w owner` before. Ends with 0 when all is well.

import { spawn } from "node:child_process";
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { Line } from "./line.mjs";
import { Server } from "./server.mjs";
import { sha256 } from "./staff.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: { server: { type: "string" }, clip: { type: "string" }, shots: { type: "string" } },
});
const scratch = mkdtempSync(join(tmpdir(), "limpet-phone-"));
const shots = values.shots ?? join(scratch, "shots");
mkdirSync(shots, { recursive: true });
assert(values.server && values.clip, "Say --server and --clip.");

const picture = join(here, "../public/icon-512.png");
const clip = large(values.clip);
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, locale: "en-US" };
/** Long enough for a clip to be prepared on a slow machine; nothing waits for it in vain. */
const PATIENCE = 90_000;

function makeFile(name, size, content = "") {
  const path = join(scratch, name);
  writeFileSync(path, content);
  truncateSync(path, size);
  return path;
}

/** The clip, or a longer copy: `free` boxes are room that players skip. What goes at once cannot be interrupted. */
function large(path) {
  const bytes = readFileSync(path);
  const room = 3_000_000 - bytes.length;
  if (room <= 0) return path;
  const free = Buffer.alloc(room);
  free.writeUInt32BE(room);
  free.write("free", 4, "latin1");
  const copy = join(scratch, basename(path));
  writeFileSync(copy, Buffer.concat([bytes, free]));
  return copy;
}

const server = new Server(values.server);
const line = new Line(() => Number(new URL(server.url).port));
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
});

/** Every complaint of a page that is not a connection we cut ourselves. */
const complaints = [];

async function phone(options = {}) {
  const context = await browser.newContext({ ...PHONE, ...options });
  context.setDefaultTimeout(PATIENCE);
  context.on("page", (page) => {
    page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
    page.on("console", (message) => {
      const text = message.text();
      if (message.type() === "error" && !/Failed to load resource|net::ERR/.test(text)) complaints.push(text);
    });
  });
  return { context, page: await context.newPage() };
}

/** Ends the browsers started on the way, however the check ends. */
const leftOver = [];

/** A browser that keeps its things in a folder and can be killed as a phone kills it: without a word. */
async function ownBrowser(folder) {
  const args = ["--headless=new", "--no-sandbox", "--remote-debugging-port=0", `--user-data-dir=${folder}`, "about:blank"];
  rmSync(join(folder, "DevToolsActivePort"), { force: true });
  // A group of its own: the program may be a script that starts the browser.
  const child = spawn(CHROMIUM, args, { stdio: "ignore", detached: true });
  const gone = new Promise((done) => child.once("exit", done));
  const port = await until("a browser", async () => {
    const file = join(folder, "DevToolsActivePort");
    return existsSync(file) && readFileSync(file, "utf8").split("\n")[0];
  });
  const own = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
  const page = own.contexts()[0].pages()[0];
  page.setDefaultTimeout(PATIENCE);
  const kill = async () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, "SIGKILL");
    await gone;
  };
  leftOver.push(kill);
  return { page, kill };
}

const shot = (page, name) => page.screenshot({ path: join(shots, `owner-${name}.png`) });
const see = (page, text) => page.getByText(text, { exact: false }).first().waitFor();
const choose = (page, files) => page.locator("[data-pick=choose]").setInputFiles(files);
const send = (page) => page.getByRole("button", { name: "Send", exact: true }).click();

/** Whether a button has the focus. */
const focused = (page, name) =>
  until(`the focus on ${name}`, () =>
    page.getByRole("button", { name, exact: true }).evaluateAll((all) => all.some((one) => one === document.activeElement)),
  );

async function write(page, text) {
  await page.getByRole("button", { name: "Write", exact: true }).click();
  await page.getByLabel("Your message").fill(text);
  await send(page);
}

/** Asks until it is so. */
async function until(what, ask) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`It never came so far: ${what}`);
    await new Promise((soon) => setTimeout(soon, 200));
  }
}

const steps = [];
const step = (name, doing) => steps.push({ name, doing });

let staff, client, biscuit, conversation, link, main;

step("an empty thread says what to do", async () => {
  ({ client, patient: biscuit } = await staff.client("Ana Lindqvist", "Biscuit"));
  conversation = await staff.converse(client, biscuit, "Limping since the walk");
  link = line.url + (await staff.invite(conversation));
  main = await phone();
  await main.page.goto(link);
  await see(main.page, "Show Harbour Veterinary Practice what is happening with Biscuit");
  await see(main.page, "Not for emergencies. Call");
  await shot(main.page, "empty");
});

step("words arrive once", async () => {
  const { page } = main;
  await write(page, "She limps after long walks.\nThe left hind leg, I think.");
  await see(page, "Sent");
  const [message, ...more] = await staff.messages(conversation);
  assert.equal(more.length, 0);
  assert.equal(message.body, "She limps after long walks.\nThe left hind leg, I think.");
  await staff.ask("POST", `/v1/conversations/${conversation}/read`, { at: message.received_at });
  await see(page, "Seen by the practice");
});

step("a photo arrives whole", async () => {
  const { page } = main;
  await choose(page, picture);
  // News in the thread must not take away what is being prepared.
  await staff.say(conversation, "Can you send a photo of the paw?");
  await see(page, "Can you send a photo of the paw?");
  await page.getByLabel("Your message").fill("Her paw");
  await shot(page, "chosen");
  await send(page);
  await page.getByRole("button", { name: /^Photo: icon-512.png. Enlarge/ }).waitFor();
  const photo = (await staff.all("attachment")).find((one) => one.name === "icon-512.png");
  assert.equal(photo.sha256, sha256(readFileSync(picture)));
});

step("files that cannot be sent are sentences", async () => {
  const { page } = main;
  const files = [
    makeFile("IMG_2041.MOV", 201 * 1024 * 1024),
    makeFile("nothing.mp4", 0),
    makeFile("letter.docx", 10),
  ];
  await choose(page, files);
  await see(page, "“IMG_2041.MOV” is 201 MB; up to 200 MB can be sent.");
  await see(page, "“nothing.mp4” is empty");
  await see(page, "“letter.docx” cannot be sent");
  await shot(page, "errors");
  await page.getByRole("alert").getByRole("button").click();
  await page.getByRole("button", { name: "Record a clip" }).waitFor();
});

step("a clip survives a cut connection, a reload and a stopped server", async () => {
  const { context, page } = main;
  const before = (await staff.messages(conversation)).length;
  line.rate = 250_000;
  await choose(page, clip);
  await page.getByLabel("Your message").fill("This is from this morning");
  await send(page);
  const ring = page.getByRole("progressbar");
  const past = (percent) => until(`${percent} %`, async () => Number(await ring.getAttribute("aria-valuenow")) >= percent);
  await past(18);
  await see(page, "Sending,");
  const stands = (text) => page.getByText(text).first().boundingBox();
  const [said, cancel] = [await stands("Sending,"), await page.getByRole("button", { name: "Cancel", exact: true }).boundingBox()];
  const composer = await page.locator("#composer").boundingBox();
  assert.ok(said.y > 0 && cancel.y + cancel.height <= composer.y, "what is said about the clip is in sight");
  await shot(page, "sending");

  await context.setOffline(true);
  await see(page, "No signal. It goes on by itself.");
  await shot(page, "no-signal");
  await write(page, "And this while there is no signal");
  await see(page, "Waiting for a connection");
  await context.setOffline(false);
  await past(35);

  await page.reload();
  await past(50);
  const held = (await staff.all("attachment")).find((one) => one.name === basename(clip));
  assert.equal(held.state.kind, "uploading");

  await server.stop();
  await see(page, "No connection to the practice. It goes on by itself.");
  await shot(page, "away");
  await server.start();
  await past(60);
  line.rate = 0;

  await until("the clip is ready", async () => {
    const now = (await staff.all("attachment")).find((one) => one.id === held.id);
    if (now.state.kind === "refused") throw new Error(now.state.reason);
    return now.state.kind === "ready";
  });
  await page.getByRole("button", { name: `Play clip ${basename(clip)}` }).waitFor();
  const after = await staff.messages(conversation);
  assert.equal(after.length, before + 2, "each message once");
  assert.equal(after.filter((message) => message.attachments.includes(held.id)).length, 1);
  assert.equal(sha256(await staff.bytes(`/v1/attachments/${held.id}/original`)), sha256(readFileSync(clip)));
  await shot(page, "arrived");
});

step("an answer with a still arrives live and is read", async () => {
  const { page } = main;
  const held = (await staff.all("attachment")).find((one) => one.name === basename(clip));
  const still_of = { clip: held.id, frame: 40, at: 1_333_000 };
  const facts = { kind: "still", name: "still.png", mime: "image/png", caption: "Left hind, 0:01.333", still_of };
  const bytes = await staff.bytes(`/v1/attachments/${held.id}/poster`);
  const jpeg = bytes[0] === 0xff ? { name: "still.jpg", mime: "image/jpeg" } : {};
  const id = await staff.say(conversation, "Looks like the left hind. Watch how she unloads it here.", {
    facts: { ...facts, ...jpeg },
    bytes,
  });
  await see(page, "Watch how she unloads it here.");
  await page.getByRole("status").filter({ hasText: "Dr. Okafor wrote: Looks like the left hind" }).waitFor({ state: "attached" });
  const still = page.getByRole("button", { name: "Picture from your clip: Left hind, 0:01.333. Enlarge" });
  await until("the server has looked at the still", async () =>
    (await staff.all("attachment")).some((one) => one.message === id && one.state.kind === "ready"),
  );
  await still.waitFor();
  const message = (await staff.all("message")).find((one) => one.id === id);
  await until("read", async () => (await staff.all("conversation"))[0].read_by_client >= message.received_at);
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await page.waitForTimeout(300);
  await shot(page, "answered");
  await still.click();
  await page.getByRole("dialog").waitFor();
  await shot(page, "enlarged");
  await page.getByRole("button", { name: "Close" }).click();
});

step("the clip plays", async () => {
  const { page } = main;
  await page.getByRole("button", { name: `Play clip ${basename(clip)}` }).click();
  const video = page.locator("article video");
  await until("playing", () => video.evaluate((element) => element.currentTime > 0.2 && element.videoWidth > 0));
});

step("without a connection the thread opens and is there", async () => {
  const { context, page } = main;
  await until("the service worker", () => page.evaluate(() => navigator.serviceWorker.ready.then(() => true)));
  await page.reload();
  await until("control", () => page.evaluate(() => navigator.serviceWorker.controller !== null));
  await context.setOffline(true);
  // A worker's own requests may not be cut by that: the server has to be away, too.
  await server.stop();
  await page.reload();
  await see(page, "Watch how she unloads it here.");
  await see(page, "No signal.");
  const still = page.getByRole("button", { name: "Picture from your clip: Left hind, 0:01.333. Enlarge" });
  await until("the still is kept", () => still.locator("img").evaluate((img) => img.complete && img.naturalWidth > 0));
  await shot(page, "offline");
  const kept = await page.evaluate(async () => {
    const names = await caches.keys();
    const all = await Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).map((r) => r.url)));
    return all.flat();
  });
  assert.ok(kept.length > 3 && kept.every((url) => new URL(url).pathname.startsWith("/owner/")), kept.join());
  await context.setOffline(false);
  await server.start();
  await page.getByText("No connection to the practice").waitFor({ state: "detached" });
});

step("a cancelled clip is not sent", async () => {
  const { page } = main;
  line.rate = 60_000;
  await choose(page, makeFile("wrong.mp4", 2_000_000, "wrong one"));
  await send(page);
  await until("some of it", async () => Number(await page.getByRole("progressbar").getAttribute("aria-valuenow")) >= 5);
  const cancel = page.getByRole("button", { name: "Cancel", exact: true });
  await cancel.click();
  await see(page, "Stop sending this clip?");
  await shot(page, "cancel");
  await focused(page, "Keep sending");
  await page.keyboard.press("Enter");
  await focused(page, "Cancel");
  await cancel.click();
  await page.getByRole("button", { name: "Stop sending" }).click();
  await see(page, "Stopped before it had arrived.");
  await until("the focus is at the composer", () => page.evaluate(() => document.activeElement?.id === "composer"));
  line.rate = 0;
  await until("the server knows", async () => {
    const wrong = (await staff.all("attachment")).find((one) => one.name === "wrong.mp4");
    return !wrong || wrong.state.kind === "refused";
  });
});

step("what is chosen stays until it is sent or let go", async () => {
  const { page } = main;
  await choose(page, picture);
  await page.getByLabel("Your message").fill("Her other paw");
  await page.getByRole("button", { name: "Español" }).click();
  await focused(page, "English");
  assert.equal(await page.getByLabel("Su mensaje").inputValue(), "Her other paw");
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("button", { name: "Take icon-512.png out" }).waitFor();
  const discard = page.getByRole("button", { name: "Discard", exact: true });
  await discard.click();
  await see(page, "Discard this message? It has not been sent.");
  await focused(page, "Keep it");
  await shot(page, "discard");
  await page.keyboard.press("Enter");
  await focused(page, "Discard");
  await discard.click();
  await discard.click();
  await focused(page, "Write");
  assert.equal(await page.getByLabel("Your message").count(), 0);
});

step("a file that is not what it says is refused in words", async () => {
  const { page } = main;
  await choose(page, makeFile("renamed.mp4", 4000, "text file renamed\n"));
  await send(page);
  const again = page.getByRole("button", { name: "Send again" });
  await page.getByRole("button", { name: "Choose another file" }).waitFor();
  await again.last().scrollIntoViewIfNeeded();
  await shot(page, "refused");
});

step("an ended conversation says so and writing opens it again", async () => {
  const { page } = main;
  const change = { state: "ended", at: Date.now(), seen: Date.now(), summary: "Soft tissue.", plan: "Rest." };
  await staff.ask("PATCH", `/v1/conversations/${conversation}`, change);
  await see(page, "The practice ended this conversation");
  await page.waitForTimeout(300);
  await shot(page, "ended");
  await write(page, "One more thing, sorry.");
  await until("open again", async () => (await staff.all("conversation"))[0].state === "open");
  await page.getByText("The practice ended this conversation").waitFor({ state: "detached" });
});

step("two animals, in Spanish, in the dark", async () => {
  const max = await staff.patient(client, "Max", "Cat");
  const second = await staff.converse(client, max, "Coughing at night");
  await staff.say(second, "How often does he cough?");
  const { context, page } = await phone({ locale: "es-MX", colorScheme: "dark" });
  await page.goto(link);
  await see(page, "Watch how she unloads it here.");
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await page.getByRole("button", { name: "Escribir" }).waitFor();
  await page.waitForTimeout(300);
  await shot(page, "spanish-dark");
  await page.getByRole("button", { name: /Elegir otra/ }).click();
  await shot(page, "switcher");
  await page.getByRole("button", { name: /Max/ }).click();
  await see(page, "How often does he cough?");
  await focused(page, "Max · Coughing at night. Elegir otra conversación");
  await context.close();
});

step("large letters on a narrow phone fit", async () => {
  for (const [name, viewport, size] of [["narrow", { width: 320, height: 640 }, 100], ["large", { width: 320, height: 640 }, 200]]) {
    const { context, page } = await phone({ viewport });
    await context.addInitScript((percent) => {
      new MutationObserver((_, watch) => {
        if (!document.documentElement) return;
        document.documentElement.style.setProperty("font-size", `${percent}%`);
        watch.disconnect();
      }).observe(document, { childList: true });
    }, size);
    await page.goto(link);
    await see(page, "Watch how she unloads it here.");
    await page.waitForTimeout(300);
    await shot(page, name);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `${name}: ${wide} px too wide`);
    const small = await page.evaluate(() =>
      [...document.querySelectorAll("button, a[href]")]
        .filter((element) => element.getClientRects().length > 0 && !element.matches(".skip"))
        .filter((element) => element.getBoundingClientRect().height < 44)
        .map((element) => element.outerHTML.slice(0, 120)),
    );
    assert.deepEqual(small, [], "targets of 44 px");
    await context.close();
  }
});

step("a practice's name of one long word stays on the glass", async () => {
  const word = "Tierarztpraxis".repeat(6);
  const { context, page } = await phone({ viewport: { width: 320, height: 640 }, serviceWorkers: "block" });
  // A thread that has only just begun, of a practice of that name.
  await context.route(/\/v1\/(changes|open-invitation)/, async (route) => {
    const response = await route.fetch();
    const said = JSON.parse((await response.text()).replaceAll("Harbour Veterinary Practice", word));
    said.changes = said.changes?.filter(({ entity }) => !["message", "attachment"].includes(entity.kind));
    await route.fulfill({ response, json: said });
  });
  await page.goto(link);
  await page.getByRole("heading", { level: 2 }).filter({ hasText: word }).waitFor();
  await shot(page, "long-word");
  // Not beside innerWidth: on a phone that grows with what does not fit.
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 320, `${wide} px wide`);
  const { x, width } = await page.getByRole("button", { name: "Español" }).boundingBox();
  assert.ok(x + width <= 320, "the other language can be chosen");
  await context.close();
});

step("a browser that keeps nothing still sends and says so", async () => {
  const { context, page } = await phone();
  await context.addInitScript(() => {
    Object.defineProperty(window, "indexedDB", { value: { open: () => { throw new Error("refused"); } } });
  });
  await page.goto(link);
  await see(page, "Watch how she unloads it here.");
  line.rate = 100_000;
  await choose(page, makeFile("private.mp4", 900_000, "private"));
  await send(page);
  await see(page, "Leave this page open until everything has arrived.");
  await shot(page, "private");
  line.rate = 0;
  await until("it arrived", async () => {
    const one = (await staff.all("attachment")).find(({ name }) => name === "private.mp4");
    return one && one.state.kind !== "uploading";
  });
  await context.close();
});

step("two windows of one phone do not send against each other", async () => {
  const { context, page } = main;
  const other = await context.newPage();
  await other.goto(link);
  await see(other, "Watch how she unloads it here.");
  line.rate = 100_000;
  await choose(other, makeFile("windows.mp4", 900_000, "windows"));
  await send(other);
  await other.getByRole("progressbar").waitFor();
  await page.bringToFront();
  await other.close();
  const sent = async () => (await staff.all("attachment")).filter(({ name }) => name === "windows.mp4");
  await until("the first window took it over", async () => (await sent()).some(({ state }) => state.kind !== "uploading"));
  assert.equal((await sent()).length, 1);
});

step("two clients' links in one browser do not mix", async () => {
  const { client: bo, patient: nala } = await staff.client("Bo Sato", "Nala");
  const hers = await staff.converse(bo, nala, "Coat");
  const { context, page } = await phone();
  await page.goto(link);
  await see(page, "Watch how she unloads it here.");
  const other = await context.newPage();
  await other.goto(line.url + (await staff.invite(hers)));
  await see(other, "what is happening with Nala");
  await staff.say(hers, "This is for Bo alone.");
  await see(other, "This is for Bo alone.");
  const from = async (which, body) => (await staff.messages(which)).find((one) => one.body === body)?.author.id;
  await write(page, "This is from Ana");
  assert.equal(await until("it arrived", () => from(conversation, "This is from Ana")), client);
  await write(other, "This is from Bo");
  assert.equal(await until("it arrived", () => from(hers, "This is from Bo")), bo);
  await page.bringToFront();
  await page.getByRole("button", { name: /Choose another conversation/ }).click();
  await page.getByRole("button", { name: /^Max/ }).waitFor();
  assert.equal(await page.getByText("Nala").count(), 0);
  await context.close();
});

step("a killed browser goes on where it was", async () => {
  const killed = makeFile("killed.mp4", 2_000_000, "killed");
  const folder = join(scratch, "browser");
  const first = await ownBrowser(folder);
  line.rate = 100_000;
  await first.page.goto(link);
  await first.page.getByRole("button", { name: "Choose clips, photos or documents" }).waitFor();
  await choose(first.page, killed);
  await send(first.page);
  const ring = first.page.getByRole("progressbar");
  await until("some of it", async () => Number(await ring.getAttribute("aria-valuenow")) >= 25);
  await first.kill();
  line.rate = 0;
  const second = await ownBrowser(folder);
  await second.page.goto(link);
  const sent = async () => (await staff.all("attachment")).filter(({ name }) => name === "killed.mp4");
  const looked = ({ state }) => state.kind === "ready" || state.kind === "refused";
  await until("it arrived and was looked at", async () => (await sent()).some(looked));
  const [one, ...more] = await sent();
  assert.equal(more.length, 0);
  assert.equal(sha256(await staff.bytes(`/v1/attachments/${one.id}/original`)), sha256(readFileSync(killed)));
  await second.kill();
});

step("a link that is over says what to do", async () => {
  const { context, page } = await phone();
  await page.goto(`${line.url}/o/not-a-link-at-all`);
  await see(page, "This link no longer opens");
  await shot(page, "expired");
  await context.close();
  await main.page.goto(`${line.url}/o/not-a-link-at-all`);
  await shot(main.page, "expired-known");
  await main.page.getByRole("button", { name: /Go to your conversation/ }).click();
  await see(main.page, "Watch how she unloads it here.");
});

step("a server that is down says so, and the page goes on by itself", async () => {
  const { context, page } = await phone();
  await page.goto(link);
  await see(page, "Watch how she unloads it here.");
  await server.stop();
  await see(page, "No connection to the practice.");
  await write(page, "Written while the server was down");
  await see(page, "Waiting for a connection");
  await server.start();
  await until("it arrived", async () => {
    const said = (await staff.messages(conversation)).filter(({ body }) => body === "Written while the server was down");
    assert.ok(said.length <= 1);
    return said.length === 1;
  });
  await context.close();
});

step("what was lost with a restored server is said, and is being written again", async () => {
  const { context, page } = await phone();
  await page.goto(link);
  await see(page, "Watch how she unloads it here.");
  server.backUp();
  await write(page, "He limps again since lunch");
  await until("it arrived", async () =>
    (await staff.messages(conversation)).some(({ body }) => body === "He limps again since lunch"),
  );
  await page.locator("article").filter({ hasText: "He limps again since lunch" }).filter({ hasText: "· Sent" }).waitFor();
  await server.stop();
  server.restore();
  await server.start();
  await see(page, "What you sent last was lost");
  await shot(page, "set-back");
  assert.equal(await page.getByRole("textbox").inputValue(), "He limps again since lunch");
  await send(page);
  await until("it is there again", async () =>
    (await staff.messages(conversation)).some(({ body }) => body === "He limps again since lunch"),
  );
  await page.getByText("What you sent last was lost").waitFor({ state: "detached" });
  await context.close();
});

let failed = "";
try {
  await server.start();
  await line.start();
  ({ staff } = server);
  for (const { name, doing } of steps) {
    const begun = performance.now();
    try {
      await doing();
    } catch (error) {
      failed = name;
      console.error(`not so: ${name}\n${error.stack}\n${server.log()}`);
      if (main) await shot(main.page, "failed").catch(() => undefined);
      break;
    }
    console.log(`ok  ${name} (${((performance.now() - begun) / 1000).toFixed(1)} s)`);
  }
  if (!failed && complaints.length > 0) {
    failed = "pages complained";
    console.error(complaints.join("\n"));
  }
} finally {
  for (const kill of leftOver) await kill();
  await browser.close();
  line.stop();
  await server.close();
  if (!values.shots && !failed) rmSync(scratch, { recursive: true, force: true });
  else if (existsSync(scratch)) console.log(`screenshots: ${shots}`);
}
process.exitCode = failed ? 1 : 0;
