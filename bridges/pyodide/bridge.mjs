// A bridge to Pyodide: node bridge.mjs [path/to/pyodide.mjs]

import { Worker } from "node:worker_threads";

import { serve } from "../serve.mjs";

const pyodide = process.argv[2] ?? "pyodide";

serve((start, heard, ended) => {
  const worker = new Worker(new URL("./instance.mjs", import.meta.url), { workerData: { pyodide }, stdout: true });
  worker.stdout.pipe(process.stderr, { end: false }); // what Pyodide itself prints is no message
  worker.on("message", (lines) => lines.trimEnd().split("\n").forEach(heard));
  worker.on("error", (reason) => ended(1, reason));
  worker.on("exit", (status) => ended(status));
  return { send: (line) => worker.postMessage(line + "\n"), end: () => worker.terminate() };
});
