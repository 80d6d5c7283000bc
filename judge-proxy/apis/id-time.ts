/** The time inside of our ids (RFC 9562 §5.7): answers of ours name a time, and nothing else here knows one. */

const UUID_V7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7/i;

/** @returns Unix time in seconds, 0 for an id of another form */
export function secondsOf(id: string): number {
  const match = UUID_V7.exec(id);
  return match === null ? 0 : Math.floor(Number.parseInt(`${match[1]}${match[2]}`, 16) / 1000);
}

/** The id as the APIs write theirs: letters and digits behind a prefix. */
export function wireId(prefix: string, id: string): string {
  return `${prefix}${id.replace(/[^0-9a-zA-Z]/g, '')}`;
}
