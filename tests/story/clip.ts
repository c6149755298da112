// The clip of the story: a real one where it is present, otherwise a generated one of the same kind.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { print, program } from "./processes";

export type StoryClip = { path: string; name: string; frames: number; keys: number[] };

/** Chooses the clip: `LIMPET_STORY_CLIP`, the real iPhone clip, or the generated one. */
export function storyClip(): StoryClip {
  const real = join(process.env["LIMPET_REAL_CLIPS"] ?? "", "sample_edit_list.mp4");
  const named = process.env["LIMPET_STORY_CLIP"];
  const path = named ?? (existsSync(real) ? real : print(program("limpet-testkit"), ["clip", "--kind", "iphone"]).trim());
  // What ffmpeg shows, in order, and which of those frames it decoded from a key frame.
  const shown = execFileSync("ffprobe", ["-v", "error", "-select_streams", "v:0", "-show_entries", "frame=key_frame", "-of", "csv=p=0", path], {
    encoding: "utf8", maxBuffer: 64 << 20,
  });
  const flags = shown.split("\n").filter((line) => /^[01]/.test(line)).map((line) => line.startsWith("1"));
  return { path, name: path.split("/").at(-1)!, frames: flags.length, keys: flags.flatMap((key, at) => (key ? [at] : [])) };
}
