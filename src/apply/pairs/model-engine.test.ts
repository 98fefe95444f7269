import { describeEnginePromises } from "./engine-promises.suite.js";
import { ModelEngine } from "./model-engine.fixture.js";

const engine = new ModelEngine();
engine.addImage("busybox", { Cmd: ["sh"], Env: ["PATH=/bin"], Labels: { of: "image" } });
describeEnginePromises("an engine in memory", () => engine.client);
