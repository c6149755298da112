// The story, told once with nothing simulated: an owner sends a clip, staff look at it frame by frame and answer,
// the server goes away and comes back, the conversation ends, and the PDF is filed.

import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { storyClip } from "./clip";
import { fitted, framesByFfmpeg, grey, likeness } from "./pictures";
import { print, program } from "./processes";
import { type Box, type Clinic, Stage, outcome } from "./stage";
import { type Window, until } from "./webdriver";

const KEY = { left: "\uE012", right: "\uE014", escape: "\uE00C", enter: "\uE007" };

const stage = new Stage();
const clip = storyClip();
let clinic: Clinic;
let desk: Window;
let phone: Page;

beforeAll(async () => {
  clinic = stage.clinic();
  await stage.startServer();
});
beforeEach(({ task }) => stage.announce(task.name));
afterEach(async ({ task }) => {
  if (task.result?.state !== "fail") return;
  await stage.keepDisplay("FAILED-window");
  if (phone) stage.keep("FAILED-phone", await phone.screenshot());
  stage.tell();
});
afterAll(() => stage.clear());

const me = () => clinic.staff[0]!;
const conversation = () => clinic.conversations[0]!;

/** The thread on the owner's phone. */
const thread = () => phone.getByRole("log");

/** The number of the frame on the glass, once it is exact. */
const shown = (ms = 30_000) =>
  until("an exact frame", ms, async () => {
    const glass = await desk.run<{ frame: string | null; exact: string | null }>(
      "const g = document.querySelector('[data-testid=glass]'); return { frame: g?.dataset.frame ?? null, exact: g?.dataset.exact ?? null }",
    );
    return glass.exact === "true" && glass.frame !== null ? Number(glass.frame) : null;
  });

/** The number of the exact frame that the glass comes to rest on, away from `before`. */
async function settled(before: number): Promise<number> {
  let last = before;
  let since = Date.now();
  return until(`a frame other than ${before} at rest`, 30_000, async () => {
    const frame = await shown();
    if (frame !== last) [last, since] = [frame, Date.now()];
    return frame !== before && Date.now() - since > 1_000 ? frame : null;
  });
}

/** Steps with one key and waits until the glass shows the next frame. */
async function step(key: string, to: number): Promise<void> {
  await desk.press(key);
  await until(`frame ${to} on the glass`, 30_000, async () => ((await shown()) === to ? true : null));
}

/** Which of ffmpeg's frames the picture on the glass is most like. */
async function recognised(around: number): Promise<{ frame: number; likeness: number }> {
  const from = Math.max(0, around - 3);
  const frames = framesByFfmpeg(clip.path, from, Math.min(clip.frames - 1, around + 3));
  const [, first] = [...frames][0]!;
  const [width, height] = [first.readUInt32BE(16), first.readUInt32BE(20)];
  const glass = stage.display(await desk.run<Box>("const { x, y, width, height } = document.querySelector('[data-testid=glass]').getBoundingClientRect(); return { x, y, width, height }"));
  if (process.env["LIMPET_STORY_KEEP"]) stage.keep(`glass-${around}`, glass);
  const part = fitted(glass, width, height);
  const [w, h] = width > height ? [160, 90] : [90, 160];
  const seen = grey(glass, w, h, part);
  const ranked = [...frames]
    .map(([frame, png]) => ({ frame, likeness: likeness(seen, grey(png, w, h, { left: 0.05, top: 0.05, right: 0.95, bottom: 0.95 })) }))
    .sort((a, b) => b.likeness - a.likeness);
  return ranked[0]!;
}

describe("the story", () => {
  test("staff sign in at the real window", async () => {
    desk = await stage.openDesktop();
    await desk.see("form[aria-labelledby=sign-in]");
    await desk.type("form[aria-labelledby=sign-in] input[spellcheck=false]", stage.url);
    await desk.type("input[type=email]", me().email);
    await desk.type("input[type=password]", "not the password");
    await desk.click("form[aria-labelledby=sign-in] button[type=submit]");
    await desk.read("[role=alert]", /password|contraseña/i);
    await desk.type("input[type=password]", me().password);
    await desk.click("form[aria-labelledby=sign-in] button[type=submit]");
    await desk.openConversation(conversation().patient);
    await desk.see("[role=log]");
    await stage.keepDisplay("desk");
  });

  test("the owner opens the link, writes and sends a clip", async () => {
    const link = print(program("limpet-testkit"), ["invite", "--url", stage.url, "--email", me().email, conversation().id]).trim();
    phone = (await stage.openPhone()).page;
    await phone.goto(link);
    await phone.getByText(conversation().patient).first().waitFor();
    stage.keep("owner-opens", await phone.screenshot());
    await phone.getByRole("button", { name: "Write" }).click();
    await phone.getByRole("textbox").fill("She did it again after the walk. It is the right one, I think.");
    await phone.getByRole("button", { name: "Send", exact: true }).click();
    const chooser = phone.waitForEvent("filechooser");
    await phone.getByRole("button", { name: "Choose" }).click();
    await (await chooser).setFiles(clip.path);
    const send = phone.getByRole("button", { name: "Send", exact: true });
    if (await send.isVisible().catch(() => false)) await send.click();
    stage.keep("owner-sends", await phone.screenshot());
  });

  test("staff see it arrive", async () => {
    await desk.read("[role=log]", "She did it again after the walk");
    await until("the clip's tile", 120_000, async () => ((await desk.find(`[role=log] button.tile[aria-label*="${clip.name}"]`)) ? true : null));
    await stage.keepDisplay("clip-arrived");
  });

  test("and step across a key frame, forward and back", async () => {
    await desk.click(`[role=log] button.tile[aria-label*="${clip.name}"]`);
    await desk.see("[data-testid=glass]", 60_000);
    expect(await shown(60_000)).toBe(0);
    const key = clip.keys.find((frame) => frame > 2) ?? Math.min(3, clip.frames - 1);
    const before = Math.max(0, key - 2);
    for (let frame = 1; frame <= key + 1; frame++) await step(KEY.right, frame);
    const forward = await recognised(key + 1);
    expect(forward.frame).toBe(key + 1);
    expect(forward.likeness).toBeGreaterThan(0.97);
    for (let frame = key; frame >= before; frame--) await step(KEY.left, frame);
    const back = await recognised(before);
    expect(back.frame).toBe(before);
    expect(back.likeness).toBeGreaterThan(0.97);
    await stage.keepDisplay("review");
  });

  test("scrub, zoom and capture", async () => {
    const before = await shown();
    const timeline = await desk.see("[data-testid=timeline]");
    await desk.drag(timeline, [{ x: -200, y: 0 }, { x: -80, y: 0 }, { x: 60, y: 0 }, { x: 20, y: 0 }]);
    const frame = await settled(before);
    expect((await recognised(frame)).frame).toBe(frame);
    const glass = await desk.see("[data-testid=glass]");
    for (let turn = 0; turn < 6; turn++) await desk.wheel(glass, { x: 60, y: -40 }, -240);
    await until("the zoom to change", 5_000, async () => (/^1(\.0)?x/.test(await text("[data-testid=zoom]")) ? null : true));
    await shown();
    await stage.keepDisplay("zoomed");
    await desk.press("s");
    await desk.see("[data-testid=stills]", 60_000);
    await desk.click("[data-testid=leave]");
    await desk.see("#message");
  });

  test("and answer with the still; the owner sees it", async () => {
    await desk.type("#message", "Thank you, that shows it well. It is the right hind leg.");
    await desk.press(KEY.enter);
    await desk.read("[role=log]", "It is the right hind leg.");
    await thread().getByText("It is the right hind leg.").waitFor({ timeout: 60_000 });
    const still = thread().locator("article").filter({ hasText: "It is the right hind leg." }).locator("img");
    await still.waitFor({ timeout: 60_000 });
    await until("the still's pixels", 60_000, async () => ((await still.evaluate((img: HTMLImageElement) => img.naturalWidth)) > 0 ? true : null));
    stage.keep("owner-sees-still", await phone.screenshot());
    await stage.keepDisplay("answered");
  });

  test("the server is away: everything is there, and a reply arrives once when it is back", async () => {
    await stage.stopServer("SIGKILL");
    await desk.press(KEY.escape);
    await desk.read("[role=log]", "She did it again after the walk");
    const words = "Please rest her until Friday, and short walks on the lead only.";
    await desk.type("#message", words);
    await desk.press(KEY.enter);
    await desk.read("[role=log]", words);
    // Only once it is really away and the reply is known to wait, the server comes back.
    await desk.see(".connection.offline");
    await desk.read("[role=log] article", "Sends when the server is back");
    await stage.keepDisplay("offline");
    await stage.startServer();
    await thread().getByText(words).waitFor({ timeout: 90_000 });
    await until("the desktop to be in step", 60_000, async () => ((await desk.find(".connection.online")) ? true : null));
    expect(await thread().getByText(words).count()).toBe(1);
    const times = await desk.run<number>(
      "return [...document.querySelectorAll('[role=log] article')].filter((a) => a.textContent.includes(arguments[0])).length",
      words,
    );
    expect(times).toBe(1);
  });

  test("the conversation ends and its PDF is filed", async () => {
    await desk.click("button[title$='(e)']");
    await desk.see("#ending textarea");
    await desk.type("#ending textarea", "Weight-bearing lameness of the right hind leg, worse after exercise.");
    if (!(await desk.find("#ending .folder input"))) await desk.click("#ending input[type=checkbox]");
    await desk.type("#ending .folder input", stage.filing);
    await stage.keepDisplay("ending");
    await desk.click("button[form=ending]");
    await desk.see("[data-testid=filing][data-state=filed]", 60_000);
    await stage.keepDisplay("filed");
    const names = readdirSync(stage.filing).sort();
    const pdf = names.find((name) => name.endsWith(".pdf"));
    expect(names.filter((name) => name.startsWith("."))).toEqual([]);
    expect(names.some((name) => name.endsWith(".json"))).toBe(true);
    const path = join(stage.filing, pdf!);
    const words = print("pdftotext", ["-layout", path, "-"]);
    for (const said of ["She did it again after the walk", "It is the right hind leg", "Please rest her until Friday", "Weight-bearing lameness"]) {
      expect(words.replace(/\s+/g, " ")).toContain(said);
    }
    copyFileSync(path, join(outcome, "transcript.pdf"));
    execFileSync("pdftoppm", ["-r", "60", "-png", path, join(outcome, "transcript")]);
  });

  test("its link opens a page that plays", async () => {
    const pdf = join(outcome, "transcript.pdf");
    const links = [...print("pdfinfo", ["-url", pdf]).matchAll(/http:\/\/\S+\/m\/\S+/g)].map((match) => match[0]);
    expect(links.length).toBeGreaterThan(0);
    const { page } = await stage.openPhone();
    let played = 0;
    for (const link of new Set(links)) {
      await page.goto(link);
      if ((await page.locator("video").count()) === 0) continue;
      const video = page.locator("video");
      await video.evaluate(async (element: HTMLVideoElement) => {
        element.muted = true;
        await element.play();
      });
      await until("the rendition to play", 20_000, async () => ((await video.evaluate((element: HTMLVideoElement) => element.currentTime)) > 0.2 ? true : null));
      played += 1;
    }
    expect(played).toBeGreaterThan(0);
    stage.keep("media-page", await page.screenshot());
    expect(readFileSync(pdf).subarray(0, 5).toString()).toBe("%PDF-");
  });
});

const text = (selector: string) => desk.run<string>("return document.querySelector(arguments[0])?.textContent?.trim() ?? ''", selector);
