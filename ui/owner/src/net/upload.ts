// The bytes of one file to limpet-server by tus 1.0. The address of an upload follows from its attachment's id, so
// a page that was closed in the middle asks the server how much it has and goes on from there.

import { Upload, type DetailedError, type FileReader } from "tus-js-client";
import type { AttachmentId } from "@limpet/shared/gen/wire";
import type { Outcome, Piece } from "../outbox/outbox";
import { ask, failureIn, notDone, OWNER, ours } from "./ask";

const MIB = 1024 * 1024;

/**
 * How much goes in one request: what is held in memory, and what a phone may have taken for sent that has not
 * arrived. Small clips go in small parts, so that what is said about them is true; long ones do not wait for an
 * answer all the time.
 */
export const partOf = (bytes: number): number => Math.max(MIB / 2, Math.min(5 * MIB, Math.ceil(bytes / 20)));

/** No sign of life for this long means that the connection is dead though nothing says so. */
const SILENCE = 45_000;

/** The phone no longer gives us the file. */
export class FileLost extends Error {}

export interface Sending {
  id: AttachmentId;
  file: Blob;
  /** Whether an upload was begun before. */
  begun: boolean;
  /** Hears how many bytes have left. */
  heard: (sent: number) => void;
  /** Ends it; the server keeps what it has. */
  signal: AbortSignal;
}

/** Sends, and answers when all has arrived or it goes no further now. Throws `FileLost`. */
export function upload({ id, file, begun, heard, signal }: Sending): Promise<Outcome> {
  const endpoint = new URL("/v1/uploads", location.origin).href;
  return new Promise((done, lost) => {
    let watch: ReturnType<typeof setTimeout>;
    const end = (outcome: Outcome) => {
      clearTimeout(watch);
      signal.removeEventListener("abort", stop);
      done(outcome);
    };
    const stop = () => {
      void sending.abort();
      end({ ok: false, status: 0, failure: null });
    };
    const alive = () => {
      clearTimeout(watch);
      watch = setTimeout(stop, SILENCE);
    };
    const sending = new Upload(file, {
      endpoint,
      uploadUrl: begun ? `${endpoint}/${id}` : null,
      metadata: { attachment: id },
      headers: { ...OWNER, ...ours() },
      chunkSize: partOf(file.size),
      // Pauses and repetitions are the plan's business (outbox.ts).
      retryDelays: null,
      storeFingerprintForResuming: false,
      fileReader: carefulReader,
      onProgress: (sent) => {
        alive();
        heard(sent);
      },
      onSuccess: () => end({ ok: true }),
      onError: (error) => {
        clearTimeout(watch);
        signal.removeEventListener("abort", stop);
        const cause = "causingError" in error ? error.causingError : error;
        if (cause instanceof FileLost) lost(cause);
        else done(outcomeOf(error));
      },
    });
    if (signal.aborted) return done({ ok: false, status: 0, failure: null });
    signal.addEventListener("abort", stop);
    alive();
    sending.start();
  });
}

function outcomeOf(error: Error | DetailedError): Outcome {
  const response = "originalResponse" in error ? error.originalResponse : null;
  if (!response) return { ok: false, status: 0, failure: null };
  return { ok: false, status: response.getStatus(), failure: failureIn(response.getBody()) };
}

/** Reads each part before it is sent: a file that vanished is then known as that and not as a broken connection. */
const carefulReader: FileReader = {
  openFile: async (file: Blob) => ({
    size: file.size,
    slice: async (start, end) => {
      const part = await file
        .slice(start, end)
        .arrayBuffer()
        .catch(() => {
          throw new FileLost();
        });
      return { value: new Blob([part]), done: end >= file.size };
    },
    close: () => undefined,
  }),
};

const TUS = { "tus-resumable": "1.0.0" };

/** Tells the server that a file is not coming. Throws `NotDone`. */
export async function withdraw({ id, bytes, begun }: Piece): Promise<void> {
  if (begun && (await forgotten(id))) return;
  // The server only forgets what reached it: otherwise the practice would wait for the file for ever.
  await ask("POST", "/v1/uploads", undefined, {
    ...TUS,
    "upload-length": String(bytes),
    "upload-metadata": `attachment ${btoa(id)}`,
  });
  await forgotten(id);
}

/** Whether there was an upload to forget. */
async function forgotten(id: AttachmentId): Promise<boolean> {
  try {
    await ask<null>("DELETE", `/v1/uploads/${id}`, undefined, TUS);
    return true;
  } catch (thrown) {
    if (notDone(thrown).status !== 404) throw thrown;
    return false;
  }
}
