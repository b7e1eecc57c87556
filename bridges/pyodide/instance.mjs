// One instance of Pyodide with the suite's agent in it, in a thread of its own. Lines come in, and lines go out.

import { readdirSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { isAbsolute } from "node:path";
import { parentPort, workerData } from "node:worker_threads";

const AGENT = new URL("../../conformance/agent/", import.meta.url);
const HOME = "/runpy-conformance/agent";
// The agent lies in the file system of the instance, and is loaded from there.
const LOAD = `
def load(home, post):
    import importlib.util
    spec = importlib.util.spec_from_file_location("start", home + "/start.py")
    start = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(start)
    return start.load().Agent(lambda data: post(bytes(data).decode("ascii")))
load
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

const place = workerData.pyodide;
const { loadPyodide } = await import(isAbsolute(place) ? pathToFileURL(place).href : place);
// Streams of its own: those of this thread have no descriptors, and the agent replaces them by files.
const print = (text) => process.stderr.write(`${text}\n`);
const pyodide = await loadPyodide({ stdin: () => null, stdout: print, stderr: print });
copy(pyodide.FS, AGENT, HOME);
const agent = pyodide.runPython(LOAD)(HOME, (lines) => parentPort.postMessage(lines));
parentPort.on("message", (line) => {
  try {
    agent.take(line);
  } catch (error) {
    // Nothing works in an instance after os._exit or a fatal error.
    process.stderr.write(`${error}\n`);
    process.exit(typeof error.status === "number" ? error.status : 1);
  }
});
