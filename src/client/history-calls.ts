/**
 * Calls of Gantry's own engine: histories of projects, volumes in the trash, and tidying up. Other engines have none of
 * them: "not-supported" there.
 */
import { GantryError } from "../base/errors.js";
import type {
  GcBody,
  GcReply,
  Generation,
  GenerationDraft,
  GenerationEnd,
  GenerationSummary,
  TrashedVolume,
  TrashReply,
} from "../wire/history.js";
import type { CallOptions } from "./engine-client.js";
import type { EngineIdentity } from "./engines/engine-identity.js";
import { type Request, segment, type Transport } from "./transport.js";

export interface HistoryCalls {
  /** The newest last. */
  list(project: string, call?: CallOptions): Promise<GenerationSummary[]>;
  get(project: string, number: number, call?: CallOptions): Promise<Generation>;
  /** The generation's number, once it is kept. */
  begin(draft: GenerationDraft, call?: CallOptions): Promise<number>;
  end(project: string, number: number, end: GenerationEnd, call?: CallOptions): Promise<void>;
}

export interface TrashCalls {
  /** The newest first. */
  list(call?: CallOptions): Promise<TrashedVolume[]>;
  /** Removes a volume so that it can come back, if the trash takes it. */
  put(name: string, owner: { project: string; generation: number }, call?: CallOptions): Promise<TrashReply>;
  restore(id: string, call?: CallOptions): Promise<TrashedVolume>;
  /** Lets go of what nobody will ask for again. */
  collect(body: GcBody, call?: CallOptions): Promise<GcReply>;
}

/** Both, over one transport. */
export function historyCalls(
  transport: Transport,
  { kind }: EngineIdentity,
): { readonly history: HistoryCalls; readonly trash: TrashCalls } {
  const ask = async <T>(request: Request): Promise<T> => {
    if (kind === "gantry") return transport.json<T>(request);
    throw new GantryError("not-supported", "This engine keeps no history of projects and no trash");
  };
  const path = (project: string) => `/gantry/projects/${segment(project)}/history`;
  return {
    history: {
      list: (project, call) => ask({ method: "GET", path: path(project), ...call }),
      get: (project, number, call) => ask({ method: "GET", path: `${path(project)}/${number}`, ...call }),
      begin: async (body, call) => {
        const request: Request = { method: "POST", path: path(body.project), body, ...call };
        return (await ask<{ number: number }>(request)).number;
      },
      end: async (project, number, body, call) => {
        await ask({ method: "POST", path: `${path(project)}/${number}/end`, body, ...call });
      },
    },
    trash: {
      list: (call) => ask({ method: "GET", path: "/gantry/trash", ...call }),
      put: (name, { project, generation }, call) => {
        const body = { Project: project, Generation: generation };
        return ask({ method: "POST", path: `/gantry/volumes/${segment(name)}/trash`, body, ...call });
      },
      restore: (id, call) => ask({ method: "POST", path: `/gantry/trash/${segment(id)}/restore`, ...call }),
      collect: (body, call) => ask({ method: "POST", path: "/gantry/gc", body, ...call }),
    },
  };
}
