// A practice's morning, for tests and for looking at the UI: believable, and with every state a thing can be in.

import type {
  Attachment,
  AttachmentState,
  Client,
  ClientRow,
  Delivery,
  DeskState,
  Hours,
  Patient,
  PracticeSettings,
  StaffMember,
  Thread,
  ThreadMessage,
} from "@limpet/shared/gen/wire";

const MINUTE = 60_000;

const id = (kind: number, n: number): string => `0193a000-${kind.toString(16).padStart(4, "0")}-7000-8000-${n.toString(16).padStart(12, "0")}`;

export const staff: StaffMember[] = [
  { id: id(1, 1), name: "Dr. Priya Raman", role: "veterinarian", email: "priya@harbourvets.example", active: true },
  { id: id(1, 2), name: "Tom Okafor", role: "technician", email: "tom@harbourvets.example", active: true },
  { id: id(1, 3), name: "Marta Villanueva", role: "front_desk", email: "marta@harbourvets.example", active: true },
];
const priya = staff[0] as StaffMember;
const tom = staff[1] as StaffMember;

const always = { week: [[], [], [], [], [], [], []] as Hours["week"], days: [] };
const settings: PracticeSettings = {
  letterhead: "",
  logo: null,
  hours: always,
  chat_hours: always,
  offline: false,
  offline_words: {},
  away_words: {},
  first_words: {},
  upload_limit: 200 * 1024 * 1024,
  retention_years: 7,
  legal_hold: false,
  escalate_minutes: 0,
  retention_grace: null,
  requires_code: false,
  consent: null,
};

export const signedIn = (): DeskState => ({
  session: {
    practice: {
      id: id(0, 1),
      name: "Harbour Veterinary Clinic",
      address: "12 Quay Street\nPortland, ME 04101",
      phone: "+1 207 555 0134",
      time_zone: "America/New_York",
      settings,
    },
    staff: priya,
  },
  connection: "online",
  unsent: 0,
  refused_changes: 0,
  notice: null,
  server: "https://chat.harbourvets.example",
});

export const signedOut = (): DeskState => ({ ...signedIn(), session: null, connection: "signed_out" });

interface Sketch {
  patient: string;
  species: string;
  breed: string;
  client: string;
  subject: string;
  /** Minutes ago, author, words, and what goes with it. */
  said: [number, "client" | "priya" | "tom" | "note", string, Partial<Attachment>[]?, Delivery?][];
  urgent?: boolean;
  assignee?: StaffMember;
  ended?: boolean;
  alert?: string;
}

const clip = (seconds: number, more: Partial<Attachment> = {}): Partial<Attachment> => ({
  kind: "clip",
  name: "IMG_4417.MOV",
  mime: "video/quicktime",
  bytes: 48_700_000,
  has_poster: true,
  clip: { duration: seconds * 1_000_000, missing: 0, width: 1080, height: 1920, frames: seconds * 30, audio: true },
  ...more,
});
const uploading = (received: number): AttachmentState => ({ kind: "uploading", received });

const SKETCHES: Sketch[] = [
  {
    patient: "Biscuit",
    species: "Dog",
    breed: "Beagle",
    client: "Anna Kowalski",
    subject: "Limping after walks",
    alert: "Penicillin: hives, March 2024",
    assignee: priya,
    said: [
      [60 * 26, "client", "Hello! Biscuit has been limping since Sunday, mostly after longer walks. She eats and plays as usual."],
      [60 * 25 + 40, "priya", "Thank you, Anna. Could you film her from the side while she walks towards home, when it is at its worst?"],
      [60 * 25 + 38, "note", "Compare with the gait clip from March; left hind then."],
      [66, "client", "She does it again, this is from five minutes ago.", [clip(41)]],
      [64, "client", "And the paw, I cannot see anything between the toes.", [{ kind: "photo", name: "paw.jpg", mime: "image/jpeg", has_poster: true }]],
    ],
  },
  {
    patient: "Max",
    species: "Dog",
    breed: "Labrador",
    client: "Daniel Brooks",
    subject: "Coughing at night",
    said: [
      [24, "client", "It is worse tonight, he coughs every few minutes."],
      [22, "client", "", [clip(95, { name: "cough.mp4" })]],
    ],
    urgent: true,
  },
  {
    patient: "Luna",
    species: "Cat",
    breed: "Domestic Shorthair",
    client: "Mei Tan",
    subject: "Scratching her ear",
    said: [[4, "client", "She shakes her head all day. I will send a video in a minute.", [clip(12, { state: uploading(21_000_000), has_poster: false, clip: null })]]],
  },
  {
    patient: "Pepper",
    species: "Parrot",
    breed: "African Grey",
    client: "Oluwaseun Adebayo-Featherstonehaugh",
    subject: "Plucking feathers under the left wing since we moved",
    said: [
      [60 * 3 + 20, "client", "He plucks under the left wing, only in the evening."],
      [60 * 3 + 5, "client", "", [clip(30, { state: { kind: "processing" }, has_poster: false, clip: null })]],
      [60 * 3 + 2, "client", "", [clip(3, { state: { kind: "refused", reason: "This file is not a video that can be read. Send it again from the phone's gallery." }, name: "VID_0001.mp4", has_poster: false, clip: null })]],
    ],
    assignee: tom,
  },
  {
    patient: "Clementine",
    species: "Rabbit",
    breed: "Holland Lop",
    client: "Sofía Herrera",
    subject: "Sneezing",
    said: [
      [60 * 5, "client", "She sneezed three times this morning."],
      [60 * 4, "priya", "Three sneezes with a good appetite can wait. Please count again tonight and send a short clip of her breathing at rest.", [], { kind: "read" }],
    ],
    assignee: priya,
  },
  {
    patient: "Rex",
    species: "Dog",
    breed: "German Shepherd",
    client: "Jonas Weber",
    subject: "Hip check before surgery",
    said: [
      [60 * 50, "client", "Here is the walk you asked for.", [clip(62)]],
      [60 * 49, "priya", "This is the frame I mean: the left hip drops.", [{ kind: "still", name: "still.png", mime: "image/png", has_poster: true, still_of: { clip: id(9, 1), frame: 372, at: 12_433_000 } }], { kind: "read" }],
      [60 * 48, "client", "Thank you, doctor. We will come on Monday."],
      [60 * 47, "priya", "Good. Nothing to eat after ten in the evening before.", [{ kind: "document", name: "Before the anaesthetic.pdf", mime: "application/pdf", bytes: 182_000 }], { kind: "read" }],
    ],
    assignee: priya,
    ended: true,
  },
  {
    patient: "Kiwi",
    species: "Cat",
    breed: "Maine Coon",
    client: "Rachel Greene",
    subject: "Stitches after spay",
    said: [
      [60 * 8, "client", "Is this much redness normal?", [{ kind: "photo", name: "stitches.jpg", mime: "image/jpeg", has_poster: true }]],
      [60 * 7, "tom", "A little redness is normal on day two. Keep the cone on.", [], { kind: "sent" }],
      [2, "priya", "How does it look this morning?", [], { kind: "queued" }],
      [1, "priya", "Please send a photo in daylight.", [], { kind: "refused", reason: { code: "conflict", message: "The server did not take this message because the conversation was changed. Try again." } }],
    ],
    assignee: tom,
  },
];

function attachment(some: Partial<Attachment>, at: { id: string; conversation: string; message: string }): Attachment {
  return {
    kind: "photo",
    name: "photo.jpg",
    mime: "image/jpeg",
    bytes: 2_400_000,
    state: { kind: "ready" },
    sha256: null,
    clip: null,
    still_of: null,
    caption: "",
    captured_at: null,
    uploaded_at: null,
    link: null,
    has_poster: false,
    has_rendition: false,
    ...at,
    ...some,
  };
}

export function practice(now: number): { threads: Thread[]; clients: ClientRow[] } {
  const threads = SKETCHES.map((sketch, n) => threadOf(sketch, n, now));
  return { threads, clients: threads.map((thread) => ({ client: thread.client, patients: [thread.patient] })) };
}

/** As many open conversations as wanted, for scrolling. */
export function crowd(size: number, now: number): Thread[] {
  const names = ["Ash", "Bella", "Coco", "Daisy", "Echo", "Finn", "Gus", "Hazel", "Indie", "Juno"];
  return Array.from({ length: size }, (_, n) =>
    threadOf(
      {
        patient: `${names[n % names.length]}`,
        species: "Dog",
        breed: "Mixed",
        client: `Client ${n + 1}`,
        subject: "A question",
        said: [[n + 1, "client", `Message number ${n + 1}`, n % 3 === 0 ? [clip(20)] : []]],
      },
      1000 + n,
      now,
    ),
  );
}

function threadOf(sketch: Sketch, n: number, now: number): Thread {
  const conversation = id(2, n);
  const client: Client = {
    id: id(3, n),
    name: sketch.client,
    email: `${sketch.client.split(" ")[0]?.toLowerCase()}@mail.example`,
    phone: `+1 207 555 01${String(40 + n).padStart(2, "0")}`,
    address: "48 Commercial Street\nPortland, ME 04101",
    pms_id: `C-${10_412 + n}`,
  };
  const patient: Patient = {
    id: id(4, n),
    client: client.id,
    name: sketch.patient,
    species: sketch.species,
    breed: sketch.breed,
    sex: "female_neutered",
    born: "2016-03",
    colour: "Tricolour",
    weight_kg: 12.4,
    alert: sketch.alert ?? "",
    pms_id: `P-${88_120 + n}`,
  };
  const messages = sketch.said.map((said, m) => messageOf(said, { conversation, client, n, m, now }));
  const firstUnanswered = messages.findLastIndex(({ message }) => message.author.kind === "staff" && message.audience === "everyone");
  const waiting = sketch.ended ? undefined : messages.slice(firstUnanswered + 1).find(({ message }) => message.author.kind === "client");
  return {
    conversation: {
      id: conversation,
      client: client.id,
      patient: patient.id,
      subject: sketch.subject,
      state: sketch.ended ? "ended" : "open",
      urgent: sketch.urgent ?? false,
      assignee: sketch.assignee?.id ?? null,
      department: null,
      tags: [],
      opened_at: messages[0]?.message.sent_at ?? now,
      waiting_since: waiting?.message.received_at ?? null,
      escalated_at: null,
      snooze: null,
      read_by_staff: waiting ? waiting.message.received_at - 1 : now,
      delivered_to_client: 0,
      read_by_client: now,
      ending: sketch.ended
        ? { at: now - 46 * 60 * MINUTE, by: priya.id, summary: "Left hip drops at every third step, frame 373. No pain on video.", plan: "Radiographs on Monday, then decide on surgery." }
        : null,
    },
    client,
    patient,
    messages,
    filings: sketch.ended
      ? [
          { id: id(6, n), conversation, target: "/srv/pms/import", requested_at: now, state: { kind: "filed", at: now - 46 * 60 * MINUTE, place: "/srv/pms/import/88125 Rex 2025-11-20.pdf", sha256: "0".repeat(64) } },
        ]
      : [],
    draft: { conversation, audience: "everyone", body: "", files: [] },
    staff,
  };
}

function messageOf(
  [ago, by, body, attached = [], delivery = { kind: "read" }]: Sketch["said"][number],
  at: { conversation: string; client: Client; n: number; m: number; now: number },
): ThreadMessage {
  const sent = at.now - ago * MINUTE;
  const message = id(5, at.n * 100 + at.m);
  const member = by === "tom" ? tom : priya;
  return {
    message: {
      id: message,
      conversation: at.conversation,
      author: by === "client" ? { kind: "client", id: at.client.id } : { kind: "staff", id: member.id },
      audience: by === "note" ? "staff" : "everyone",
      automatic: false,
      body,
      attachments: [],
      sent_at: sent,
      received_at: sent,
      mentions: [],
      due_at: null,
      edited_at: null,
      deleted_at: null,
    },
    author: by === "client" ? at.client.name : member.name,
    attachments: attached.map((some, k) => attachment(some, { id: id(9, at.n * 100 + at.m * 10 + k), conversation: at.conversation, message })),
    delivery,
  };
}
