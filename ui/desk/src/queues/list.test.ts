import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { crowd, practice, signedIn } from "../../tests/demo";
import { FakeHost, failure } from "../../tests/fake-host";
import { List, MOST, PAGE, SEARCH_AFTER } from "./list.svelte";

const NOW = Date.now();
const names = (list: List) => list.rows.map((row) => row.patient);

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("rows come in the desk's order: urgent first, then longest-waiting", async () => {
  const list = new List(new FakeHost(signedIn(), practice(NOW).threads));
  await list.refresh();
  expect(names(list)).toEqual(["Max", "Pepper", "Biscuit", "Luna"]);
  expect(list.counts).toEqual({ waiting: 4, mine: 2, unassigned: 2, open: 6, ended: 1 });
});

test("five hundred conversations are asked for page by page, and asked again as far as they are shown", async () => {
  const host = new FakeHost(signedIn(), crowd(500, NOW));
  const list = new List(host);
  await list.refresh();
  expect([list.rows.length, list.total]).toEqual([PAGE, 500]);
  await list.more();
  expect(list.rows.length).toBe(2 * PAGE);
  await list.refresh();
  expect(host.last("list_conversations").limit).toBe(2 * PAGE);
  for (let page = 0; page < 10; page += 1) await list.more();
  expect(list.rows.length).toBe(500);
  const asked = host.made.length;
  await list.more();
  expect(host.made.length).toBe(asked);
});

test("every conversation of a long queue can be reached, each of them once", async () => {
  const threads = crowd(700, NOW);
  const host = new FakeHost(signedIn(), threads);
  const list = new List(host);
  await list.refresh();
  for (let page = 0; page < 12; page += 1) await list.more();
  expect([list.rows.length, list.total]).toEqual([700, 700]);
  expect(new Set(list.rows.map((row) => row.conversation.id)).size).toBe(700);
  expect(host.made.slice(-2).map(({ args }) => args)).toMatchObject([
    { offset: 0, limit: MOST },
    { offset: MOST, limit: 220 },
  ]);
  for (const thread of threads.slice(300)) host.threads.delete(thread.conversation.id);
  const asked = host.made.length;
  await list.refresh();
  expect([list.rows.length, list.total, host.made.length - asked]).toEqual([300, 300, 1]);
});

test("a conversation that moves between two pages is not there twice", async () => {
  const threads = crowd(700, NOW);
  const host = new FakeHost(signedIn(), threads);
  const list = new List(host);
  await list.refresh();
  for (let page = 0; page < 8; page += 1) await list.more();
  host.answers.list_conversations = (query) => {
    delete host.answers.list_conversations;
    const page = host.list(query);
    // The one at the end of the queue turns urgent while the first page is on its way.
    threads[0]!.conversation.urgent = true;
    return page;
  };
  await list.refresh();
  const ids = list.rows.map((row) => row.conversation.id);
  expect([ids.length, new Set(ids).size]).toEqual([539, 539]);
});

test("a search is asked once the typing rests", async () => {
  const host = new FakeHost(signedIn(), practice(NOW).threads);
  const list = new List(host);
  await list.refresh();
  list.find("lu");
  list.find("luna");
  await vi.advanceTimersByTimeAsync(SEARCH_AFTER);
  expect(host.count("list_conversations")).toBe(2);
  expect(names(list)).toEqual(["Luna"]);
  expect(list.counts.waiting).toBe(4);
});

test("an answer about another queue is not shown", async () => {
  const host = new FakeHost(signedIn(), practice(NOW).threads);
  const list = new List(host);
  const late = list.refresh();
  const turned = list.turnTo("ended");
  await late;
  expect(names(list)).not.toContain("Max");
  await turned;
  expect(names(list)).toEqual(["Rex"]);
  expect(list.isStale).toBe(false);
});

test("the row beside the selected one, held at the ends", async () => {
  const list = new List(new FakeHost(signedIn(), practice(NOW).threads));
  await list.refresh();
  expect(list.beside(1)?.patient).toBe("Max");
  list.selected = list.rows[3]!.conversation.id;
  expect(list.beside(1)?.patient).toBe("Luna");
  expect(list.beside(-1)?.patient).toBe("Biscuit");
});

test("rows stay on the screen when they cannot be asked again", async () => {
  const host = new FakeHost(signedIn(), practice(NOW).threads);
  const list = new List(host);
  await list.refresh();
  host.answers.list_conversations = () => {
    throw failure("internal", "The list could not be read.");
  };
  await list.refresh();
  expect(list.rows.length).toBe(4);
  expect(list.failure?.message).toBe("The list could not be read.");
});
