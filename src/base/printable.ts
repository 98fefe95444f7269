/** Text of strangers, made fit for a terminal. Pure. */

/**
 * `text` without control characters but tab and newline: names, commands, logs and messages that come from images and
 * containers must not move the cursor, change the title or the colours, or hide what stands before them.
 */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}
