// Whether a file can be sent, decided before a byte leaves, and the sentence when it cannot.

import { type AttachmentKind, UPLOAD_LIMIT } from "@limpet/shared/gen/wire";

/** What the file picker offers. Naming these picture types makes an iPhone turn its own format into JPEG, which every
 * browser shows; a HEIC that is chosen all the same goes as it is. */
export const CHOOSE = "video/*,image/jpeg,image/png,image/webp,application/pdf";
export const RECORD = "video/*";

/** How many files go with one message. */
export const FILES_LIMIT = 10;

const PICTURES = ["image/jpeg", "image/png", "image/webp", "image/heic", "image/heif"];

/** Types by the end of the name, for phones that do not say one. */
const BY_END: Record<string, string> = {
  mp4: "video/mp4",
  m4v: "video/mp4",
  mov: "video/quicktime",
  qt: "video/quicktime",
  webm: "video/webm",
  mkv: "video/x-matroska",
  "3gp": "video/3gpp",
  "3g2": "video/3gpp2",
  avi: "video/x-msvideo",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  png: "image/png",
  webp: "image/webp",
  heic: "image/heic",
  heif: "image/heif",
  pdf: "application/pdf",
};

export type Verdict =
  | { fits: true; kind: AttachmentKind; mime: string }
  | { fits: false; why: "empty" | "too-large" | "wrong-type"; kind: AttachmentKind | null };

/** Looks at a file's size and type. */
export function check(file: { name: string; type: string; size: number }): Verdict {
  const mime = typeOf(file);
  const kind = kindOf(mime);
  if (!kind) return { fits: false, why: "wrong-type", kind };
  if (file.size === 0) return { fits: false, why: "empty", kind };
  if (file.size > UPLOAD_LIMIT) return { fits: false, why: "too-large", kind };
  return { fits: true, kind, mime };
}

function typeOf(file: { name: string; type: string }): string {
  const said = file.type.toLowerCase().split(";")[0]?.trim() ?? "";
  if (said !== "" && said !== "application/octet-stream") return said;
  const end = /\.([a-z0-9]+)$/i.exec(file.name)?.[1]?.toLowerCase() ?? "";
  return BY_END[end] ?? "";
}

function kindOf(mime: string): AttachmentKind | null {
  if (mime.startsWith("video/")) return "clip";
  if (PICTURES.includes(mime)) return "photo";
  if (mime === "application/pdf") return "document";
  return null;
}

const LONGEST_NAME = 255;

/** A name the server takes: no path, no control characters, not too long; the end of a long name says more. */
export function plainName(name: string): string {
  const plain = name.replace(/[\u0000-\u001f]/g, "").replace(/[/\\]/g, "-").trim();
  return [...plain].slice(-LONGEST_NAME).join("") || "file";
}

/** A size as people say it. Never rounded down, so that nothing over the limit looks as if it fitted. */
export function megabytes(bytes: number): string {
  const mb = bytes / (1024 * 1024);
  if (mb >= 10 && Number.isInteger(mb)) return `${mb} MB`;
  return `${(Math.ceil(mb * 10) / 10).toFixed(1)} MB`;
}

/** A whole number of megabytes, for progress. */
export const wholeMegabytes = (bytes: number): number => Math.round(bytes / (1024 * 1024));

/** Whose phone this is, to say where a clip is trimmed. */
export function phone(agent: string): "iphone" | "android" | "other" {
  if (/iPhone|iPad|iPod/.test(agent)) return "iphone";
  return /Android/.test(agent) ? "android" : "other";
}
