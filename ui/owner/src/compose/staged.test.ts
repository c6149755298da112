import { choose } from "@limpet/shared/i18n";
import { beforeEach, describe, expect, it } from "vitest";
import { Staged } from "./staged.svelte";

const file = (name: string, type: string, size: number): File =>
  Object.defineProperty(new File(["x"], name, { type, lastModified: 77 }), "size", { value: size });

describe("what is being written", () => {
  beforeEach(() => {
    choose("en");
    localStorage.clear();
  });

  it("says of a 201 MB clip how large it is and how to shorten it on this phone", () => {
    const staged = new Staged("d", "iPhone");
    staged.add([file("IMG_1.MOV", "video/quicktime", 201 * 1024 * 1024)], false);
    expect(staged.files).toEqual([]);
    const said = staged.problems[0]?.sentences.join(" ");
    expect(said).toContain("“IMG_1.MOV” is 201 MB; up to 200 MB can be sent.");
    expect(said).toContain("In Photos");
  });

  it("takes what fits and complains about the rest", () => {
    const staged = new Staged("d", "Android");
    const chosen = [file("a.mp4", "video/mp4", 5), file("b.txt", "text/plain", 5), file("c.jpg", "image/jpeg", 0)];
    staged.add(chosen, false);
    expect(staged.files.map(({ name }) => name)).toEqual(["a.mp4"]);
    expect(staged.problems).toHaveLength(2);
    staged.dismiss();
    expect(staged.problems).toEqual([]);
  });

  it("knows when a clip was filmed only if it was filmed just now", () => {
    const staged = new Staged("d", "Android");
    staged.add([file("a.mp4", "video/mp4", 5)], true);
    staged.add([file("b.mp4", "video/mp4", 5)], false);
    expect(staged.files.map(({ captured_at }) => captured_at)).toEqual([77, null]);
  });

  it("holds ten files", () => {
    const staged = new Staged("d", "Android");
    staged.add(Array.from({ length: 12 }, (_, n) => file(`${n}.mp4`, "video/mp4", 5)), false);
    expect(staged.files).toHaveLength(10);
    expect(staged.problems).toHaveLength(1);
  });

  it("keeps the words over a reload until they are sent", () => {
    const staged = new Staged("d");
    staged.body = "He limps";
    staged.keep();
    expect(new Staged("d").body).toBe("He limps");
    expect(new Staged("another").body).toBe("");
    staged.clear();
    expect(new Staged("d").body).toBe("");
  });

  it("asks before anything is let go of, and only then", () => {
    const staged = new Staged("d", "Android");
    staged.writing = true;
    expect(staged.discard()).toBe(true);
    expect(staged.atRest).toBe(true);
    staged.add([file("a.mp4", "video/mp4", 5)], true);
    expect(staged.discard()).toBe(false);
    expect(staged).toMatchObject({ asking: true, files: [{ name: "a.mp4" }] });
    expect(staged.discard()).toBe(true);
    expect(staged).toMatchObject({ asking: false, files: [], atRest: true });
  });

  it("is not sendable when empty or too long", () => {
    const staged = new Staged("d");
    expect(staged.sendable).toBe(false);
    staged.body = " \n";
    expect(staged.sendable).toBe(false);
    staged.body = "a".repeat(10_001);
    expect(staged.over).toBe(1);
    expect(staged.sendable).toBe(false);
    staged.body = "a".repeat(10_000);
    expect(staged.sendable).toBe(true);
  });
});
