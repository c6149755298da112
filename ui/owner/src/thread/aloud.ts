// What a screen reader says when something new arrives: only what others wrote.

import type { Thing } from "../feed/things";
import type { View } from "../feed/things";
import { w } from "./words";

/** New answers in one sentence each, or empty. */
export function saidAloud(news: readonly Thing[], view: View): string {
  return news
    .flatMap(({ entity }) => (entity.kind === "message" && entity.state.author.kind === "staff" && entity.state.deleted_at === null ? [entity.state] : []))
    .map((message) => {
      const name = view.staff.get(message.author.kind === "staff" ? message.author.id : "")?.name ?? view.practice?.name ?? "";
      if (message.body !== "") return `${w().theirs({ name })}: ${message.body}`;
      const kind = view.attachments.get(message.attachments[0] ?? "")?.kind ?? "still";
      return kind === "clip" ? w().sentClip({ name }) : w().sentFile({ name, kind });
    })
    .join(". ");
}
