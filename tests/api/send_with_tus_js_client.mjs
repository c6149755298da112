// Sends a file with tus-js-client, in one request, as its documentation says; started again it goes on.

import { createReadStream, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const tus = createRequire(join(process.argv[2], "of-the-owner-app.js"))("tus-js-client");
const { TUS_URL, TUS_AUTHORIZATION, TUS_ATTACHMENT, TUS_FILE, TUS_KEPT } = process.env;

const upload = new tus.Upload(createReadStream(TUS_FILE), {
  endpoint: TUS_URL,
  headers: { Authorization: TUS_AUTHORIZATION },
  metadata: { attachment: TUS_ATTACHMENT },
  uploadSize: statSync(TUS_FILE).size,
  urlStorage: new tus.FileUrlStorage(TUS_KEPT),
  // A file that is sent twice is two files for the client; the id tells which.
  fingerprint: async () => TUS_ATTACHMENT,
  retryDelays: [200, 500, 1000, 2000, 4000],
  onError: (error) => {
    console.error(String(error));
    process.exit(1);
  },
  onSuccess: () => process.exit(0),
});
const [before] = await upload.findPreviousUploads();
if (before) upload.resumeFromPreviousUpload(before);
upload.start();
