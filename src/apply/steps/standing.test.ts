import { expect, it } from "vitest";
import type { ContainerInspect } from "../../wire/container.js";
import { standingOf } from "./standing.js";

type State = Partial<ContainerInspect["State"]>;

function aContainer(state: State, restart = "no", restarts = 0): ContainerInspect {
  const State = { Status: state.Running ? "running" : "exited", Running: false, ExitCode: 0, ...state };
  const HostConfig = { RestartPolicy: { Name: restart } };
  const container = { Name: "/shop-a-1", State, HostConfig, RestartCount: restarts };
  return container as unknown as ContainerInspect; // what is read
}

const probe = { Start: "", End: "", ExitCode: 7, Output: "first\nno route\n" };

it("takes a job that ended with 0 for done, and for as good as running, but not for healthy", () => {
  const job = aContainer({});
  expect(standingOf(job, "completed")).toEqual({ kind: "holds" });
  expect(standingOf(job, "running-or-healthy")).toEqual({ kind: "holds" });
  expect(standingOf(job, "healthy")).toEqual({ kind: "failed", reason: "exited (0)" });
});

it("waits on for what its restart policy brings back, whatever it ended with", () => {
  for (const ExitCode of [0, 1]) {
    const standing = standingOf(aContainer({ ExitCode }, "always"), "running-or-healthy");
    expect(standing).toEqual({ kind: "pending", state: `exited (${ExitCode}) and is to restart` });
  }
  expect(standingOf(aContainer({}, "on-failure"), "completed")).toEqual({ kind: "holds" });
});

it("does not wait for what somebody stopped", () => {
  const standing = standingOf(aContainer({ ExitCode: 143 }, "always"), "running-or-healthy", { wasStopped: true });
  expect(standing).toEqual({ kind: "failed", reason: "exited (143) because it was stopped" });
});

it("gives up what keeps restarting", () => {
  const standing = standingOf(aContainer({ Running: true, Restarting: true, ExitCode: 3 }, "always", 10), "healthy");
  expect(standing).toEqual({ kind: "failed", reason: "keeps restarting, 10 times so far, exit code 3" });
});

it("says how a check went while it waits for health", () => {
  const Health = { Status: "starting", FailingStreak: 1, Log: [probe] } as const;
  expect(standingOf(aContainer({ Running: true, Health: { ...Health, Log: [probe] } }), "healthy")).toEqual({
    kind: "pending",
    state: "is starting, its last probe exited with 7: no route",
  });
  expect(standingOf(aContainer({ Running: true }), "healthy")).toMatchObject({ kind: "failed" });
  expect(standingOf(aContainer({ Running: true }), "running-or-healthy")).toEqual({ kind: "holds", mustLast: true });
});
