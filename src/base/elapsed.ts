/** How long something took, for people. Pure. */

/** `0.4s`, `12.0s`, `2m05s`. A clock that went back took no time. */
export function elapsedText(ms: number): string {
  if (ms < 60_000) return `${(Math.max(0, ms) / 1000).toFixed(1)}s`;
  const whole = Math.floor(ms / 1000);
  return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, "0")}s`;
}
