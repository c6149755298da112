// How long a step takes from the key to the glass, in the real window with everything real around it. Measures and
// judges nothing but the frames that came; `script/bench glass` calls it and keeps what it saw.
//
// A step begins with the event's own time, when the window got the key, and ends when the first animation frame after
// the one that shows the drawing begins. What lies before (keyboard, X server) and after (X server, monitor) is not in it.
// Of a key that is held down it is noted when each frame was on the glass.

import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import { type StoryClip, storyClip } from "../story/clip";
import { print, program } from "../story/processes";
import { type Clinic, Stage } from "../story/stage";
import { type Window, until } from "../story/webdriver";
import { quiet } from "./quiet";
import { COUNT_FRAMES, HOLD, LISTEN, READ, READ_FRAMES, READ_HELD, type Shown, START, type Step, VIEW, type View } from "./stopwatch";

const KEY = { left: "\uE012", right: "\uE014" };
/** How often a key that is held down repeats. */
const BEAT_MS = 33;
const STEPS = Number(process.env["LIMPET_BENCH_STEPS"] ?? 200);
/** Frames from one end of the walk to the other, and how many of them lie before the first edge of a GOP. */
const [SPAN, BEFORE_EDGE] = [34, 2];
const [SOONEST_MS, LATEST_MS] = [150, 250];
const FRAMES = 240;
/** How often a held key goes over the walk and back. */
const ROUNDS = Math.ceil(STEPS / SPAN / 2);
/** Keeping ready and sketching a clip of 20 s takes a while; so does the server's rendition. */
const REST_MS = 300_000;

const stage = new Stage();
const clip: StoryClip = storyClip();
let clinic: Clinic;
let desk: Window;

beforeAll(async () => {
  clinic = stage.clinic();
  await stage.startServer();
});
afterEach(async ({ task }) => {
  if (task.result?.state !== "fail") return;
  await stage.keepDisplay("FAILED-glass");
  stage.tell();
});
afterAll(() => stage.clear());

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function signIn(): Promise<void> {
  const { email, password } = clinic.staff[0]!;
  desk = await stage.openDesktop();
  await desk.type("form[aria-labelledby=sign-in] input[spellcheck=false]", stage.url);
  await desk.type("input[type=email]", email);
  await desk.type("input[type=password]", password);
  await desk.click("form[aria-labelledby=sign-in] button[type=submit]");
  await desk.openConversation(clinic.conversations[0]!.patient);
}

/** The owner sends the clip and puts the phone away. */
async function sendClip(): Promise<void> {
  const link = print(program("limpet-testkit"), ["invite", "--url", stage.url, "--email", clinic.staff[0]!.email, clinic.conversations[0]!.id]);
  const phone = await stage.openPhone();
  await phone.page.goto(link.trim());
  await phone.page.getByText(clinic.conversations[0]!.patient).first().waitFor();
  await phone.page.locator("[data-pick=choose]").setInputFiles(clip.path);
  await phone.page.getByRole("button", { name: "Send", exact: true }).click();
  await desk.see(tile, 120_000);
  await phone.context.close();
}

const tile = `[role=log] button.tile[aria-label*="${clip.name}"]`;

/** Waits for a frame on the glass, exact. */
const onGlass = (frame: number) =>
  until(`frame ${frame} on the glass`, 30_000, async () =>
    desk.run<true | null>("const { frame, exact } = document.querySelector('[data-testid=glass]').dataset; return (Number(frame) === arguments[0] && exact === 'true') || null", frame),
  );

/** The keys of the walk: from one end to the other and back, as often as it takes. */
const walk = Array.from({ length: STEPS }, (_, at) => (Math.floor(at / SPAN) % 2 === 0 ? KEY.right : KEY.left));

/** Pauses that do not beat with the screen, the same in every run. */
function* pauses(): Generator<number> {
  for (let seed = 1; ; seed = (seed * 48271) % 0x7fffffff) yield SOONEST_MS + ((LATEST_MS - SOONEST_MS) * seed) / 0x7fffffff;
}

/** Goes to the beginning of the walk, and once over it, so that all its frames are kept; then waits for rest. */
async function prepare(): Promise<number> {
  const first = Math.max(0, (clip.keys[2] ?? 0) - BEFORE_EDGE);
  expect(first + SPAN, "frames of the clip").toBeLessThan(clip.frames);
  for (let frame = 1; frame <= first + SPAN; frame++) {
    await desk.press(KEY.right);
    await onGlass(frame);
  }
  for (let frame = first + SPAN - 1; frame >= first; frame--) {
    await desk.press(KEY.left);
    await onGlass(frame);
  }
  await quiet(REST_MS);
  return first;
}

/** The key is held down from one end of the walk to the other: when each frame was on the glass. */
async function hold(key: "ArrowLeft" | "ArrowRight"): Promise<Shown[]> {
  await desk.run(HOLD, key, SPAN, BEAT_MS);
  // Nobody asks the page anything meanwhile.
  await sleep(2 * SPAN * BEAT_MS);
  return until("the end of the walk", 30_000, () => desk.run<Shown[] | null>(READ_HELD));
}

/** The durations of animation frames of a page at rest. */
async function animationFrames(): Promise<number[]> {
  await desk.run(COUNT_FRAMES, FRAMES);
  const began = await until("animation frames", 30_000, async () => {
    const seen = await desk.run<number[]>(READ_FRAMES);
    return seen.length > FRAMES ? seen : null;
  });
  return began.slice(1).map((at, before) => at - began[before]!);
}

test("steps reach the glass", { timeout: 900_000 }, async () => {
  stage.announce("an owner sends the clip");
  await signIn();
  await sendClip();
  stage.announce("waiting until the server has looked at it");
  await quiet(REST_MS);
  await desk.run(LISTEN);
  await desk.click(tile);
  await desk.see("[data-testid=glass]", 60_000);
  await onGlass(0);
  stage.announce("walking once over the frames, and waiting until all is at rest");
  const first = await prepare();
  let frame = first;
  const view = await desk.run<View>(VIEW);
  const frames = await animationFrames();
  await sleep(1_000);
  stage.announce(`${STEPS} steps`);
  await desk.run(START);
  const pause = pauses();
  for (const key of walk) {
    const next = Date.now() + pause.next().value!;
    await desk.press(key);
    await sleep(Math.max(0, next - Date.now()));
  }
  await sleep(1_000);
  const steps = await desk.run<Step[]>(READ);
  expect(steps.length, "keys that the page heard").toBe(walk.length);
  expect(steps.map((step) => step.frame)).toEqual(walk.map((key) => (frame += key === KEY.right ? 1 : -1)));
  stage.announce(`a key held down, ${2 * ROUNDS} times`);
  for (; frame > first; frame--) await desk.press(KEY.left).then(() => onGlass(frame - 1));
  const held: Shown[][] = [];
  for (let round = 0; round < ROUNDS; round++) held.push(await hold("ArrowRight"), await hold("ArrowLeft"));
  const seen = {
    view, frames, held: held.map((sweep) => sweep.map((shown) => shown.at)), software: process.env["LIBGL_ALWAYS_SOFTWARE"] === "1",
    steps: steps.map((step) => ({ ...step, over_edge: clip.keys.includes(step.key === "ArrowRight" ? step.frame : step.frame + 1) })),
  };
  const out = process.env["LIMPET_BENCH_OUT"];
  if (out) writeFileSync(out, JSON.stringify(seen));
  else console.log(JSON.stringify(seen));
  const there = Array.from({ length: SPAN }, (_, step) => first + step + 1);
  const back = there.map((frame) => frame - 1).reverse();
  expect(held.map((sweep) => sweep.map((shown) => shown.frame))).toEqual(held.map((_, sweep) => (sweep % 2 === 0 ? there : back)));
});
