// What goes wrong, with nothing simulated: for each thing a person can meet, the sentence that stands where they are
// looking, and afterwards everything that was there before.

import { readFileSync, readdirSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { print, program } from "./processes";
import { type Clinic, type SmallDisk, Stage } from "./stage";
import { type Window, until } from "./webdriver";

const ENTER = "\uE007";

const stage = new Stage();
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
  await stage.keepDisplay("FAILED-bad-input-window");
  if (phone) stage.keep("FAILED-bad-input-phone", await phone.screenshot());
  stage.tell();
});
afterAll(() => stage.clear());

const me = () => clinic.staff[0]!;
const conversation = () => clinic.conversations[0]!;
const thread = () => phone.getByRole("log");

/** A file to choose on the phone. */
function file(name: string, bytes: Buffer | string): string {
  const path = join(stage.folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** A generated bad clip, under the name that an owner's phone would give it. */
const bad = (kind: string, name: string): string =>
  file(name, readFileSync(print(program("limpet-testkit"), ["clip", "--kind", kind]).trim()));

/** A good clip made longer by room that players skip. */
function padded(name: string, length: number): string {
  const clip = readFileSync(print(program("limpet-testkit"), ["clip", "--kind", "no-audio"]).trim());
  const free = Buffer.alloc(length - clip.length);
  free.writeUInt32BE(free.length);
  free.write("free", 4, "latin1");
  return file(name, Buffer.concat([clip, free]));
}

/** Chooses files on the phone, as in the file picker. */
const choose = (...files: string[]) => phone.locator("[data-pick=choose]").setInputFiles(files);

const send = () => phone.getByRole("button", { name: "Send", exact: true }).click();

async function write(words: string): Promise<void> {
  await phone.getByRole("button", { name: "Write", exact: true }).click();
  await phone.getByRole("textbox").fill(words);
  await send();
}

/** Waits for words on the phone. */
const phoneSays = (words: string | RegExp, ms = 60_000) => phone.getByText(words).first().waitFor({ timeout: ms });

/** Waits for words in the window's thread. */
const deskSays = (words: string | RegExp, ms = 60_000) => desk.read("[role=log]", words, ms);

async function signIn(password: string): Promise<void> {
  await desk.type("form[aria-labelledby=sign-in] input[spellcheck=false]", stage.url);
  await desk.type("input[type=email]", me().email);
  await desk.type("input[type=password]", password);
  await desk.click("form[aria-labelledby=sign-in] button[type=submit]");
}

describe("what goes wrong is said, and nothing is lost", () => {
  test("a stopped server, at sign-in", async () => {
    desk = await stage.openDesktop();
    await stage.stopServer();
    await signIn(me().password);
    await desk.read("[role=alert]", /cannot be reached|no connection/i);
    await stage.startServer();
  });

  test("a wrong password", async () => {
    await signIn("not the password");
    await desk.read("[role=alert]", /password/i);
    await signIn(me().password);
    await desk.openConversation(conversation().patient);
    await desk.see("[role=log]");
  });

  test("a file of zero bytes and one of 201 MB stay on the phone", async () => {
    const link = print(program("limpet-testkit"), ["invite", "--url", stage.url, "--email", me().email, conversation().id]).trim();
    phone = (await stage.openPhone()).page;
    await phone.goto(link);
    await write("This was there before.");
    await deskSays("This was there before.");
    const large = file("IMG_2041.MOV", "");
    truncateSync(large, 201 * 1024 * 1024);
    await choose(file("IMG_2040.MOV", ""), large);
    await phoneSays("“IMG_2040.MOV” is empty");
    await phoneSays("“IMG_2041.MOV” is 201 MB; up to 200 MB can be sent.");
    stage.keep("bad-empty-and-too-large", await phone.screenshot());
    await phone.getByRole("alert").getByRole("button").click();
  });

  const refused: [what: string, kind: string, name: string, sentence: string][] = [
    ["text renamed .mp4", "bad-text", "notes.mp4", "This file is not a video, whatever its name says."],
    ["a PDF as a clip", "bad-pdf", "invoice.mp4", "This file is a PDF document, not a video. Send it as a document."],
    ["a clip cut off before its index", "bad-no-index", "walk.mp4", "It has to be sent again."],
  ];
  test.each(refused)("%s is refused in words on both sides", async (_, kind, name, sentence) => {
    await choose(bad(kind, name));
    await send();
    const row = thread().locator("article").filter({ hasText: name });
    await row.getByText(sentence).waitFor({ timeout: 60_000 });
    await row.getByRole("button", { name: "Choose another file" }).waitFor();
    await row.scrollIntoViewIfNeeded();
    stage.keep(kind, await phone.screenshot());
    await deskSays(sentence);
  });

  test("a clip that breaks off shows what is there and says what is missing", async () => {
    await choose(bad("bad-cut-short", "stairs.mp4"));
    await send();
    await phoneSays(/The file was cut off: its last \d:\d\d is missing/);
    stage.keep("bad-cut-short", await phone.screenshot());
    await deskSays(/Cut off: its last \d:\d\d is missing/);
    await stage.keepDisplay("bad-on-the-desk");
    await desk.click('[role=log] button.tile[aria-label*="stairs.mp4"]');
    await desk.see("[data-testid=glass]", 60_000);
    await desk.read("header .facts", "cut off, its last");
    await until("an exact frame", 30_000, async () => ((await desk.attribute("[data-testid=glass]", "data-exact")) === "true" ? true : null));
    await stage.keepDisplay("bad-cut-short-in-review");
    await desk.click("[data-testid=leave]");
    await desk.see("#message");
  });

  test("a stopped server, while an owner writes", async () => {
    await stage.stopServer("SIGKILL");
    await write("Written while the practice was away.");
    await phoneSays("No connection to the practice.");
    await phoneSays("Waiting for a connection. It goes on by itself.");
    await desk.see(".connection.offline");
    await stage.startServer();
    await deskSays("Written while the practice was away.", 90_000);
  });

  test("a filing folder that does not exist, and one that goes away", async () => {
    await desk.click("button[title$='(e)']");
    await desk.type("#ending textarea", "Strain of the right hind leg.");
    if (!(await desk.find("#ending .folder input"))) await desk.click("#ending input[type=checkbox]");
    await desk.type("#ending .folder input", join(stage.folder, "no such folder"));
    await desk.click("button[form=ending]");
    await desk.read("#ending", "cannot be reached. Check that it is written correctly");
    await stage.keepDisplay("bad-folder");
    await desk.type("#ending .folder input", stage.filing);
    const away = `${stage.filing}-away`;
    // The folder is there when it is chosen, and gone when the transcript is due.
    await desk.click("button[form=ending]");
    await desk.see("[data-testid=filing][data-state=filed]", 60_000);
    const first = readdirSync(stage.filing).filter((name) => name.endsWith(".pdf"));
    renameSync(stage.filing, away);
    await reopenAndEnd();
    await desk.read("[data-testid=filing][data-state=queued]", "cannot be reached", 60_000);
    await stage.keepDisplay("bad-folder-waits");
    renameSync(away, stage.filing);
    await desk.click("[data-testid=filing][data-state=queued] button");
    await until("a second document", 60_000, async () =>
      readdirSync(stage.filing).filter((name) => name.endsWith(".pdf")).length === first.length + 1 ? true : null,
    );
    expect(readdirSync(stage.filing)).toEqual(expect.arrayContaining(first));
  });

  test("a full disk on the server", async ({ skip }) => {
    await write("One more thing.");
    await desk.see("#message", 60_000);
    await stage.stopServer();
    const disk = await stage.startServerOnSmallDisk(6);
    if (!disk) return skip("mounting a small disk is not permitted here");
    await fullDisk(disk);
  });

  test("and everything from before is there", async () => {
    for (const words of ["This was there before.", "Written while the practice was away.", "One more thing."]) {
      expect(await thread().getByText(words).count(), words).toBe(1);
      await deskSays(words);
    }
  });
});

/** Opens the ended conversation again and ends it with the settings as they are. */
async function reopenAndEnd(): Promise<void> {
  await desk.click(await desk.read("section button", "Open again"));
  await desk.see("#message");
  await desk.type("#message", "One thing I forgot.");
  await desk.press(ENTER);
  await desk.click("button[title$='(e)']");
  await desk.type("#ending textarea", "Strain of the right hind leg. See above.");
  await desk.click("button[form=ending]");
}

/** A clip that does not fit, words that do not fit; then somebody makes room and both arrive. */
async function fullDisk(disk: SmallDisk): Promise<void> {
  await desk.see(".connection.online", 60_000);
  await choose(padded("long walk.mp4", 12_000_000));
  await send();
  await phoneSays("no room left", 90_000);
  stage.keep("bad-full-disk", await phone.screenshot());
  disk.fill();
  const words = `This has to fit, too. ${"It is rather long. ".repeat(400)}`;
  await desk.type("#message", words);
  await desk.press(ENTER);
  await deskSays(/no room left/, 60_000);
  await stage.keepDisplay("bad-full-disk");
  disk.grow(64);
  // Somebody who reads the sentence looks again; otherwise the page tries by itself, less and less often.
  await phone.reload();
  await phone.getByRole("button", { name: "Play clip long walk.mp4" }).waitFor({ timeout: 120_000 });
  await desk.click(await desk.read("[role=log] .deeds button", "Try again"));
  await phoneSays("This has to fit, too.", 60_000);
  expect(await thread().getByText("This has to fit, too.").count()).toBe(1);
}
