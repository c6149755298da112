import type { Me } from "@limpet/shared/gen/wire";
import { describe, expect, it } from "vitest";
import { NotDone } from "../net/ask";
import { arrive, type Doors, invitationIn, type Remembered } from "./arrive";

const mine: Remembered = { client: "ana", conversation: "c", practice: "Harbour", phone: "555", invitation: "old" };
const me = (client: string): Me => ({ kind: "client", client, conversation: "c", practice: "Harbour" });

function doors(meAnswer: Me | number, openAnswer: string | number): Doors & { opened: string[] } {
  const opened: string[] = [];
  return {
    opened,
    me: () => (typeof meAnswer === "number" ? Promise.reject(new NotDone(meAnswer, null)) : Promise.resolve(meAnswer)),
    open: (invitation) => {
      opened.push(invitation);
      if (typeof openAnswer === "number") return Promise.reject(new NotDone(openAnswer, null));
      return Promise.resolve({ client: openAnswer, conversation: "c2", practice: "Harbour" });
    },
  };
}

describe("coming in", () => {
  it("opens a link seen for the first time and remembers it", async () => {
    const arrival = await arrive("new", null, doors(401, "ana"));
    expect(arrival).toMatchObject({ is: "in", session: { client: "ana", conversation: "c2", invitation: "new" } });
  });

  it("does not open a known link again while its session lasts", async () => {
    const at = doors(me("ana"), "ana");
    expect(await arrive("old", mine, at)).toEqual({ is: "in", session: mine });
    expect(at.opened).toEqual([]);
  });

  it("opens a known link again when the session is over or another client's took its place", async () => {
    for (const answer of [401, me("somebody else")]) {
      const at = doors(answer, "ana");
      expect(await arrive("old", mine, at)).toMatchObject({ is: "in", session: { client: "ana" } });
      expect(at.opened).toEqual(["old"]);
    }
  });

  it("shows the thread without a connection, by link and by the installed app", async () => {
    for (const status of [0, 502]) {
      expect(await arrive("old", mine, doors(status, 0))).toEqual({ is: "in", session: mine });
      expect(await arrive("", mine, doors(status, 0))).toEqual({ is: "in", session: mine });
    }
  });

  it("lets the installed app in by the session alone", async () => {
    expect(await arrive("", null, doors(me("ana"), 0))).toMatchObject({ is: "in", session: { client: "ana" } });
    expect(await arrive("", null, doors(401, 0))).toMatchObject({ is: "shut", why: "no-link" });
    expect(await arrive("", mine, doors(401, 0))).toMatchObject({ is: "shut", why: "expired" });
  });

  it("says that a link is over, and offers the thread this phone may still see", async () => {
    for (const status of [404, 410, 403, 400]) {
      expect(await arrive("new", null, doors(401, status))).toMatchObject({ is: "shut", why: "expired", instead: null });
      expect(await arrive("new", mine, doors(401, status))).toMatchObject({ is: "shut", instead: mine });
    }
  });

  it("tells a server that cannot be reached from a link that is over", async () => {
    expect(await arrive("new", null, doors(0, 0))).toMatchObject({ is: "shut", why: "not-reached" });
    expect(await arrive("new", null, doors(0, 429))).toMatchObject({ is: "shut", why: "busy" });
  });
});

describe("the address", () => {
  it("holds the invitation", () => {
    expect(invitationIn("/o/abc-DEF_1")).toBe("abc-DEF_1");
    expect(invitationIn("/owner/")).toBe("");
    expect(invitationIn("/o/")).toBe("");
  });
});
