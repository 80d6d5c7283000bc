/** Matching of request targets, tolerant of prefixes and spellings: an origin may be, and what it reads we must read. */

/** Path without query, percent-decoded once, without empty segments, lower case. */
function segments(path: string): string[] {
  const end = path.search(/[?#]/);
  return decoded(end === -1 ? path : path.slice(0, end))
    .toLowerCase()
    .split('/')
    .filter((segment) => segment !== '');
}

/**
 * Whether the path ends with the segments of `suffix`, behind any prefix: `/v1/…`, `/openai/deployments/NAME/…`,
 * the paths of gateways.
 */
export function pathEndsWith(path: string, suffix: string): boolean {
  const wanted = segments(suffix);
  const tail = segments(path).slice(-wanted.length);
  return tail.length === wanted.length && tail.every((segment, index) => segment === wanted[index]);
}

/** Azure names the model in the path and nowhere else: `/openai/deployments/NAME/chat/completions`. */
export function deploymentOf(path: string): string | null {
  const match = /\/deployments\/([^/?#]+)\//i.exec(path);
  return match?.[1] === undefined ? null : decoded(match[1]);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
