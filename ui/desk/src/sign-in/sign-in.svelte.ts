// The sign-in form: what was typed, whether it is on its way, and what the server said to it.

import type { DeskState, Failure } from "@limpet/shared/gen/wire";
import { failureOf } from "@limpet/shared/host/failure";
import { callsOf, type Host } from "@limpet/shared/host/host";

export class SignInForm {
  server = $state("");
  email = $state("");
  password = $state("");
  code = $state("");
  /** For whom and where a code is asked for. */
  private askedOf = $state("");
  isBusy = $state(false);
  failure = $state.raw<Failure | null>(null);
  private readonly call;

  constructor(
    private readonly host: Host,
    server: string,
  ) {
    this.call = callsOf(host);
    this.server = server;
  }

  /** The password was right, and a code is asked for beside it. Of another address or server nothing is known. */
  get needsCode(): boolean {
    return this.askedOf !== "" && this.askedOf === this.whom();
  }

  private whom(): string {
    return `${withScheme(this.server.trim())} ${this.email.trim().toLowerCase()}`;
  }

  /** Opens the server's page for a forgotten password in the browser. `failure` says why it could not. */
  async forgot(): Promise<void> {
    this.failure = null;
    try {
      await this.host.openReset(this.server.trim());
    } catch (thrown) {
      this.failure = failureOf(thrown);
    }
  }

  /** Signs in; answers the desk's new state, or null with `failure` set. */
  async submit(): Promise<DeskState | null> {
    if (this.isBusy) return null;
    this.isBusy = true;
    this.failure = null;
    const [whom, hadCode] = [this.whom(), this.needsCode];
    if (!hadCode) this.code = "";
    try {
      const state = await this.call("sign_in", {
        server: withScheme(this.server.trim()),
        email: this.email.trim(),
        password: this.password,
        ...(hadCode && this.code.trim() ? { code: this.code.trim() } : {}),
      });
      this.password = "";
      this.code = "";
      this.askedOf = "";
      return state;
    } catch (thrown) {
      const failure = failureOf(thrown);
      const isAsked = failure.code === "code_needed" && !hadCode;
      if (isAsked) this.askedOf = whom;
      // Being asked for a code for the first time is no mistake.
      this.failure = isAsked ? null : failure;
      return null;
    } finally {
      this.isBusy = false;
    }
  }
}

/** People type `chat.clinic.example`; that means https. */
export const withScheme = (server: string): string => (/^[a-z][a-z0-9+.-]*:\/\//i.test(server) ? server : `https://${server}`);
