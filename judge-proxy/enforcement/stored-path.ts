/** The path of a request as the ledger keeps it: enough to tell the endpoint, without what may be a credential. */

const LONGEST_PATH = 256;
/** Names of endpoints, models and deployments are shorter; keys and signed links are longer. */
const LONGEST_WORD = 24;
const SHOWN = 5;

/**
 * Without query; segments that are long and mix letters with digits are cut to their first characters. Services put
 * tokens there (webhooks, bots, signed links), and this record is written before any rule has seen the request.
 * @param path origin-form target as the client wrote it, but for placeholders of secrets
 */
export function storedPath(path: string): string {
  const end = path.search(/[?#]/);
  const bare = end < 0 ? path : path.slice(0, end);
  const kept = bare.split('/').map(storedSegment).join('/');
  return kept.length > LONGEST_PATH ? `${kept.slice(0, LONGEST_PATH)}…` : kept;
}

/** Of a secret that was taken out before. */
const PLACEHOLDER = /^\[REDACTED:[a-z0-9_]{1,60}:[0-9a-f]{8}\]$/;

function storedSegment(segment: string): string {
  if (PLACEHOLDER.test(segment)) return segment;
  const opaque = segment.length > LONGEST_WORD && /\d/.test(segment) && /[A-Za-z%]/.test(segment);
  return opaque ? `${segment.slice(0, SHOWN)}…` : segment;
}
