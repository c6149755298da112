// A desk in memory, for tests and for looking at the UI without one. Never part of the app.
//
// It keeps the contract of the calls the UI makes: order of queues, drafts, an outbox that waits while offline.

import type {
  Calls,
  Conversation,
  ConversationRow,
  DeskEvent,
  DeskState,
  Draft,
  Failure,
  Queue,
  Settings,
  StagedFile,
  Thread,
  ThreadMessage,
} from "@limpet/shared/gen/wire";
import type { Host, MediaKind } from "@limpet/shared/host/host";
import { newId } from "@limpet/shared/host/ids";

type Answers = { [N in keyof Calls]?: (args: Calls[N][0]) => Calls[N][1] | Promise<Calls[N][1]> };

/** Rows that a desk answers at most, whatever is asked for. */
const PAGE = 500;

export const failure = (code: Failure["code"], message: string): Failure => ({ code, message });

export class FakeHost implements Host {
  state: DeskState;
  threads: Map<string, Thread>;
  kept: Settings = { filing_folder: "", language: "en", theme: "", review_memory_mb: 0 };
  /** Every call in the order it was made. */
  readonly made: { name: string; args: unknown }[] = [];
  /** Answers that replace the usual ones, for one test. */
  answers: Answers = {};
  picked: string[] = [];
  private readonly heard = new Set<(event: DeskEvent) => void>();

  constructor(
    state: DeskState,
    threads: Thread[] = [],
    readonly clients: Calls["list_clients"][1] = [],
  ) {
    this.state = state;
    this.threads = new Map(threads.map((thread) => [thread.conversation.id, thread]));
  }

  async call(name: string, args: unknown): Promise<unknown> {
    this.made.push({ name, args });
    await Promise.resolve();
    const given = this.answers[name as keyof Calls] as ((args: unknown) => unknown) | undefined;
    if (given) return given(args);
    return this.usual(name as keyof Calls, args);
  }

  listen(heard: (event: DeskEvent) => void): () => void {
    this.heard.add(heard);
    return () => this.heard.delete(heard);
  }

  tell(event: DeskEvent): void {
    for (const heard of this.heard) heard(event);
  }

  pickFiles = (): Promise<string[]> => Promise.resolve(this.picked);
  pickFolder = (): Promise<string | null> => Promise.resolve("/srv/pms/import");
  pickSave = (suggested: string): Promise<string | null> => Promise.resolve(`/home/front/${suggested}`);
  openReset = async (server: string): Promise<void> => void (await this.call("reset_page", server));
  mediaUrl = (attachment: string, kind: MediaKind): string => `/tests/media/${attachment}-${kind}.svg`;

  /** How often a call was made. */
  count = (name: keyof Calls): number => this.made.filter((call) => call.name === name).length;
  /** The arguments of the last call of that name. */
  last = <N extends keyof Calls>(name: N): Calls[N][0] =>
    this.made.findLast((call) => call.name === name)?.args as Calls[N][0];

  private usual(name: keyof Calls, args: unknown): unknown {
    switch (name) {
      case "state":
        return this.state;
      case "reset_page":
        return `${args as string}/reset`;
      case "settings":
        return this.kept;
      case "save_settings":
        return (this.kept = args as Settings);
      case "list_conversations":
        return this.list(args as Calls["list_conversations"][0]);
      case "open_conversation":
        return structuredClone(this.thread(args as string));
      case "mark_read":
        return this.change(args as string, (conversation) => (conversation.read_by_staff = Date.now()));
      case "assign": {
        const { conversation, to } = args as Calls["assign"][0];
        return this.change(conversation, (one) => (one.assignee = to));
      }
      case "mark_urgent": {
        const { conversation, urgent } = args as Calls["mark_urgent"][0];
        return this.change(conversation, (one) => (one.urgent = urgent));
      }
      case "save_draft": {
        const draft = args as Draft;
        this.thread(draft.conversation).draft = { ...draft, files: this.thread(draft.conversation).draft.files };
        return null;
      }
      case "stage_file":
        return this.stage(args as Calls["stage_file"][0]);
      case "unstage_file": {
        const { conversation, file } = args as Calls["unstage_file"][0];
        const { draft } = this.thread(conversation);
        draft.files = draft.files.filter((staged) => staged.id !== file);
        return null;
      }
      case "send_message":
        return this.send(args as Draft);
      case "end_conversation":
        return this.end(args as Calls["end_conversation"][0]);
      case "reopen_conversation":
        return this.change(args as string, (one) => {
          one.state = "open";
          one.ending = null;
        });
      case "list_clients":
        return this.clients.filter((row) =>
          [row.client.name, ...row.patients.map((patient) => patient.name)]
            .join(" ")
            .toLowerCase()
            .includes((args as Calls["list_clients"][0]).search.toLowerCase()),
        );
      case "invite":
        return { link: `https://chat.harbourvets.example/o/${newId().replaceAll("-", "")}`, expires_at: Date.now() + 30 * 86_400_000 };
      case "save_transcript":
        return { path: (args as Calls["save_transcript"][0]).path, sha256: "0".repeat(64) };
      case "save_attachment":
        return { path: (args as Calls["save_attachment"][0]).path, sha256: "0".repeat(64) };
      case "sign_out":
        return (this.state = { ...this.state, session: null, connection: "signed_out" });
      case "retry_changes":
      case "dismiss_notice":
        return (this.state = { ...this.state, notice: null });
      case "who_is_here":
        return [];
      case "be_here":
      case "save_client":
      case "save_patient":
      case "retry_message":
      case "discard_message":
      case "retry_filing":
      case "discard_filing":
        return null;
      default:
        throw failure("internal", `The fake host has no answer to ${name}.`);
    }
  }

  thread(id: string): Thread {
    const thread = this.threads.get(id);
    if (!thread) throw failure("not_found", "There is no such conversation here.");
    return thread;
  }

  private change(id: string, change: (conversation: Conversation) => void): null {
    change(this.thread(id).conversation);
    this.tell({ kind: "conversations", ids: [id] });
    this.tell({ kind: "lists" });
    return null;
  }

  list({ queue, search, offset, limit }: Calls["list_conversations"][0]): Calls["list_conversations"][1] {
    const rows = [...this.threads.values()].map(rowOf);
    const of = (wanted: Queue) => rows.filter((row) => belongs(row, wanted, this.state.session?.staff.id ?? null));
    const words = search.toLowerCase();
    const found = of(queue)
      .filter((row) => `${row.client} ${row.patient} ${row.last_words} ${row.conversation.subject}`.toLowerCase().includes(words))
      .sort(queue === "ended" ? (a, b) => b.last_at - a.last_at : before);
    return {
      rows: found.slice(offset, offset + Math.min(limit, PAGE)),
      total: found.length,
      counts: {
        waiting: of("waiting").length,
        mine: of("mine").length,
        unassigned: of("unassigned").length,
        open: of("open").length,
        ended: of("ended").length,
      },
    };
  }

  private stage({ conversation, path }: Calls["stage_file"][0]): StagedFile {
    const name = path.split("/").at(-1) ?? path;
    const file: StagedFile = {
      id: newId(),
      kind: name.endsWith(".pdf") ? "document" : "photo",
      name,
      mime: name.endsWith(".pdf") ? "application/pdf" : "image/jpeg",
      bytes: 412_000,
      caption: "",
      still_of: null,
    };
    this.thread(conversation).draft.files.push(file);
    return file;
  }

  private send(draft: Draft): string {
    const thread = this.thread(draft.conversation);
    const id = newId();
    const now = Date.now();
    thread.messages.push({
      message: {
        id,
        conversation: draft.conversation,
        author: { kind: "staff", id: this.state.session?.staff.id ?? "" },
        audience: draft.audience,
        automatic: false,
        body: draft.body,
        attachments: [],
        sent_at: now,
        received_at: now,
        mentions: [],
        due_at: null,
        edited_at: null,
        deleted_at: null,
      },
      author: this.state.session?.staff.name ?? "",
      attachments: [],
      delivery: { kind: this.state.connection === "online" ? "sent" : "queued" },
    });
    thread.draft = { ...draft, body: "", files: [] };
    if (draft.audience === "everyone") thread.conversation.waiting_since = null;
    this.tell({ kind: "lists" });
    return id;
  }

  private end(ending: Calls["end_conversation"][0]): null {
    const thread = this.thread(ending.conversation);
    if (ending.file) {
      thread.filings.unshift({
        id: newId(),
        conversation: ending.conversation,
        target: this.kept.filing_folder,
        requested_at: Date.now(),
        state: { kind: "queued", waiting_for: "" },
      });
    }
    return this.change(ending.conversation, (one) => {
      one.state = "ended";
      one.waiting_since = null;
      one.ending = { at: Date.now(), by: this.state.session?.staff.id ?? "", summary: ending.summary, plan: ending.plan };
    });
  }
}

function belongs({ conversation }: ConversationRow, queue: Queue, me: string | null): boolean {
  if (queue === "ended") return conversation.state === "ended";
  if (conversation.state === "ended") return false;
  if (queue === "waiting") return conversation.waiting_since !== null;
  if (queue === "mine") return conversation.assignee === me;
  return queue === "unassigned" ? conversation.assignee === null : true;
}

function before(a: ConversationRow, b: ConversationRow): number {
  const waits = (row: ConversationRow) => row.conversation.waiting_since ?? Number.MAX_SAFE_INTEGER;
  return Number(b.conversation.urgent) - Number(a.conversation.urgent) || waits(a) - waits(b) || b.last_at - a.last_at;
}

function rowOf(thread: Thread): ConversationRow {
  const last: ThreadMessage | undefined = thread.messages.findLast(({ message }) => message.audience === "everyone");
  const clips = thread.messages.flatMap(({ attachments }) => attachments).filter(({ kind }) => kind === "clip");
  return {
    conversation: { ...thread.conversation },
    client: thread.client.name,
    patient: thread.patient.name,
    species: thread.patient.species,
    assignee: thread.staff.find((member) => member.id === thread.conversation.assignee)?.name ?? "",
    last_words: last?.message.body.replaceAll("\n", " ") || (last?.attachments[0]?.kind === "clip" ? "Video attached" : ""),
    last_by_staff: last?.message.author.kind === "staff",
    last_at: last?.message.received_at ?? thread.conversation.opened_at,
    clips: clips.length,
    unread: thread.messages.some(
      ({ message }) => message.author.kind === "client" && message.received_at > thread.conversation.read_by_staff,
    ),
  };
}
