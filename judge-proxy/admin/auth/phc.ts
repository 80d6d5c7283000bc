/**
 * Password hashes as text, in the PHC string format of argon2id: `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`
 * (github.com/P-H-C/phc-string-format). Only that form, with bounds: a row of the database must not be able to order
 * gigabytes of memory.
 */

/** Memory in KiB, passes, lanes. */
export interface Argon2Cost {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

export interface PasswordHash extends Argon2Cost {
  readonly salt: Uint8Array;
  readonly tag: Uint8Array;
}

const FORM =
  /^\$argon2id\$v=19\$m=([1-9][0-9]{0,6}),t=([1-9][0-9]?),p=([1-9])\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;
/** 256 MiB. */
const MOST_MEMORY_KIB = 262_144;

/** Pure. */
export function formatPhc(hash: PasswordHash): string {
  const { memory, passes, parallelism, salt, tag } = hash;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${encode(salt)}$${encode(tag)}`;
}

/** The hash behind the text; null when it is not exactly such a text: base64 that is not canonical is refused, too. */
export function parsePhc(text: string): PasswordHash | null {
  const [, m, t, p, salt, tag] = FORM.exec(text) ?? [];
  if (m === undefined || t === undefined || p === undefined || salt === undefined || tag === undefined) return null;
  const hash: PasswordHash = {
    memory: Number(m),
    passes: Number(t),
    parallelism: Number(p),
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
  // RFC 9106 §3.1: at least 8 KiB a lane.
  const bounded = hash.memory >= 8 * hash.parallelism && hash.memory <= MOST_MEMORY_KIB;
  return bounded && formatPhc(hash) === text ? hash : null;
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '');
}
