// One instance of Pyodide with the suite's agent in it, in a thread of its own. Lines come in, and lines go out.

import { readdirSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { isAbsolute } from "node:path";
import { parentPort, workerData } from "node:worker_threads";

const AGENT = new URL("../../conformance/agent/", import.meta.url);
const HOME = "/runpy-conformance/agent";
// The agent lies in the file system of the instance, and is loaded from there.
const LOAD = `
def load():
    import importlib.util, sys
    spec = importlib.util.spec_from_file_location("start", "${HOME}/start.py")
    start = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(start)
    return start.load(), sys.path[:]
def make(post, loaded=load()):
    import sys
    server, sys.path[:] = loaded # Pyodide puts the current folder there once more when it starts from a snapshot
    return server.Agent(lambda data: post(bytes(data).decode("ascii")))
del load
`;

function copy(FS, from, to) {
  FS.mkdirTree(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.isDirectory()) {
      if (entry.name !== "__pycache__") copy(FS, new URL(`${entry.name}/`, from), `${to}/${entry.name}`);
    } else {
      FS.writeFile(`${to}/${entry.name}`, readFileSync(new URL(entry.name, from)));
    }
  }
}

async function loaded() {
  const pyodide = await loadPyodide({ ...STREAMS, _makeSnapshot: workerData.snapshot === undefined });
  copy(pyodide.FS, AGENT, HOME);
  pyodide.runPython(`${LOAD}\nNone`); // a snapshot holds no object of Python's that is known outside of the interpreter
  return pyodide;
}

// Starts from the memory of another instance, which had loaded the agent.
async function restored(snapshot) {
  const copied = new Uint8Array(new Uint8Array(snapshot));
  let timer; // if the engine refuses the memory, Pyodide may wait without end
  const late = new Promise((_, reject) => (timer = setTimeout(reject, 10_000, new Error("it does not start from one"))));
  const pyodide = await Promise.race([loadPyodide({ ...STREAMS, _loadSnapshot: copied }), late]);
  clearTimeout(timer);
  copy(pyodide.FS, AGENT, HOME); // the memory does not hold the files
  return pyodide;
}

function keep(memory) {
  const snapshot = new SharedArrayBuffer(memory.byteLength);
  new Uint8Array(snapshot).set(memory);
  parentPort.postMessage({ snapshot });
}

// Snapshots are no public part of Pyodide: where there are none, each instance is loaded.
function renounce(error) {
  process.stderr.write(`Pyodide works without a snapshot of its memory: ${error}\n`);
  parentPort.postMessage({ snapshot: null });
}

const { pyodide: place, snapshot } = workerData; // the snapshot: undefined before there is one, null if there is none
const { loadPyodide } = await import(isAbsolute(place) ? pathToFileURL(place).href : place);
const print = (text) => process.stderr.write(`${text}\n`);
// Streams of its own: those of this thread have no descriptors, and the agent replaces them by files.
const STREAMS = { stdin: () => null, stdout: print, stderr: print };
let pyodide;
try {
  if (snapshot) pyodide = await restored(snapshot);
} catch (error) {
  renounce(error);
}
pyodide ??= await loaded();
try {
  if (snapshot === undefined) keep(pyodide.makeMemorySnapshot());
} catch (error) {
  renounce(error);
}
const agent = pyodide.globals.get("make")((lines) => parentPort.postMessage(lines));
parentPort.on("message", (line) => {
  try {
    agent.take(line);
  } catch (error) {
    // Nothing works in an instance after os._exit or a fatal error.
    process.stderr.write(`${error}\n`);
    process.exit(typeof error.status === "number" ? error.status : 1);
  }
});
