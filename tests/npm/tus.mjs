// A clinician's software that uploads with `tus-js-client`, unchanged. Words: the address of the
// uploads, an access token, a case, a file, bytes of a chunk, how many chunks to send at most (0:
// all), and the address of an upload to go on with, if there is one. It prints one JSON object.

import { createReadStream, statSync } from "node:fs";
import { Upload } from "tus-js-client";

const [endpoint, token, caseId, path, chunk, most, uploadUrl] = process.argv.slice(2);
let chunks = 0;
let fileId = null;

function finish(upload, error) {
  console.log(JSON.stringify({ url: upload.url, chunks, fileId, error: error && String(error) }));
  process.exit(0);
}

const upload = new Upload(createReadStream(path), {
  endpoint,
  uploadUrl: uploadUrl || null,
  chunkSize: Number(chunk),
  uploadSize: statSync(path).size,
  headers: { authorization: `Bearer ${token}` },
  metadata: { filename: "scan.pdf", filetype: "application/pdf", case_id: caseId },
  retryDelays: Array(240).fill(500),
  storeFingerprintForResuming: false,
  onAfterResponse: (_, response) => {
    fileId = response.getHeader("Upload-File-Id") ?? fileId;
  },
  onChunkComplete: () => {
    chunks += 1;
    if (chunks === Number(most)) upload.abort().then(() => finish(upload, null));
  },
  onSuccess: () => finish(upload, null),
  onError: (error) => finish(upload, error),
});
upload.start();
