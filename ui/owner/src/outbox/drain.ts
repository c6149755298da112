// Does what the plan says, one step at a time in each lane, until told to stop.
//
// Must always be true: a step's effect is kept before the next step is asked for; a step that was cut off leaves
// the entry as it was, so that it is simply taken again.

import type { AttachmentId, Failure, Millis } from "@limpet/shared/gen/wire";
import { ask, type NotDone, notDone } from "../net/ask";
import { FileLost, upload, type Sending, withdraw } from "../net/upload";
import type { Outbox } from "./box.svelte";
import {
  announcement,
  delayed,
  eager,
  type Entry,
  judge,
  type Lane,
  next,
  type Outcome,
  type Piece,
  withPiece,
} from "./outbox";
import { Pace } from "./pace";

/** How the outside world is reached; tests put their own here. */
export interface World {
  announce(entry: Entry): Promise<void>;
  withdraw(piece: Piece): Promise<void>;
  upload(sending: Sending): Promise<Outcome>;
  now(): Millis;
  chance(): number;
}

export const realWorld: World = {
  announce: (entry) => ask("PUT", `/v1/messages/${entry.id}`, announcement(entry)),
  withdraw,
  upload,
  now: Date.now,
  chance: Math.random,
};

/** What the app wants to hear. */
export interface Ears {
  /** The server answered (true) or could not be reached (false). */
  reached(yes: boolean): void;
  /** The session is over. */
  signedOut(): void;
  /** The server took something; its feed has news. */
  taken(): void;
}

export class Drain {
  private running = false;
  private readonly busy: Record<Lane, boolean> = { words: false, bytes: false };
  private readonly timers: Partial<Record<Lane, ReturnType<typeof setTimeout>>> = {};
  private current: { piece: AttachmentId; stop: AbortController } | null = null;
  private readonly pace = new Pace();

  constructor(
    private readonly box: Outbox,
    private readonly ears: Ears,
    private readonly world: World = realWorld,
  ) {}

  start(): void {
    this.running = true;
    this.wake();
  }

  /** Stops after the step in hand; an upload is cut off, the server keeps what it has. */
  stop(): void {
    this.running = false;
    this.interrupt();
  }

  /** Cuts off the upload in hand: the connection is gone, or the file was cancelled. */
  interrupt(piece?: AttachmentId): void {
    if (!piece || this.current?.piece === piece) this.current?.stop.abort();
  }

  /** Looks for something to do, now. */
  wake(): void {
    void this.run("words");
    void this.run("bytes");
  }

  /** Whether nothing is in hand. */
  get idle(): boolean {
    return !this.busy.words && !this.busy.bytes;
  }

  private async run(lane: Lane): Promise<void> {
    if (this.busy[lane]) return;
    this.busy[lane] = true;
    try {
      while (this.running) {
        clearTimeout(this.timers[lane]);
        const now = this.world.now();
        const step = next(this.box.entries, lane, now);
        if (step.do === "wait") {
          if (step.until !== null) this.timers[lane] = setTimeout(() => void this.run(lane), step.until - now);
          return;
        }
        if (step.do === "announce") await this.announce(step.entry);
        else if (step.do === "withdraw") await this.withdraw(step.entry, step.piece);
        else await this.upload(step.entry, step.piece);
      }
    } finally {
      this.busy[lane] = false;
    }
  }

  private async announce(entry: Entry): Promise<void> {
    await this.box.change(entry.id, (known) => (known.touched ? known : { ...known, touched: true }));
    const outcome = await this.outcome(() => this.world.announce(entry));
    await this.conclude(entry, null, outcome, (known) => ({ ...eager(known), announced: true }));
    // The other lane may have been waiting for this.
    void this.run("bytes");
  }

  private async withdraw(entry: Entry, piece: Piece): Promise<void> {
    const outcome = await this.outcome(() => this.world.withdraw(piece));
    // Gone already, or never begun: what was asked for is so.
    const gone = !outcome.ok && (outcome.status === 404 || outcome.status === 410);
    const tooLate = !outcome.ok && (outcome.status === 409 || outcome.status === 403);
    await this.conclude(entry, piece, gone || tooLate ? { ok: true } : outcome, (known) =>
      eager(withPiece(known, piece.id, { state: tooLate ? "arrived" : "withdrawn" })),
    );
  }

  private async upload(entry: Entry, piece: Piece): Promise<void> {
    const file = await this.box.file(piece.id);
    if (!file) return this.box.piece(entry.id, piece.id, { state: "lost" });
    if (!piece.begun) await this.box.piece(entry.id, piece.id, { begun: true });
    const stop = new AbortController();
    this.current = { piece: piece.id, stop };
    this.pace.reset();
    this.box.leaving = piece.id;
    try {
      const heard = (sent: number) => this.heard(piece, sent);
      const outcome = await this.world.upload({ id: piece.id, file, begun: piece.begun, heard, signal: stop.signal });
      // Cut off from here: the plan knows why and what comes next.
      if (stop.signal.aborted && !outcome.ok) return;
      await this.conclude(entry, piece, outcome, (known) => {
        const now = known.pieces.find((one) => one.id === piece.id);
        // Cancelled in the very last moment: the server is still asked to forget it.
        return now?.state === "waiting" ? eager(withPiece(known, piece.id, { state: "arrived" })) : known;
      });
    } catch (thrown) {
      if (!(thrown instanceof FileLost)) throw thrown;
      await this.box.piece(entry.id, piece.id, { state: "lost" });
    } finally {
      this.current = null;
      this.box.leaving = null;
      this.box.secondsLeft = null;
    }
  }

  private heard(piece: Piece, sent: number): void {
    this.pace.mark(sent, this.world.now());
    this.box.sent[piece.id] = sent;
    this.box.secondsLeft = this.pace.secondsLeft(piece.bytes);
  }

  private async outcome(doing: () => Promise<void>): Promise<Outcome> {
    try {
      await doing();
      return { ok: true };
    } catch (thrown) {
      const { status, failure }: NotDone = notDone(thrown);
      return { ok: false, status, failure };
    }
  }

  /** Keeps what an answer means for an entry, or for the piece of it that was in hand. */
  private async conclude(
    { id }: Entry,
    piece: Piece | null,
    outcome: Outcome,
    done: (known: Entry) => Entry,
  ): Promise<void> {
    const verdict = judge(outcome, piece ? "bytes" : "words", this.box.find(id)?.tries ?? 0);
    this.ears.reached(outcome.ok || answered(outcome.status));
    this.box.waitingFor = !outcome.ok && verdict === "again" ? outcome.failure : null;
    if (verdict === "signed-out") {
      this.running = false;
      this.ears.signedOut();
    } else if (verdict === "done") {
      await this.box.change(id, done);
      this.ears.taken();
    } else if (verdict === "refused" && !outcome.ok) {
      const said = outcome.failure ?? { code: "invalid" as const, message: "" };
      await this.box.change(id, (known) => refusedIn(known, piece, said));
    } else {
      await this.box.change(id, (known) => delayed(known, this.world.now(), this.world.chance()));
    }
  }
}

/** Whether the server itself said something: a gateway speaks for one that is down. */
const answered = (status: number): boolean => status > 0 && (status < 502 || status > 504);

function refusedIn(entry: Entry, inHand: Piece | null, said: Failure): Entry {
  if (!inHand) return { ...entry, refused: said };
  // Cancelled meanwhile: the server is still asked to forget it.
  const as = entry.pieces.find(({ id }) => id === inHand.id)?.state;
  return as === inHand.state ? withPiece(entry, inHand.id, { state: "refused", reason: said.message }) : entry;
}
