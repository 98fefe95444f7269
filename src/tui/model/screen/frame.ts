/** The frame around every screen: title, tabs, body, what is being said, keys. Pure. */
import type { Size } from "../state/console-state.js";

/** Lines above and below the body. */
const headRows = 2;
const footRows = 2;

/** Where the body begins, counted from 0. */
export const bodyTop = headRows;

/** Lines that the body of a screen has. */
export function bodyRows({ rows }: Size): number {
  return Math.max(1, rows - headRows - footRows);
}
