import { expect, test } from "vitest";
import { practice } from "../../tests/demo";
import { fullPicture, thumbnail } from "./pictures";
import { canReview, titleOf } from "./clips";
import { Uploads } from "./uploads.svelte";

const host = { mediaUrl: (id: string, kind: string) => `${id}/${kind}` };
const [biscuit] = practice(0).threads;
const clip = { ...biscuit!.messages[3]!.attachments[0]!, id: "clip" };
const photo = { ...biscuit!.messages[4]!.attachments[0]!, id: "photo" };

test("a poster is shown where there is one, the picture itself where a webview can", () => {
  expect(thumbnail(host, clip)).toBe("clip/poster");
  expect(thumbnail(host, { ...clip, has_poster: false })).toBeNull();
  expect(thumbnail(host, { ...photo, has_poster: false })).toBe("photo/original");
  expect(thumbnail(host, { ...photo, has_poster: false, mime: "image/heic" })).toBeNull();
  expect(thumbnail(host, { ...photo, state: { kind: "refused", reason: "no" } })).toBeNull();
});

test("large means the original, and for what a webview cannot show its poster", () => {
  expect(fullPicture(host, photo)).toBe("photo/original");
  expect(fullPicture(host, { ...photo, mime: "image/heic" })).toBe("photo/poster");
  expect(fullPicture(host, clip)).toBeNull();
});

test("a clip is titled by when it was filmed, else by when it was sent", () => {
  const sent = Date.UTC(2025, 10, 22, 9);
  expect(titleOf("Biscuit", clip, sent, "UTC")).toBe("Biscuit · 22 Nov 09:00 · 0:41");
  expect(titleOf("Biscuit", { ...clip, captured_at: Date.UTC(2025, 10, 22, 8, 14), clip: null }, sent, "UTC")).toBe("Biscuit · 22 Nov 08:14");
});

test("an upload shows the further of what events and answers say", () => {
  const uploads = new Uploads();
  const arriving = { ...clip, bytes: 1000, state: { kind: "uploading", received: 300 } as const };
  expect(uploads.percent(arriving)).toBe(30);
  uploads.hear({ kind: "progress", attachment: "clip", sent: 520, total: 1000 });
  expect(uploads.percent(arriving)).toBe(52);
  uploads.hear({ kind: "progress", attachment: "clip", sent: 1000, total: 1000 });
  expect(uploads.percent(arriving)).toBe(30);
});

test("a clip can be reviewed once its original is whole, before the browsers' copy is made", () => {
  const arrived = { ...clip, sha256: "ab", state: { kind: "processing" } as const };
  expect(canReview(arrived)).toBe(true);
  expect(canReview({ ...arrived, sha256: null })).toBe(false);
  expect(canReview({ ...clip, state: { kind: "uploading", received: 5 } })).toBe(false);
  expect(canReview({ ...arrived, state: { kind: "refused", reason: "no" } })).toBe(false);
  expect([canReview(clip), canReview(photo)]).toEqual([true, false]);
});
