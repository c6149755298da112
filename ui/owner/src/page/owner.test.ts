import type { Conversation, Entity, Message } from "@limpet/shared/gen/wire";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Owner } from "./owner.svelte";

/** One browser with one session, and the practice's server behind it; Ana and Bo each have a link and a dog. */
class Browser {
  /** Whose session it is. */
  session = "";
  readonly asked: { what: string; as: string | null }[] = [];
  readonly feed: Entity[] = [];
  /** What has to happen before a page of the feed is answered. */
  slow: (() => Promise<void>) | null = null;

  say(client: string, conversation: string, body: string, received_at: number): void {
    const fresh = { subject: "", urgent: false, assignee: null, department: null, tags: [], opened_at: 0, waiting_since: null, escalated_at: null, snooze: null, ending: null };
    const about: Conversation = { ...fresh, id: conversation, client, patient: "dog", state: "open", read_by_staff: 0, delivered_to_client: 0, read_by_client: 0 };
    const author = { kind: "staff", id: "vet" } as const;
    const message: Message = { id: body, conversation, author, audience: "everyone", automatic: false, body, attachments: [], sent_at: 1, received_at, mentions: [], due_at: null, edited_at: null, deleted_at: null };
    this.feed.push({ kind: "conversation", state: about }, { kind: "message", state: message });
  }

  readonly fetch = async (path: string, { method, headers, body }: RequestInit): Promise<Response> => {
    const as = new Headers(headers).get("limpet-client");
    this.asked.push({ what: `${method} ${path}`, as });
    const said = JSON.parse((body as string | undefined) ?? "null") as { invitation: string } | null;
    if (path === "/v1/open-invitation") {
      this.session = said?.invitation.replace("link-", "") ?? "";
      return this.answer(this.me());
    }
    if (as !== null && as !== this.session) return this.answer({ code: "signed_out", message: "Open the link again." }, 401);
    if (path === "/v1/me") return this.answer({ kind: "client", ...this.me() });
    if (path.startsWith("/v1/changes")) {
      const { session } = this;
      await this.slow?.();
      const mine = this.feed.filter(({ kind, state }) =>
        kind === "conversation" ? state.client === session : kind === "message" && state.conversation.startsWith(session),
      );
      const changes = mine.map((entity) => ({ revision: this.feed.indexOf(entity) + 1, entity }));
      return this.answer({ revision: this.feed.length, changes, more: false, epoch: "e" });
    }
    return new Response(null, { status: 204 });
  };

  asks = (what: string) => this.asked.filter((one) => one.what.startsWith(what));

  private me = () => ({ client: this.session, conversation: `${this.session} 1`, practice: "Harbour" });
  private answer = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });
}

class Line {
  static readonly OPEN = 1;
  readyState = 1;
  addEventListener(): void {}
  close(): void {
    this.readyState = 2;
  }
}

/** Lets everything happen that can happen by itself. */
const rest = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((soon) => setTimeout(soon, 0));
};

const bodies = (owner: Owner) => [...owner.view.messages.values()].flat().map(({ body }) => body);

describe("two clients' links in one browser", () => {
  let browser: Browser;
  let shows = "visible";

  const link = async (client: string) => {
    history.replaceState(null, "", `/o/link-${client}`);
    const owner = new Owner();
    await owner.enter();
    return owner;
  };

  beforeEach(() => {
    localStorage.clear();
    browser = new Browser();
    browser.say("ana", "ana 1", "for Ana", 10);
    browser.say("bo", "bo 1", "for Bo", 10);
    shows = "visible";
    vi.stubGlobal("fetch", browser.fetch);
    vi.stubGlobal("EventSource", Line);
    vi.spyOn(document, "visibilityState", "get").mockImplementation(() => shows as DocumentVisibilityState);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it("says for whom it asks as soon as it knows, but not when it finds out", async () => {
    await link("ana");
    await rest();
    expect(browser.asks("POST /v1/open")).toMatchObject([{ as: null }]);
    expect(browser.asks("GET /v1/changes").every(({ as }) => as === "ana")).toBe(true);
  });

  it("never mixes them, and comes in again when somebody looks", async () => {
    const ana = await link("ana");
    await rest();
    browser.session = "bo";
    browser.say("ana", "ana 1", "again for Ana", 20);
    browser.say("bo", "bo 1", "again for Bo", 20);
    ana.lookedAt();
    await rest();
    expect(browser.session).toBe("ana");
    expect(ana.place.is).toBe("thread");
    expect(bodies(ana)).toEqual(["for Ana", "again for Ana"]);
  });

  it("loses nothing that waits: it is sent when the session is its own again", async () => {
    const ana = await link("ana");
    await rest();
    browser.session = "bo";
    await ana.send("She limps", []);
    const [waiting] = ana.box?.entries ?? [];
    await rest();
    // Within seconds of coming in it waits a little, so that two windows do not wrestle.
    expect(ana.place.is).toBe("thread");
    expect(ana.box?.entries).toMatchObject([{ body: "She limps", refused: null, announced: false }]);
    ana.lookedAt();
    await rest();
    const tries = browser.asks(`PUT /v1/messages/${waiting?.id ?? ""}`);
    expect(tries.map(({ as }) => as)).toEqual(["ana", "ana"]);
    expect(ana.box?.entries).toMatchObject([{ announced: true, refused: null }]);
  });

  it("does not take the session away while nobody looks at it", async () => {
    const ana = await link("ana");
    await rest();
    ana.lookedAt();
    await rest();
    shows = "hidden";
    browser.session = "bo";
    await ana.send("She limps", []);
    await rest();
    ana.connected();
    await rest();
    expect(browser.session).toBe("bo");
    expect(ana.place.is).toBe("thread");
    shows = "visible";
    ana.lookedAt();
    await rest();
    expect(browser.session).toBe("ana");
    expect(ana.box?.entries).toMatchObject([{ announced: true }]);
  });

  it("opens its own link again in the installed app, whose address has none", async () => {
    const ana = await link("ana");
    await rest();
    history.replaceState(null, "", "/owner/");
    browser.session = "bo";
    ana.lookedAt();
    await rest();
    expect(ana.place.is).toBe("thread");
    expect(browser.session).toBe("ana");
  });

  it("says that the link does not help when its session never answers", async () => {
    browser.session = "";
    vi.stubGlobal("fetch", (path: string, how: RequestInit) => {
      const answer = browser.fetch(path, how);
      if (path === "/v1/open-invitation") void answer.then(() => (browser.session = ""));
      return answer;
    });
    const ana = await link("ana");
    await rest();
    expect(ana.place).toMatchObject({ is: "shut", why: "expired" });
  });

  it("throws away what was asked for a client who has been left since", async () => {
    const owner = await link("ana");
    await rest();
    browser.say("ana", "ana 1", "late for Ana", 20);
    let answer: () => void = () => undefined;
    browser.slow = () => new Promise((done) => (answer = done));
    owner.connected();
    await rest();
    browser.slow = null;
    const entered = owner.enter(null, "link-bo");
    await rest();
    answer();
    await entered;
    await rest();
    expect(bodies(owner)).toEqual(["for Bo"]);
    expect(owner.said).toEqual([]);
  });
});

describe("several animals", () => {
  let browser: Browser;
  let owner: Owner;

  beforeEach(async () => {
    localStorage.clear();
    browser = new Browser();
    browser.say("ana", "ana 1", "about Biscuit", 50);
    browser.say("ana", "ana 2", "about Max", 10);
    vi.stubGlobal("fetch", browser.fetch);
    vi.stubGlobal("EventSource", Line);
    history.replaceState(null, "", "/o/link-ana");
    owner = new Owner();
    await owner.enter();
    await rest();
  });
  afterEach(() => vi.unstubAllGlobals());

  it("have the words again that the practice's server lost when it was set back", async () => {
    browser.say("ana", "ana 2", "He limps again", 60);
    const sent = browser.feed.at(-1);
    if (sent?.kind === "message") sent.state.author = { kind: "client", id: "ana" };
    owner.connected();
    await rest();
    expect(bodies(owner)).toContain("He limps again");
    owner.drafts.of("ana 2").body = "And he";
    browser.feed.splice(-2);
    owner.connected();
    await rest();
    expect(bodies(owner)).not.toContain("He limps again");
    expect(owner.drafts.lost.map(({ body }) => body)).toEqual(["He limps again"]);
    expect(owner.drafts.of("ana 2").body).toBe("He limps again\n\nAnd he");
    await owner.send("He limps again", []);
    expect(owner.drafts.lost).toEqual([]);
  });

  it("are marked as read each for itself", async () => {
    owner.choose("ana 1");
    await owner.seen();
    owner.choose("ana 2");
    await owner.seen();
    await owner.seen();
    expect(browser.asks("POST /v1/conversations").map(({ what }) => what)).toEqual([
      "POST /v1/conversations/ana 1/read",
      "POST /v1/conversations/ana 2/read",
    ]);
  });

  it("keep each what is being written while another is looked at", () => {
    owner.choose("ana 1");
    owner.staged.add([new File(["moving"], "cough.mp4", { type: "video/mp4" })], true);
    owner.choose("ana 2");
    expect(owner.staged.files).toEqual([]);
    owner.choose("ana 1");
    expect(owner.staged.files).toMatchObject([{ name: "cough.mp4" }]);
  });
});

describe("what needs a person", () => {
  it("is kept for three days from when it was shown on this screen", async () => {
    const browser = new Browser();
    browser.say("ana", "ana 1", "hello", 10);
    vi.stubGlobal("fetch", (path: string, how: RequestInit) =>
      path.startsWith("/v1/messages")
        ? Promise.resolve(new Response(JSON.stringify({ code: "invalid", message: "Too long." }), { status: 422 }))
        : browser.fetch(path, how),
    );
    vi.stubGlobal("EventSource", Line);
    history.replaceState(null, "", "/o/link-ana");
    const owner = new Owner();
    await owner.enter();
    await owner.send("Words", []);
    await rest();
    expect(owner.box?.entries).toMatchObject([{ refused: { message: "Too long." }, shown_at: 0 }]);
    await owner.seen();
    expect(owner.box?.entries[0]?.shown_at).toBeGreaterThan(0);
    vi.unstubAllGlobals();
  });
});
