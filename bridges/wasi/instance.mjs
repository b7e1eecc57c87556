// One instance of CPython on WASI with the suite's agent as its program: node instance.mjs PYTHON FOLDER SHARED

import { openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { WASI } from "node:wasi";

const [python, folder, shared] = process.argv.slice(2);
const AGENT = fileURLToPath(new URL("../../conformance/agent", import.meta.url));
const program = readdirSync(join(python, "bin")).find((name) => name.endsWith(".wasm"));

const wasi = new WASI({
  version: "preview1",
  args: ["python", "/agent/start.py", "--replies=/bridge/replies"],
  env: { PYTHONHOME: "/python", PYTHONDONTWRITEBYTECODE: "" },
  preopens: { "/python": python, "/agent": AGENT, "/bridge": folder, [shared]: shared },
  stdin: 0,
  stdout: openSync(join(folder, "stdout"), "a+"),
  stderr: openSync(join(folder, "stderr"), "a+"),
});
const module = await WebAssembly.compile(readFileSync(join(python, "bin", program)));
process.exitCode = wasi.start(await WebAssembly.instantiate(module, wasi.getImportObject()));
