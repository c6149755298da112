import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { practice, signedIn } from "../../tests/demo";
import { FakeHost, failure } from "../../tests/fake-host";
import { OpenThread, SEEN_AFTER, hasUnseen } from "./thread.svelte";

const NOW = Date.now();
let host: FakeHost;
let open: OpenThread;

beforeEach(() => {
  vi.useFakeTimers();
  const { threads } = practice(NOW);
  host = new FakeHost(signedIn(), threads);
  open = new OpenThread(threads[0]!.conversation.id, host);
});
afterEach(() => vi.useRealTimers());

test("it counts as seen after a moment in sight, not before and not behind something", async () => {
  await open.refresh();
  await vi.advanceTimersByTimeAsync(SEEN_AFTER * 2);
  expect(host.count("mark_read")).toBe(0);
  open.look(true);
  await vi.advanceTimersByTimeAsync(SEEN_AFTER - 1);
  open.look(false);
  await vi.advanceTimersByTimeAsync(SEEN_AFTER * 2);
  expect(host.count("mark_read")).toBe(0);
  open.look(true);
  await vi.advanceTimersByTimeAsync(SEEN_AFTER);
  expect(host.count("mark_read")).toBe(1);
});

test("what was seen is not marked again", async () => {
  open.look(true);
  await open.refresh();
  await vi.advanceTimersByTimeAsync(SEEN_AFTER);
  await open.refresh();
  expect(hasUnseen(open.thread!)).toBe(false);
  await vi.advanceTimersByTimeAsync(SEEN_AFTER * 2);
  expect(host.count("mark_read")).toBe(1);
});

test("where the unseen part began stays where it was when the thread was opened", async () => {
  await open.refresh();
  const began = open.seenBefore;
  open.look(true);
  await vi.advanceTimersByTimeAsync(SEEN_AFTER);
  await open.refresh();
  expect(open.seenBefore).toBe(began);
  expect(open.thread!.conversation.read_by_staff).toBeGreaterThan(began!);
});

test("leaving keeps the draft, and a late answer changes nothing any more", async () => {
  await open.refresh();
  open.composer.write("unfinished");
  const before = open.thread;
  let arrive = () => {};
  host.answers.open_conversation = (id) => new Promise((answer) => (arrive = () => answer(host.thread(id))));
  const late = open.refresh();
  await vi.advanceTimersByTimeAsync(0);
  await open.close();
  expect(host.last("save_draft").body).toBe("unfinished");
  arrive();
  await late;
  expect(open.thread).toBe(before);
});

test("a thread that could be read once stays on the screen when it cannot be read again", async () => {
  await open.refresh();
  host.answers.open_conversation = () => {
    throw failure("internal", "No.");
  };
  await open.refresh();
  expect(open.thread).not.toBeNull();
  expect(open.failure?.message).toBe("No.");
});

test("taking a refused message back brings its words into the field", async () => {
  await open.refresh();
  host.answers.discard_message = () => {
    host.thread(open.id).draft.body = "the refused words";
    return null;
  };
  await open.takeBack("message");
  expect(open.composer.body).toBe("the refused words");
});
