import { expect, test } from "vitest";
import type { Attachment, Author } from "@limpet/shared/gen/wire";
import { practice } from "../../tests/demo";
import { fullPicture, picturesOf, poster, stagedPicture, thumbnail } from "./pictures";
import { canReview, titleOf } from "./clips";
import { Uploads } from "./uploads.svelte";

const host = { mediaUrl: (id: string, kind: string) => `${id}/${kind}` };
const [biscuit] = practice(0).threads;
const clip = { ...biscuit!.messages[3]!.attachments[0]!, id: "clip" };
const photo = { ...biscuit!.messages[4]!.attachments[0]!, id: "photo" };

const client: Author = { kind: "client", id: "anna" };
const staff: Author = { kind: "staff", id: "priya" };
const refused = { kind: "refused", reason: "no" } as const;

test("what a client sent is shown by its poster only, small and large", () => {
  const mimes = ["image/jpeg", "image/png", "image/webp", "image/gif", "image/heic", "image/svg+xml", ""];
  const states: Attachment["state"][] = [{ kind: "processing" }, { kind: "ready" }];
  for (const mime of mimes)
    for (const kind of ["photo", "still"] as const)
      for (const has_poster of [true, false])
        for (const state of states) {
          const sent = { ...photo, kind, mime, has_poster, state };
          expect([thumbnail(host, sent, client), fullPicture(host, sent, client)]).toEqual(["photo/poster", "photo/poster"]);
        }
  const arriving = { ...photo, has_poster: false, state: { kind: "uploading", received: 5 } as const };
  expect([thumbnail(host, arriving, client), fullPicture(host, arriving, client)]).toEqual([null, null]);
});

test("what staff sent is shown as it is where a webview can, large at its best", () => {
  const without = { ...photo, has_poster: false };
  expect([thumbnail(host, photo, staff), fullPicture(host, photo, staff)]).toEqual(["photo/poster", "photo/original"]);
  expect([thumbnail(host, without, staff), fullPicture(host, without, staff)]).toEqual(["photo/original", "photo/original"]);
  expect(fullPicture(host, { ...photo, mime: "image/heic" }, staff)).toBe("photo/poster");
  expect(fullPicture(host, { ...without, mime: "image/heic" }, staff)).toBeNull();
  expect(stagedPicture(host, { ...photo, still_of: null })).toBe("photo/original");
});

test("what was refused is no picture, whoever sent it", () => {
  for (const author of [client, staff])
    expect([thumbnail(host, { ...photo, state: refused }, author), fullPicture(host, { ...photo, state: refused }, author)]).toEqual([null, null]);
  expect(poster(host, { ...clip, state: refused })).toBeNull();
});

test("a clip is shown by its poster, and is no picture to look at large", () => {
  expect([poster(host, clip), poster(host, { ...clip, has_poster: false })]).toEqual(["clip/poster", null]);
  expect(fullPicture(host, clip, staff)).toBeNull();
});

test("the neighbours of a picture are those of the whole thread that can be shown", () => {
  const message = biscuit!.messages[4]!;
  const of = (author: Author, ...attachments: Attachment[]) => ({ ...message, message: { ...message.message, author }, attachments });
  const one = (id: string, some: Partial<Attachment> = {}) => ({ ...photo, id, ...some });
  const messages = [of(client, clip, one("paw")), of(client, one("bad", { state: refused })), of(staff, one("still", { kind: "still" }))];
  expect(picturesOf(host, messages).map(({ source }) => source)).toEqual(["paw/poster", "still/original"]);
});

test("a clip is titled by when it was filmed, else by when it was sent", () => {
  const sent = Date.UTC(2025, 10, 22, 9);
  expect(titleOf("Biscuit", clip, sent, "UTC")).toBe("Biscuit · 22 Nov 09:00 · 0:41");
  expect(titleOf("Biscuit", { ...clip, captured_at: Date.UTC(2025, 10, 22, 8, 14), clip: null }, sent, "UTC")).toBe("Biscuit · 22 Nov 08:14");
});

test("an upload shows the further of what events and answers say, and never goes back", () => {
  const uploads = new Uploads();
  const arriving = { ...clip, bytes: 1000, state: { kind: "uploading", received: 300 } as const };
  expect(uploads.percent(arriving)).toBe(30);
  uploads.hear({ kind: "progress", attachment: "clip", sent: 520, total: 1000 });
  expect(uploads.percent(arriving)).toBe(52);
  uploads.hear({ kind: "progress", attachment: "clip", sent: 480, total: 1000 });
  expect(uploads.percent(arriving)).toBe(52);
  uploads.hear({ kind: "progress", attachment: "clip", sent: 1000, total: 1000 });
  expect(uploads.percent(arriving)).toBe(100);
});

test("a clip can be reviewed once its original is whole, before the browsers' copy is made", () => {
  const arrived = { ...clip, sha256: "ab", state: { kind: "processing" } as const };
  expect(canReview(arrived)).toBe(true);
  expect(canReview({ ...arrived, sha256: null })).toBe(false);
  expect(canReview({ ...clip, state: { kind: "uploading", received: 5 } })).toBe(false);
  expect(canReview({ ...arrived, state: { kind: "refused", reason: "no" } })).toBe(false);
  expect([canReview(clip), canReview(photo)]).toEqual([true, false]);
});
