// The bytes of one file to limpet-server by tus 1.0. The address of an upload follows from its attachment's id, so
// a page that was closed in the middle asks the server how much it has and goes on from there.

import { Upload, type DetailedError, type FileReader } from "tus-js-client";
import type { AttachmentId } from "@limpet/shared/gen/wire";
import type { Outcome } from "../outbox/outbox";
import { failureIn, OWNER } from "./ask";

/** What is lost at most when the connection breaks; also what is held in memory. */
const PIECE = 5 * 1024 * 1024;
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
      headers: { ...OWNER },
      chunkSize: PIECE,
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
