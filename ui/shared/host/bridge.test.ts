import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { connect } from "./bridge";

/** A line that opens by itself; the test is the bridge. */
class Line {
  static last: Line;
  onopen = () => {};
  onmessage = (_event: { data: string }) => {};
  onerror = () => {};
  constructor(readonly path: string) {
    Line.last = this;
    queueMicrotask(() => this.onopen());
  }
}
beforeEach(() => vi.stubGlobal("EventSource", Line));

const answer = (body: unknown, status = 200) => vi.fn(() => Promise.resolve(new Response(JSON.stringify(body), { status })));
afterEach(() => vi.unstubAllGlobals());

test("a call is posted by name and arguments", async () => {
  const fetched = answer({ connection: "online" });
  vi.stubGlobal("fetch", fetched);
  expect(await (await connect()).call("state", null)).toEqual({ connection: "online" });
  const [path, init] = fetched.mock.calls[0] as unknown as [string, RequestInit];
  expect([path, init.method, init.body]).toEqual(["/call", "POST", '{"name":"state","args":null}']);
});

test("the page for a forgotten password is the desk's to name, and opens beside this one", async () => {
  const opened = vi.fn();
  vi.stubGlobal("open", opened);
  vi.stubGlobal("fetch", answer("https://chat.clinic.example/reset"));
  await (await connect()).openReset("chat.clinic.example");
  expect(opened).toHaveBeenCalledWith("https://chat.clinic.example/reset", "_blank", "noopener");
});

test("a failure is thrown as the desk said it", async () => {
  vi.stubGlobal("fetch", answer({ code: "conflict", message: "Somebody was first." }, 409));
  await expect((await connect()).call("assign", {})).rejects.toEqual({ code: "conflict", message: "Somebody was first." });
});

test("a bridge that is gone, or says nonsense, still gives a sentence", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  await expect((await connect()).call("state", null)).rejects.toMatchObject({ code: "internal", message: /bridge/ });
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("<html>", { status: 502 })));
  await expect((await connect()).call("state", null)).rejects.toMatchObject({ code: "internal" });
});

test("events are heard until nobody listens, and after a cut everything is asked again", async () => {
  const host = await connect();
  const heard: unknown[] = [];
  const stop = host.listen((event) => heard.push(event));
  Line.last.onmessage({ data: '{"kind":"lists"}' });
  expect(heard).toEqual([{ kind: "lists" }]);
  Line.last.onopen();
  expect(heard.slice(1)).toEqual([{ kind: "state" }, { kind: "lists" }]);
  stop();
  Line.last.onmessage({ data: '{"kind":"lists"}' });
  expect(heard.length).toBe(3);
});
