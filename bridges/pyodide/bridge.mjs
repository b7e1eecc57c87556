// A bridge to Pyodide: node bridge.mjs [path/to/pyodide.mjs]

import { Worker } from "node:worker_threads";

import { serve } from "../serve.mjs";

const pyodide = process.argv[2] ?? "pyodide";
let snapshot; // the memory of the first instance, with the agent in it, before it was sent anything; null if there is none

serve((start, heard, ended) => {
  const workerData = { pyodide, snapshot };
  const worker = new Worker(new URL("./instance.mjs", import.meta.url), { workerData, stdout: true });
  worker.stdout.pipe(process.stderr, { end: false }); // what Pyodide itself prints is no message
  worker.on("message", (message) => {
    if (typeof message === "string") message.trimEnd().split("\n").forEach(heard);
    else ({ snapshot } = message);
  });
  worker.on("error", (reason) => ended(1, reason));
  worker.on("exit", (status) => ended(status));
  return { send: (line) => worker.postMessage(line + "\n"), end: () => worker.terminate() };
});
