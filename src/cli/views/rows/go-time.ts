/** Moments as Go prints them, which docker's listings show. Pure. */

/** `2026-01-31 12:00:00 +0000 UTC`, in the zone of this machine. */
export function goTime(moment: Date): string {
  if (Number.isNaN(moment.getTime())) return "";
  const offset = -moment.getTimezoneOffset();
  const [sign, minutes] = [offset < 0 ? "-" : "+", Math.abs(offset)];
  const zone = `${sign}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`;
  const local = new Date(moment.getTime() + offset * 60_000).toISOString();
  return `${local.slice(0, 10)} ${local.slice(11, 19)} ${zone} ${offset === 0 ? "UTC" : zone}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
