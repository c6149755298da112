// Stands in for shared/host: a desk with one clip. Tests reach it as `window.desk`.

import type { DeskEvent, Failure } from "@limpet/shared/gen/wire";

const asked = new URLSearchParams(location.search);
const socket = asked.get("socket") ?? "";
let stills = 0;

export const desk = {
  calls: [] as [string, unknown][],
  /** Set to make a call fail with a sentence, or wait. */
  fail: {} as Record<string, string>,
  wait: { open_review: Number(asked.get("wait") ?? 0) } as Record<string, number>,
  socket,
  hears: [] as ((event: DeskEvent) => void)[],
};
Object.assign(window, { desk });

const answers: Record<string, (args: unknown) => unknown> = {
  open_review: () => ({ clip: { id: "clip", bytes: 100 }, socket: desk.socket }),
  close_review: () => null,
  open_conversation: () => ({ draft: { files: [] } }),
  capture_still: () => ({ id: `still-${++stills}`, kind: "still", name: "still.png" }),
};

export async function call(name: string, args: unknown): Promise<unknown> {
  desk.calls.push([name, args]);
  await new Promise((resolve) => setTimeout(resolve, desk.wait[name] ?? 0));
  const sentence = desk.fail[name];
  if (sentence) throw { code: "bad_clip", message: sentence } satisfies Failure;
  return answers[name]?.(args);
}

export const host = () =>
  Promise.resolve({
    call,
    listen(heard: (event: DeskEvent) => void) {
      desk.hears.push(heard);
      return () => (desk.hears = desk.hears.filter((one) => one !== heard));
    },
    mediaUrl: () => "data:,",
  });
