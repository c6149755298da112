import { describe, expect, it } from "vitest";
import { NotDone } from "../net/ask";
import { FileLost, type Sending } from "../net/upload";
import { MemoryStore } from "../storage/store";
import { type Chosen, Outbox } from "./box.svelte";
import { Drain, type World } from "./drain";
import type { Entry, Outcome, Piece } from "./outbox";

/** A server that does what each test says and writes down what it was asked. */
class Pretend implements World {
  readonly asked: string[] = [];
  answers: ((what: string) => void | Promise<void>)[] = [];
  uploads: ((sending: Sending) => Promise<Outcome>)[] = [];
  time = 1000;

  async announce(entry: Entry): Promise<void> {
    this.asked.push(`announce ${entry.body}`);
    await this.answers.shift()?.(entry.body);
  }
  async withdraw({ id }: Piece): Promise<void> {
    this.asked.push(`withdraw ${id}`);
    await this.answers.shift()?.(id);
  }
  async upload(sending: Sending): Promise<Outcome> {
    this.asked.push(`upload ${sending.id}${sending.begun ? " again" : ""}`);
    return (await this.uploads.shift()?.(sending)) ?? { ok: true };
  }
  now = () => this.time;
  chance = () => 1;
}

const clip = (id: string): Chosen => ({
  id,
  file: new Blob(["moving picture"]),
  kind: "clip",
  name: `${id}.mov`,
  mime: "video/quicktime",
  captured_at: null,
});

function set() {
  const store = new MemoryStore();
  const world = new Pretend();
  const box = new Outbox(store, world.now);
  const heard: string[] = [];
  const ears = {
    reached: (yes: boolean) => heard.push(yes ? "reached" : "not reached"),
    signedOut: () => heard.push("signed out"),
    taken: () => heard.push("taken"),
  };
  const drain = new Drain(box, ears, world);
  /** Lets everything happen that can happen by itself. */
  const rest = async () => {
    for (let turn = 0; turn < 50 || !drain.idle; turn++) await Promise.resolve();
  };
  return { store, world, box, heard, drain, rest };
}

const fail = (status: number) => () => {
  throw new NotDone(status, status === 422 ? { code: "invalid", message: "Too long." } : null);
};

describe("draining", () => {
  it("announces in order, then sends the bytes, once", async () => {
    const { world, box, drain, rest } = set();
    await box.add("c", "one", [clip("a"), clip("b")]);
    await box.add("c", "two", []);
    drain.start();
    await rest();
    expect(world.asked.filter((what) => what.startsWith("announce"))).toEqual(["announce one", "announce two"]);
    expect(world.asked.filter((what) => what.startsWith("upload"))).toEqual(["upload a", "upload b"]);
    drain.wake();
    await rest();
    expect(world.asked).toHaveLength(4);
    expect(box.entries.map((entry) => entry.pieces.map((piece) => piece.state))).toEqual([["arrived", "arrived"], []]);
  });

  it("keeps a message that did not get through and sends the same again", async () => {
    const { world, box, drain, rest, store, heard } = set();
    world.answers = [fail(0)];
    await box.add("c", "one", []);
    drain.start();
    await rest();
    expect(heard).toEqual(["not reached"]);
    const [kept] = (await store.load()).entries;
    expect(kept).toMatchObject({ touched: true, announced: false, tries: 1, not_before: 2000 });
    await box.hurry();
    drain.wake();
    await rest();
    expect(world.asked).toEqual(["announce one", "announce one"]);
    expect(box.entries[0]).toMatchObject({ id: kept?.id, announced: true, tries: 0 });
    drain.stop();
  });

  it("starts again after the page was closed, where it was", async () => {
    const first = set();
    first.world.uploads = [() => new Promise(() => undefined)];
    await first.box.add("c", "look", [clip("a")]);
    first.drain.start();
    for (let turn = 0; turn < 200; turn++) await Promise.resolve();
    const second = set();
    const box = new Outbox(first.store, second.world.now);
    box.take((await first.store.load()).entries);
    const drain = new Drain(box, { reached: () => undefined, signedOut: () => undefined, taken: () => undefined }, second.world);
    drain.start();
    for (let turn = 0; turn < 200; turn++) await Promise.resolve();
    expect(first.world.asked).toEqual(["announce look", "upload a"]);
    expect(second.world.asked).toEqual(["upload a again"]);
  });

  it("stops everything when the session is over and loses nothing", async () => {
    const { world, box, drain, rest, heard } = set();
    world.answers = [fail(401)];
    await box.add("c", "one", []);
    await box.add("c", "two", []);
    drain.start();
    await rest();
    expect(world.asked).toEqual(["announce one"]);
    expect(heard).toContain("signed out");
    expect(box.entries).toHaveLength(2);
  });

  it("sets a refused message aside with the reason and goes on with the next", async () => {
    const { world, box, drain, rest } = set();
    world.answers = [fail(422)];
    await box.add("c", "one", []);
    await box.add("c", "two", []);
    drain.start();
    await rest();
    expect(box.entries).toMatchObject([{ refused: { message: "Too long." } }, { announced: true }]);
    await box.again(box.entries[0]?.id ?? "", null);
    drain.wake();
    await rest();
    expect(world.asked).toEqual(["announce one", "announce two", "announce one"]);
    expect(box.entries.map((entry) => entry.body)).toEqual(["two", "one"]);
  });

  it("says why the server asks to wait, and tries again", async () => {
    const { world, box, drain, rest, heard } = set();
    const failure = { code: "no_room" as const, message: "The practice's server has no room left." };
    world.uploads = [() => Promise.resolve({ ok: false, status: 507, failure })];
    await box.add("c", "", [clip("a")]);
    drain.start();
    await rest();
    expect(box.waitingFor).toEqual(failure);
    expect(heard).not.toContain("not reached");
    expect(box.entries[0]).toMatchObject({ tries: 1, pieces: [{ state: "waiting" }] });
    await box.hurry();
    drain.wake();
    await rest();
    expect(box.waitingFor).toBeNull();
    expect(box.entries[0]?.pieces[0]?.state).toBe("arrived");
  });

  it("says so when the phone no longer has the file", async () => {
    const { world, box, drain, rest } = set();
    world.uploads = [() => Promise.reject(new FileLost())];
    await box.add("c", "", [clip("a"), clip("b")]);
    drain.start();
    await rest();
    expect(box.entries[0]?.pieces.map((piece) => piece.state)).toEqual(["lost", "arrived"]);
  });

  it("sets the file aside that was refused, and still calls off the one cancelled meanwhile", async () => {
    const { world, box, drain, rest } = set();
    const refused: Outcome = { ok: false, status: 422, failure: { code: "invalid", message: "Not this one." } };
    const entry = await box.add("c", "", [clip("a"), clip("b")]);
    world.uploads = [
      async () => {
        await box.cancel(entry.id, "b");
        return refused;
      },
    ];
    drain.start();
    await rest();
    expect(world.asked).toEqual(["announce ", "upload a", "withdraw b"]);
    expect(box.entries[0]?.pieces).toMatchObject([
      { id: "a", state: "refused", reason: "Not this one." },
      { id: "b", state: "withdrawn" },
    ]);
  });

  it("cuts a cancelled upload off and asks the server to forget it", async () => {
    const { world, box, drain, rest } = set();
    world.uploads = [
      ({ signal }) =>
        new Promise((done) => {
          signal.addEventListener("abort", () => done({ ok: false, status: 0, failure: null }));
        }),
    ];
    const entry = await box.add("c", "", [clip("a")]);
    drain.start();
    for (let turn = 0; turn < 200; turn++) await Promise.resolve();
    await box.cancel(entry.id, "a");
    drain.interrupt("a");
    await rest();
    expect(world.asked).toEqual(["announce ", "upload a", "withdraw a"]);
    expect(box.entries[0]?.pieces[0]?.state).toBe("withdrawn");
  });

  it("does not repeat by itself what was interrupted because the connection went", async () => {
    const { world, box, drain, rest } = set();
    world.uploads = [
      ({ signal }) =>
        new Promise((done) => {
          signal.addEventListener("abort", () => done({ ok: false, status: 0, failure: null }));
        }),
    ];
    await box.add("c", "", [clip("a")]);
    drain.start();
    for (let turn = 0; turn < 200; turn++) await Promise.resolve();
    drain.stop();
    await rest();
    expect(world.asked).toEqual(["announce ", "upload a"]);
    drain.start();
    await rest();
    expect(world.asked).toEqual(["announce ", "upload a", "upload a again"]);
    expect(box.entries[0]?.pieces[0]?.state).toBe("arrived");
  });
});
