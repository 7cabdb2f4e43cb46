/* The playground's Python, beside the page so that it stays at hand: loads Pyodide and gatewise, then answers questions.

   The page is told   {loaded, total}   bytes that have come, and all there are to load
                      {ready: true}     Python has started and knows the engine
                      {id, answer}      what Python answered to question `id`, both as text
                      {failed}          what went wrong, after which nothing more is answered */

import { loadPyodide } from "./pyodide/pyodide.mjs";

// filled in when the folder was made
const SCRIPT = Number("<!-- script -->");
const TOTAL = Number("<!-- total -->");
let loaded = 0;

function count(bytes) {
  loaded += bytes;
  postMessage({ loaded, total: TOTAL });
}

/* Everything that is fetched comes through here, so that the page can tell how far it is; and WebAssembly is called by
   its name, which not every server knows. */
const plainly = self.fetch.bind(self);
self.fetch = async (...request) => {
  const response = await plainly(...request);
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${response.statusText}`);
  const counting = new TransformStream({
    transform(chunk, onwards) {
      count(chunk.byteLength);
      onwards.enqueue(chunk);
    },
  });
  const type = new URL(response.url).pathname.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
  return new Response(response.body.pipeThrough(counting), { headers: { "Content-Type": type } });
};

/* The largest script is imported, which tells of no progress: it is counted once it is there. */
async function createPyodideModule(settings) {
  const { default: create } = await import("./pyodide/pyodide.asm.mjs");
  count(SCRIPT);
  return create(settings);
}

async function start() {
  const sources = fetch(new URL("gatewise.zip", import.meta.url)).then((response) => response.arrayBuffer());
  const python = await loadPyodide({ indexURL: new URL("pyodide/", import.meta.url).href, createPyodideModule });
  python.FS.writeFile("/gatewise.zip", new Uint8Array(await sources));
  python.runPython("import sys; sys.path.insert(0, '/gatewise.zip')");
  return python.runPython("from viz.playground_engine import answer; answer");
}

const started = start();
started.then(
  () => postMessage({ ready: true }),
  (error) => postMessage({ failed: String(error) }),
);

addEventListener("message", async ({ data: { id, question } }) => {
  const answer = await started;
  try {
    postMessage({ id, answer: answer(question) });
  } catch (error) {
    postMessage({ failed: String(error) });
  }
});
