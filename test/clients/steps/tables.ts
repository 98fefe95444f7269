/** All tables, in the order in which they run. Each begins with the image busybox and nothing else. */
import type { Table } from "../harness/step.js";
import { eventsTable } from "./events.js";
import { filesTable } from "./files.js";
import { imagesTable } from "./images.js";
import { listingTable } from "./listing.js";
import { logsTable } from "./logs.js";
import { resourcesTable } from "./resources.js";
import { runTable } from "./run.js";
import { terminalTable } from "./terminals.js";

export const tables: readonly Table[] = [
  runTable,
  terminalTable,
  logsTable,
  filesTable,
  listingTable,
  eventsTable,
  imagesTable,
  resourcesTable,
];
