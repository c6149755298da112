// The review room alone on a page, over a desk that knows one clip: `?socket=ws://...&title=...`.

import "@limpet/shared/tokens.css";
import "@limpet/shared/base.css";
import { choose } from "@limpet/shared/i18n";
import { mount, unmount } from "svelte";
import ReviewRoom from "../../../src/review/ReviewRoom.svelte";

const asked = new URLSearchParams(location.search);
choose(asked.get("language") ?? "en");
const room: Record<string, unknown> = mount(ReviewRoom, {
  target: document.body,
  props: {
    clip: "clip",
    conversation: "talk",
    title: asked.get("title") ?? "Biscuit · 22 Nov 08:14 · iPhone",
    save: () => Promise.resolve("/home/ana/walk.mp4"),
    onclose: () => {
      document.body.dataset["left"] = "true";
      void unmount(room);
    },
  },
});
