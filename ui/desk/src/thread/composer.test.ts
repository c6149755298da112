import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MESSAGE_LIMIT, type Draft } from "@limpet/shared/gen/wire";
import { practice, signedIn } from "../../tests/demo";
import { FakeHost, failure } from "../../tests/fake-host";
import { Composer, SAVE_AFTER, SAVE_WITHIN } from "./composer.svelte";

const { threads } = practice(Date.now());
const id = threads[0]!.conversation.id;
const full = failure("no_room", "The disk of this computer is full. Make room, then try again.");
const draft = (body: string, some: Partial<Draft> = {}): Draft => ({ conversation: id, audience: "everyone", body, files: [], ...some });

let host: FakeHost;
let composer: Composer;

beforeEach(() => {
  vi.useFakeTimers();
  host = new FakeHost(signedIn(), practice(Date.now()).threads);
  composer = new Composer(id, host);
});
afterEach(() => vi.useRealTimers());

test("a draft is kept once the typing rests, with its last words", async () => {
  composer.write("He");
  await vi.advanceTimersByTimeAsync(SAVE_AFTER - 1);
  composer.write("Hello");
  await vi.advanceTimersByTimeAsync(SAVE_AFTER - 1);
  expect(host.count("save_draft")).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(host.count("save_draft")).toBe(1);
  expect(host.last("save_draft")).toEqual(draft("Hello"));
});

test("while the keys never rest, the words are kept all the same", async () => {
  for (let n = 1; n <= 2 * (SAVE_WITHIN / 100); n += 1) {
    composer.write("a".repeat(n));
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(host.made.map(({ args }) => (args as Draft).body.length)).toEqual([SAVE_WITHIN / 100, (2 * SAVE_WITHIN) / 100]);
});

test("words that cannot be kept are said to whoever waits for it, and told again until they are", async () => {
  host.answers.save_draft = () => {
    throw full;
  };
  composer.write("Half a sen");
  await expect(composer.flush()).rejects.toBe(full);
  expect([composer.failure, composer.isKept, composer.body]).toEqual([full, false, "Half a sen"]);
  delete host.answers.save_draft;
  await composer.flush();
  expect([composer.failure, composer.isKept]).toEqual([null, true]);
  expect(host.thread(id).draft.body).toBe("Half a sen");
});

test("leaving keeps the draft at once, and only if there is something new", async () => {
  composer.write("Half a sen");
  await composer.flush();
  await composer.flush();
  expect(host.made).toEqual([{ name: "save_draft", args: draft("Half a sen") }]);
});

test("an answer never replaces words written after the question was asked", async () => {
  const asked = composer.asking();
  composer.write("typed meanwhile");
  await composer.flush();
  composer.adopt(draft("as it was before"), asked);
  expect(composer.body).toBe("typed meanwhile");
});

test("nor words that the desk has not confirmed yet", () => {
  composer.write("typed before");
  composer.adopt(draft(""), composer.asking());
  expect(composer.body).toBe("typed before");
});

test("words that come back from a discarded message are taken over", () => {
  composer.adopt(draft("taken back", { audience: "staff" }), composer.asking());
  expect([composer.body, composer.audience]).toEqual(["taken back", "staff"]);
});

test("a sent message leaves an empty field, and its words do not come back as a draft", async () => {
  composer.write("On its way");
  const asked = composer.asking();
  expect(await composer.send()).toBe(true);
  composer.adopt(draft("On its way"), asked);
  await vi.runAllTimersAsync();
  expect(composer.body).toBe("");
  expect(host.made.map((call) => call.name)).toEqual(["send_message"]);
});

test("after a note the next is a note, whatever the desk's empty draft says", async () => {
  composer.turnTo("staff");
  composer.write("Compare with March");
  await composer.send();
  composer.adopt(draft(""), composer.asking());
  expect(composer.audience).toBe("staff");
  host.picked = ["/home/a/report.pdf"];
  await composer.attach();
  composer.adopt(draft("", { files: [...composer.files] }), composer.asking());
  expect(composer.audience).toBe("staff");
});

test("a draft without words can still be a note's: its files were chosen for staff", () => {
  composer.adopt(draft("", { audience: "staff" }), composer.asking());
  expect(composer.audience).toBe("staff");
});

test("leaving while a message goes keeps its words when it did not go", async () => {
  host.answers.send_message = () => {
    throw full;
  };
  composer.write("Important");
  const sent = composer.send();
  await composer.flush();
  expect(await sent).toBe(false);
  expect(host.thread(id).draft.body).toBe("Important");
});

test("a save on its way is over before the message goes", async () => {
  let open = () => {};
  host.answers.save_draft = () => new Promise((resolve) => (open = () => resolve(null)));
  composer.write("First kept, then sent");
  void composer.flush();
  await vi.advanceTimersByTimeAsync(0);
  const sent = composer.send();
  await vi.advanceTimersByTimeAsync(0);
  expect(host.count("send_message")).toBe(0);
  open();
  await sent;
  expect(host.count("send_message")).toBe(1);
});

test("a refused send keeps the words and says why", async () => {
  host.answers.send_message = () => {
    throw failure("no_room", "The disk of this computer is full. Make room, then send again.");
  };
  composer.write("Important");
  expect(await composer.send()).toBe(false);
  expect(composer.body).toBe("Important");
  expect(composer.failure?.message).toContain("disk");
  expect(composer.canSend).toBe(true);
});

test("pressing send twice sends once", async () => {
  composer.write("Once");
  await Promise.all([composer.send(), composer.send()]);
  expect(host.count("send_message")).toBe(1);
});

test("nothing, only spaces, or too much cannot be sent", async () => {
  expect(composer.canSend).toBe(false);
  composer.write("   \n ");
  expect(composer.canSend).toBe(false);
  composer.write("é".repeat(MESSAGE_LIMIT + 3));
  expect([composer.canSend, composer.tooLong]).toEqual([false, 3]);
  expect(await composer.send()).toBe(false);
  expect(host.count("send_message")).toBe(0);
});

test("files are copied in one by one, and one that is refused does not stop the others", async () => {
  host.picked = ["/home/a/report.pdf", "/home/a/empty.mp4", "C:\\photos\\paw.jpg"];
  host.answers.stage_file = ({ path }) => {
    if (path.endsWith("mp4")) throw failure("bad_clip", "This file is empty.");
    return { id: path, kind: "document", name: path, mime: "", bytes: 1, caption: "", still_of: null };
  };
  await composer.attach();
  expect(composer.files.map((file) => file.id)).toEqual(["/home/a/report.pdf", "C:\\photos\\paw.jpg"]);
  expect(composer.failure?.message).toBe("This file is empty.");
  expect(composer.staging).toEqual([]);
  expect(composer.canSend).toBe(true);
});

test("a file that was taken out does not come back with a late answer", async () => {
  host.picked = ["/home/a/report.pdf"];
  await composer.attach();
  const asked = composer.asking();
  const late = { ...draft(""), files: [...composer.files] };
  await composer.drop(composer.files[0]!.id);
  composer.adopt(late, asked);
  expect(composer.files).toEqual([]);
});
