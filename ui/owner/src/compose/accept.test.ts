import { UPLOAD_LIMIT } from "@limpet/shared/gen/wire";
import { describe, expect, it } from "vitest";
import { check, megabytes, phone, plainName } from "./accept";

const file = (name: string, type = "", size = 1000) => ({ name, type, size });

describe("a chosen file", () => {
  it.each([
    ["IMG_0041.MOV", "video/quicktime", "clip", "video/quicktime"],
    ["clip.webm", "video/webm;codecs=vp8,opus", "clip", "video/webm"],
    ["PXL_2025.mp4", "", "clip", "video/mp4"],
    ["scan.PDF", "application/octet-stream", "document", "application/pdf"],
    ["photo.jpg", "image/jpeg", "photo", "image/jpeg"],
    ["IMG_1.HEIC", "", "photo", "image/heic"],
    ["20250101.heif", "image/heif", "photo", "image/heif"],
  ])("%s (%s) goes as a %s", (name, type, kind, mime) => {
    expect(check(file(name, type))).toEqual({ fits: true, kind, mime });
  });

  it("of 201 MB does not go, one of exactly the limit does", () => {
    expect(check(file("a.mp4", "video/mp4", 201 * 1024 * 1024))).toMatchObject({ fits: false, why: "too-large" });
    expect(check(file("a.mp4", "video/mp4", UPLOAD_LIMIT))).toMatchObject({ fits: true });
    expect(check(file("a.mp4", "video/mp4", UPLOAD_LIMIT + 1))).toMatchObject({ fits: false });
  });

  it("of nothing does not go", () => {
    expect(check(file("a.mp4", "video/mp4", 0))).toMatchObject({ fits: false, why: "empty" });
  });

  it("of another type does not go", () => {
    expect(check(file("letter.docx", "application/msword"))).toMatchObject({ fits: false, why: "wrong-type" });
    expect(check(file("noname"))).toMatchObject({ fits: false, why: "wrong-type" });
    expect(check(file("a.avif", "image/avif"))).toMatchObject({ fits: false, why: "wrong-type" });
  });
});

describe("names", () => {
  it("are made plain", () => {
    expect(plainName("a/b\\c\u0000.mov")).toBe("a-b-c.mov");
    expect(plainName(" ")).toBe("file");
    expect(plainName(`${"x".repeat(300)}.mov`)).toMatch(/^x{251}\.mov$/);
  });
});

describe("sizes and phones", () => {
  it("never look smaller than they are", () => {
    expect(megabytes(201 * 1024 * 1024)).toBe("201 MB");
    expect(megabytes(UPLOAD_LIMIT + 1)).toBe("200.1 MB");
    expect(megabytes(1)).toBe("0.1 MB");
  });

  it("are told apart", () => {
    expect(phone("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)")).toBe("iphone");
    expect(phone("Mozilla/5.0 (Linux; Android 15; Pixel 9)")).toBe("android");
    expect(phone("Mozilla/5.0 (X11; Linux x86_64)")).toBe("other");
  });
});
