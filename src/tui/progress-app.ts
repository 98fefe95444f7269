/** The progress view on a terminal. Loaded only when it is shown. */
import type { EventRenderer, RendererFactory, RenderTarget } from "../apply/event-renderer.js";
import { LiveLines } from "./live-lines.js";
import { layoutProgress, summarizeProgress } from "./model/progress-layout.js";
import { advance, emptyProgress, type ProgressModel } from "./model/progress-model.js";

/** Draws until `close`, which replaces the view by plain lines that stay. */
export const createProgressView: RendererFactory = (target: RenderTarget): EventRenderer => {
  let model: ProgressModel = emptyProgress;
  const view = new LiveLines(target, {
    layout: (screen) => layoutProgress(model, screen),
    summary: (columns) => summarizeProgress(model, columns),
  });
  return {
    show: (event) => {
      model = advance(model, event, target.monotonicMs());
    },
    tell: (text) => view.tell(text),
    close: () => view.close(),
  };
};
