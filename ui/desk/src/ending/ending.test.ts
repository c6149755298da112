import { beforeEach, expect, test } from "vitest";
import { practice, signedIn } from "../../tests/demo";
import { FakeHost, failure } from "../../tests/fake-host";
import { EndingForm } from "./ending.svelte";
import { suggestedName } from "./save";

const { threads } = practice(Date.now());
const thread = threads[0]!;
const none = { filing_folder: "", language: "", theme: "", review_memory_mb: 0 };
const set = { ...none, filing_folder: "/srv/pms" };
const nothing = () => Promise.resolve();
let host: FakeHost;

beforeEach(() => {
  host = new FakeHost(signedIn(), practice(Date.now()).threads);
});

test("with a folder, filing is the rule and notes are not", async () => {
  const form = new EndingForm(thread.conversation.id, host, set);
  form.summary = " Left hind. ";
  expect(await form.end(nothing)).toBe(true);
  expect(host.made).toEqual([
    {
      name: "end_conversation",
      args: { conversation: thread.conversation.id, summary: "Left hind.", plan: "", file: true, include_notes: false },
    },
  ]);
});

test("without a folder it ends unfiled, unless one is chosen, which is saved first", async () => {
  const form = new EndingForm(thread.conversation.id, host, none);
  expect([form.file, form.canEnd]).toEqual([false, true]);
  form.file = true;
  expect(form.canEnd).toBe(false);
  form.folder = " /srv/import ";
  expect(await form.end(nothing)).toEqual({ ...none, filing_folder: "/srv/import" });
  expect(host.made.map((call) => call.name)).toEqual(["save_settings", "end_conversation"]);
});

test("towards a folder that cannot be written to, the conversation does not end", async () => {
  const form = new EndingForm(thread.conversation.id, host, none);
  form.file = true;
  form.folder = "/root/locked";
  form.summary = "kept";
  host.answers.save_settings = () => {
    throw failure("invalid", "This folder cannot be written to. Choose another.");
  };
  expect(await form.end(nothing)).toBeNull();
  expect([form.wrong?.field, form.wrong?.failure.message]).toEqual(["folder", "This folder cannot be written to. Choose another."]);
  expect(host.count("end_conversation")).toBe(0);
  expect(form.summary).toBe("kept");
});

test("a refused end says so and can be tried again", async () => {
  const form = new EndingForm(thread.conversation.id, host, set);
  host.answers.end_conversation = () => {
    throw failure("conflict", "Somebody else has ended it.");
  };
  expect(await form.end(nothing)).toBeNull();
  expect(form.wrong).toEqual({ field: "all", failure: { code: "conflict", message: "Somebody else has ended it." } });
  expect(form.canEnd).toBe(true);
});

test("it does not end while the words in the field cannot be kept, and says why", async () => {
  const form = new EndingForm(thread.conversation.id, host, set);
  const full = failure("no_room", "The disk of this computer is full. Make room, then try again.");
  expect(await form.end(() => Promise.reject(full))).toBeNull();
  expect([form.wrong, host.count("end_conversation")]).toEqual([{ field: "all", failure: full }, 0]);
});

test("the suggested name of a PDF is one that every file system takes", () => {
  const odd = { ...thread, patient: { ...thread.patient, name: 'Rex / "Max"?' } };
  const opened = { ...odd, conversation: { ...odd.conversation, opened_at: Date.UTC(2025, 10, 22, 3) } };
  expect(suggestedName(opened, "America/New_York")).toBe("Rex - -Max-- 2025-11-21.pdf");
});
