/** A thread that hashes, copies and packs trees for builds, one job after the other. Touches the world. */
import { parentPort } from "node:worker_threads";
import { GantryError, messageOf, unreachable } from "../../../base/errors.js";
import { beginWork } from "../../layers/start-worker.js";
import type { BuildJob, BuildWorkerReply, BuildWorkerRequest } from "./build-job.js";
import { commitUpper } from "./commit-upper.js";
import { copyTrees, makeDirectory } from "./copy-trees.js";
import { hashTrees } from "./hash-trees.js";

if (!parentPort) throw new Error("The build worker is not a program of its own");
const port = parentPort;
beginWork();

port.on("message", ({ id, job }: BuildWorkerRequest) => {
  let reply: BuildWorkerReply;
  try {
    reply = { id, kind: "done", value: perform(job) };
  } catch (error) {
    const code = error instanceof GantryError ? error.code : undefined;
    reply = { id, kind: "failed", code, message: messageOf(error) };
  }
  port.postMessage(reply);
});

function perform(job: BuildJob): unknown {
  switch (job.kind) {
    case "hash":
      return hashTrees(job.trees, job.files);
    case "copy":
      return copyTrees(job);
    case "make-directory":
      return makeDirectory(job);
    case "commit":
      return commitUpper(job);
    default:
      return unreachable(job);
  }
}
