import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { UploadOptions } from "tus-js-client";
import type { Piece } from "../outbox/outbox";
import { speakFor } from "./ask";
import { upload, withdraw } from "./upload";

const sent: UploadOptions[] = [];
vi.mock("tus-js-client", () => ({
  Upload: class {
    constructor(_: Blob, readonly how: UploadOptions) {
      sent.push(how);
    }
    start(): void {
      this.how.onSuccess?.({} as never);
    }
  },
}));

const piece = (begun: boolean): Piece => ({
  id: "a",
  kind: "clip",
  name: "a.mov",
  mime: "video/quicktime",
  bytes: 5,
  captured_at: null,
  state: "withdrawing",
  begun,
  reason: "",
});

beforeEach(() => speakFor("ana"));
afterEach(() => {
  speakFor("");
  vi.unstubAllGlobals();
});

describe("withdrawing", () => {
  async function asked(begun: boolean, statuses: number[]): Promise<string[]> {
    const heard: string[] = [];
    vi.stubGlobal("fetch", (path: string, { method }: RequestInit) => {
      heard.push(`${method} ${path}`);
      return Promise.resolve(new Response(null, { status: statuses.shift() ?? 204 }));
    });
    await withdraw(piece(begun));
    return heard;
  }

  it("asks the server to forget what reached it", async () => {
    expect(await asked(true, [204])).toEqual(["DELETE /v1/uploads/a"]);
  });

  it("begins what never reached it, so that it can be forgotten", async () => {
    const both = ["POST /v1/uploads", "DELETE /v1/uploads/a"];
    expect(await asked(false, [201, 204])).toEqual(both);
    expect(await asked(true, [404, 201, 204])).toEqual(["DELETE /v1/uploads/a", ...both]);
  });
});

describe("sending", () => {
  it("says for whom", async () => {
    const signal = new AbortController().signal;
    await upload({ id: "a", file: new Blob(["bytes"]), begun: false, heard: () => undefined, signal });
    expect(sent).toMatchObject([{ headers: { "limpet-app": "owner", "limpet-client": "ana" } }]);
  });
});
