import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { practice, signedIn, signedOut, staff } from "../../tests/demo";
import { FakeHost, failure } from "../../tests/fake-host";
import { SignInForm, withScheme } from "../sign-in/sign-in.svelte";
import { App, RESTS_AFTER } from "./app.svelte";
import { perform, toggleUrgent } from "./deeds";
import { Layout } from "./layout.svelte";

let host: FakeHost;
let app: App;
const nowhere = { list() {}, search() {}, composer() {}, thread() {} };
const layout = () =>
  new Layout({ getItem: () => null, setItem: () => {} }, { matches: true, addEventListener: () => {} });
const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(async () => {
  vi.useFakeTimers();
  host = new FakeHost(signedIn(), practice(Date.now()).threads);
  app = new App(host);
  await app.start();
  await settle();
});
afterEach(() => {
  app.stop();
  vi.useRealTimers();
});

test("it listens before it asks, and asks again when told", async () => {
  const before = host.count("list_conversations");
  host.tell({ kind: "lists" });
  await settle();
  expect(host.count("list_conversations")).toBe(before + 1);
  host.state = { ...host.state, connection: "offline", unsent: 3 };
  host.tell({ kind: "state" });
  await settle();
  expect([app.connection, app.state?.unsent]).toEqual(["offline", 3]);
});

test("an event about another conversation does not ask for the open one", async () => {
  const id = app.list.rows[0]!.conversation.id;
  await app.show(id);
  const before = host.count("open_conversation");
  host.tell({ kind: "conversations", ids: ["another"] });
  await settle();
  expect(host.count("open_conversation")).toBe(before);
  host.tell({ kind: "conversations", ids: ["another", id] });
  await settle();
  expect(host.count("open_conversation")).toBe(before + 1);
});

test("a message that arrives while its thread is open is there after the event", async () => {
  const id = app.list.rows[0]!.conversation.id;
  await app.show(id);
  const thread = host.thread(id);
  thread.messages.push({ ...thread.messages[0]!, message: { ...thread.messages[0]!.message, id: "new", body: "Just arrived" } });
  host.tell({ kind: "conversations", ids: [id] });
  await settle();
  expect(app.open?.thread?.messages.at(-1)?.message.body).toBe("Just arrived");
});

test("going to another conversation keeps what was written in this one", async () => {
  const [first, second] = app.list.rows.map((row) => row.conversation.id);
  await app.show(first!);
  app.open!.composer.write("half");
  await app.show(second!);
  await app.show(first!);
  expect(app.open!.composer.body).toBe("half");
});

describe("words that cannot be kept", () => {
  const full = failure("no_room", "The disk of this computer is full.");
  let first: string;
  let second: string;

  beforeEach(async () => {
    [first, second] = app.list.rows.map((row) => row.conversation.id) as [string, string];
    await app.show(first);
    app.open!.composer.write("half");
    host.answers.save_draft = () => {
      throw full;
    };
  });

  test("are still there when their conversation is opened again, and that is said", async () => {
    await app.show(second);
    expect(app.notices.shown[0]?.text).toBe(
      "What you wrote about Max is not saved. The disk of this computer is full. It is still in its conversation until Limpet is closed.",
    );
    app.notices.shown[0]!.undo!.run();
    await settle();
    expect([app.open!.id, app.open!.composer.body, app.open!.composer.failure]).toEqual([first, "half", full]);
    delete host.answers.save_draft;
    await app.show(second);
    expect(host.thread(first).draft.body).toBe("half");
  });

  test("do not let anybody sign out, in whatever conversation they are", async () => {
    await expect(app.signOut()).rejects.toBe(full);
    await app.show(second);
    await expect(app.signOut()).rejects.toBe(full);
    expect([host.count("sign_out"), app.state?.session?.staff.name]).toEqual([0, "Dr. Priya Raman"]);
    delete host.answers.save_draft;
    await app.signOut();
    expect([host.thread(first).draft.body, app.state?.session]).toEqual(["half", null]);
  });

  test("wait for whoever wrote them when the session ran out, and are shown to nobody else", async () => {
    app.adopt(signedOut());
    await settle();
    app.adopt(signedIn());
    await app.show(first);
    expect(app.open!.composer.body).toBe("half");
    app.adopt(signedOut());
    await settle();
    const other = signedIn();
    other.session!.staff = staff[1]!;
    app.adopt(other);
    await app.show(first);
    expect(app.open!.composer.body).toBe("");
  });

  test("do not keep the review room shut", async () => {
    await app.review({ ...host.thread(first).messages[1]!.attachments[0]! }, "Max");
    expect(app.clip?.title).toBe("Max");
  });
});

test("a held key opens only the conversation it comes to rest on", async () => {
  const ids = app.list.rows.map((row) => row.conversation.id);
  for (const id of ids) app.browse(id);
  expect(app.list.selected).toBe(ids.at(-1));
  await vi.advanceTimersByTimeAsync(RESTS_AFTER);
  const opened = host.made.filter((call) => call.name === "open_conversation").map((call) => call.args);
  expect(opened).toEqual([ids[0], ids.at(-1)]);
});

test("signing out lets go of everything of the practice", async () => {
  await app.show(app.list.rows[0]!.conversation.id);
  app.adopt(signedOut());
  expect([app.open, app.list.selected, app.front]).toEqual([null, null, null]);
  const before = host.count("list_conversations");
  host.tell({ kind: "lists" });
  await settle();
  expect(host.count("list_conversations")).toBe(before);
});

test("what does not work is said once, in its own words", async () => {
  await app.show(app.list.rows[0]!.conversation.id);
  host.answers.mark_urgent = () => {
    throw failure("conflict", "Somebody else changed it first. Try again.");
  };
  await toggleUrgent(app);
  await toggleUrgent(app);
  expect(app.notices.shown.map((notice) => notice.text)).toEqual(["Somebody else changed it first. Try again."]);
});

test("urgent can be taken back from the notice", async () => {
  await app.show(app.list.rows[2]!.conversation.id);
  await toggleUrgent(app);
  expect(app.open?.thread?.conversation.urgent).toBe(true);
  app.notices.shown[0]!.undo!.run();
  await settle();
  expect(app.open?.thread?.conversation.urgent).toBe(false);
});

test("deeds: next, assign to me, note, end; and none where there is nothing to do it to", async () => {
  const act = (deed: Parameters<typeof perform>[3]) => perform(app, layout(), nowhere, deed);
  expect([act("reply"), act("end"), act("assign")]).toEqual([false, false, false]);
  expect(act("next")).toBe(true);
  await settle();
  expect(app.open?.thread?.patient.name).toBe("Max");
  act("note");
  expect(app.open?.composer.audience).toBe("staff");
  act("assign");
  await settle();
  expect(app.open?.thread?.conversation.assignee).toBe(app.state?.session?.staff.id);
  act("end");
  expect(app.front).toEqual({ kind: "end" });
  await act("ended");
  await settle();
  await app.show(app.list.rows[0]!.conversation.id);
  expect(act("end")).toBe(false);
});

test("settings choose theme and language for the whole page", () => {
  app.adoptSettings({ filing_folder: "", language: "es", theme: "dark", review_memory_mb: 0 });
  expect([document.documentElement.dataset["theme"], document.documentElement.lang]).toEqual(["dark", "es"]);
  app.adoptSettings({ filing_folder: "", language: "en", theme: "", review_memory_mb: 0 });
  expect([document.documentElement.dataset["theme"], document.documentElement.lang]).toEqual([undefined, "en"]);
});

test("sign-in asks for a code where the server does, and says so when it was the wrong one", async () => {
  const form = new SignInForm(host, "https://chat.clinic.example");
  form.email = "priya@clinic.example";
  form.password = "right";
  host.answers.sign_in = () => {
    throw failure("code_needed", "Type the code.");
  };
  expect(form.needsCode).toBe(false);
  expect(await form.submit()).toBeNull();
  expect([form.needsCode, form.failure, form.password]).toEqual([true, null, "right"]);
  expect(host.last("sign_in")).not.toHaveProperty("code");
  form.code = " 123456 ";
  expect(await form.submit()).toBeNull();
  expect(form.failure?.code).toBe("code_needed");
  expect(host.last("sign_in")).toHaveProperty("code", "123456");
  host.answers.sign_in = () => signedIn();
  expect(await form.submit()).not.toBeNull();
  expect([form.needsCode, form.code, form.password]).toEqual([false, "", ""]);
});

test("a forgotten password is replaced on a page of the server that was typed, or it is said what is wrong with that", async () => {
  const form = new SignInForm(host, " chat.clinic.example ");
  await form.forgot();
  expect([host.last("reset_page"), form.failure]).toEqual(["chat.clinic.example", null]);
  host.answers.reset_page = () => {
    throw failure("invalid", "This is not a server address.");
  };
  form.server = "";
  await form.forgot();
  expect(form.failure?.message).toBe("This is not a server address.");
});

test("a code is asked of one address at one server, and not of the next that is typed", async () => {
  const form = new SignInForm(host, "https://chat.clinic.example");
  form.email = "priya@clinic.example";
  form.password = "right";
  host.answers.sign_in = () => {
    throw failure("code_needed", "Type the code.");
  };
  await form.submit();
  form.code = "123456";
  form.email = "Priya@clinic.example ";
  expect(form.needsCode).toBe(true);
  form.email = "ben@clinic.example";
  expect(form.needsCode).toBe(false);
  host.answers.sign_in = () => {
    throw failure("invalid", "Email and password do not belong together.");
  };
  await form.submit();
  expect(host.last("sign_in")).not.toHaveProperty("code");
  form.email = "priya@clinic.example";
  expect([form.needsCode, form.code]).toEqual([true, ""]);
  form.server = "https://chat.other.example";
  expect(form.needsCode).toBe(false);
});

test("sign-in says what the server said, and forgets the password when it worked", async () => {
  const form = new SignInForm(host, "");
  form.server = " chat.clinic.example ";
  form.email = "priya@clinic.example ";
  form.password = "wrong";
  host.answers.sign_in = () => {
    throw failure("invalid", "Email and password do not belong together.");
  };
  expect(await form.submit()).toBeNull();
  expect([form.failure?.message, form.password]).toEqual(["Email and password do not belong together.", "wrong"]);
  host.answers.sign_in = () => signedIn();
  expect((await form.submit())?.session?.staff.name).toBe("Dr. Priya Raman");
  expect(host.last("sign_in")).toEqual({ server: "https://chat.clinic.example", email: "priya@clinic.example", password: "wrong" });
  expect(form.password).toBe("");
  expect(withScheme("http://127.0.0.1:8080")).toBe("http://127.0.0.1:8080");
});
