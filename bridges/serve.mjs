// The part that bridges share: the order of the messages, the time limit of a case, and the end of an instance.
//
// It speaks the protocol (docs/protocol.md) on standard input and output. The interpreter with the suite's agent in it
// is an instance, in a thread or process of its own: so a case that hangs can be ended, and an instance be replaced.

import { createInterface } from "node:readline";

// launch(start, heard, ended): makes an instance, which is sent the line `start` and all others by its method `send`,
// until its method `end` is called. It calls heard(line) with each line of the agent, or ended(status, reason) once.
export function serve(launch) {
  let start; // the line of the message `start`, for each new instance
  let instance; // the present one; undefined if it has ended
  let request; // the message that is being worked on; undefined if there is none
  let timer;

  const say = (message) => process.stdout.write((typeof message === "string" ? message : JSON.stringify(message)) + "\n");

  function done(message) {
    clearTimeout(timer);
    request = undefined;
    say(message);
  }

  function replace() {
    instance?.end();
    const mine = (instance = launch(
      start,
      (line) => mine === instance && heard(line),
      (status, reason) => mine === instance && ended(status, reason),
    ));
    mine.send(start);
  }

  // A handshake, a result, an answer, or that something is wrong.
  function heard(line) {
    const message = JSON.parse(line);
    if ("case" in message) {
      watch();
      return say(line);
    }
    if (!("protocol" in message)) return done(line);
    done("reset" in request ? { id: request.id, status: "done" } : { ...message, resets: true });
  }

  // By os._exit, by a fatal error, or because it could not be started.
  function ended(status, reason) {
    instance = undefined;
    if (reason) process.stderr.write(`${reason.stack ?? reason}\n`);
    if (request && "id" in request) return done({ id: request.id, status: "exit", detail: status });
    if (request) done({ cannot_load: `The interpreter cannot be started: ${reason ?? `exit status ${status}`}.` });
  }

  // The time limit is for each case; only from outside can one be ended.
  function watch() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      instance.end();
      instance = undefined;
      done({ id: request.id, status: "hang", detail: request.timeout });
    }, request.timeout * 1000);
  }

  createInterface({ input: process.stdin })
    .on("line", (line) => {
      request = JSON.parse(line);
      if ("protocol" in request) start = line;
      if (!("cases" in request)) return replace();
      if (!instance) return ended(1, "the driver sent a request to an instance that has ended");
      watch();
      instance.send(line);
    })
    .on("close", () => {
      instance?.end();
      process.exit(0);
    });
}
