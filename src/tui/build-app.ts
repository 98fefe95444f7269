/** The view of builds on a terminal: a tree of images, stages and steps. Loaded only when it is shown. */
import type { EventRenderer, RendererFactory, RenderTarget } from "../apply/event-renderer.js";
import { LiveLines } from "./live-lines.js";
import { layoutBuilds, summarizeBuilds } from "./model/builds/build-layout.js";
import { advanceBuilds, type BuildsModel, noBuilds } from "./model/builds/build-model.js";

/** Draws until `close`, which replaces the view by plain lines that stay. */
export const createBuildView: RendererFactory = (target: RenderTarget): EventRenderer => {
  let model: BuildsModel = noBuilds;
  const view = new LiveLines(target, {
    layout: (screen) => layoutBuilds(model, screen),
    summary: (columns) => summarizeBuilds(model, columns),
  });
  return {
    showsBuildSteps: true,
    show: (event) => {
      model = advanceBuilds(model, event, target.monotonicMs());
    },
    tell: (text) => view.tell(text),
    close: () => view.close(),
  };
};
