// Who else is in the open conversation, and telling them so of oneself: two who answer one client see each other.

import type { ConversationId, PersonHere } from "@limpet/shared/gen/wire";
import { callsOf, type Host } from "@limpet/shared/host/host";
import { Pulse } from "@limpet/shared/presence";
import { again } from "../shell/again";

export class Presence {
  people = $state.raw<readonly PersonHere[]>([]);
  readonly pulse: Pulse;
  readonly refresh: () => Promise<void>;

  constructor(conversation: ConversationId, host: Host) {
    const call = callsOf(host);
    this.pulse = new Pulse((doing) => call("be_here", { conversation, ...doing }));
    this.refresh = again(async () => {
      // Nobody is missed whom the desk cannot tell of.
      this.people = await call("who_is_here", conversation).catch(() => []);
    });
  }
}
