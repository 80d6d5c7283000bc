/**
 * What routes a message of Responses over WebSocket: its type, lane and ids, found without building the object. Messages
 * carry whole conversations, and this runs on the event loop; the beginning of a message that was cut is read as well.
 */

/** Strings of these members only; null where there is none. Of repeated members the last counts, as with JSON.parse. */
export interface Envelope {
  readonly type: string | null;
  /** `stream_id`: the lane. */
  readonly lane: string | null;
  /** `response.id`, else `response_id`. */
  readonly responseId: string | null;
  /** `previous_response_id` of the message, of its response or of its steer. */
  readonly previousId: string | null;
  /** `status` of an error event. */
  readonly status: number | null;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;

/** Longer strings are no type and no id. */
const LONGEST = 512;
/** Objects whose members are looked at, too. */
const INNER: ReadonlySet<string> = new Set(['response', 'steer']);
const WANTED: ReadonlySet<string> = new Set([
  'type',
  'stream_id',
  'response_id',
  'previous_response_id',
  'status',
  'response.id',
  'response.previous_response_id',
  'steer.previous_response_id',
]);

/** @returns null when the bytes do not begin a JSON object */
export function readEnvelope(bytes: Uint8Array): Envelope | null {
  const found = new Scanner(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).scan();
  if (found === null) return null;
  const text = (path: string): string | null => {
    const value = found.get(path);
    return typeof value === 'string' ? value : null;
  };
  const status = found.get('status');
  return {
    type: text('type'),
    lane: text('stream_id'),
    responseId: text('response.id') ?? text('response_id'),
    previousId:
      text('previous_response_id') ?? text('response.previous_response_id') ?? text('steer.previous_response_id'),
    status: typeof status === 'number' ? status : null,
  };
}

class Scanner {
  readonly #bytes: Buffer;
  readonly #found = new Map<string, string | number>();
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  scan(): ReadonlyMap<string, string | number> | null {
    this.#space();
    if (this.#bytes[this.#at] !== OPEN_OBJECT) return null;
    this.#object('');
    return this.#found;
  }

  /** Members of the object that begins here. Malformed input ends the scan: what follows belongs to nothing. */
  #object(path: string): void {
    this.#at += 1;
    for (;;) {
      this.#space();
      if (this.#bytes[this.#at] !== QUOTE) {
        this.#at += 1; // the end of the object, or of the sense
        return;
      }
      const key = this.#string();
      this.#space();
      if (key === null || this.#bytes[this.#at] !== COLON) {
        this.#at = this.#bytes.length;
        return;
      }
      this.#at += 1;
      this.#space();
      // A name with a dot of its own is no path of ours.
      this.#value(key.includes('.') ? '' : path === '' ? key : `${path}.${key}`);
      this.#space();
      if (this.#bytes[this.#at] !== COMMA) {
        this.#at += 1;
        return;
      }
      this.#at += 1;
    }
  }

  #value(path: string): void {
    const first = this.#bytes[this.#at];
    this.#forget(path);
    if (first === OPEN_OBJECT && INNER.has(path)) this.#object(path);
    else if (first === OPEN_OBJECT || first === OPEN_ARRAY) this.#skip();
    else if (first === QUOTE) {
      const text = this.#string();
      if (text !== null && WANTED.has(path)) this.#found.set(path, text);
    } else this.#number(path);
  }

  /** A number, or another word. */
  #number(path: string): void {
    const start = this.#at;
    this.#literal();
    if (!WANTED.has(path)) return;
    const number = Number(this.#bytes.toString('latin1', start, Math.min(this.#at, start + 32)));
    if (Number.isSafeInteger(number)) this.#found.set(path, number);
  }

  /** A repeated member replaces the one before, with all that stood in it. */
  #forget(path: string): void {
    this.#found.delete(path);
    if (INNER.has(path))
      for (const known of [...this.#found.keys()]) if (known.startsWith(`${path}.`)) this.#found.delete(known);
  }

  /** Over an object or array that is not looked at. */
  #skip(): void {
    let depth = 0;
    do {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) return;
      if (byte === QUOTE) {
        this.#skipString();
        continue;
      }
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1;
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth -= 1;
      this.#at += 1;
    } while (depth > 0);
  }

  #literal(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined || byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) return;
      this.#at += 1;
    }
  }

  /** @returns the string that begins here, null when it is too long to matter, or broken */
  #string(): string | null {
    const start = this.#at;
    const escaped = this.#skipString();
    const length = this.#at - start;
    if (length < 2 || length > LONGEST || this.#bytes[this.#at - 1] !== QUOTE) return length > LONGEST ? '' : null;
    if (!escaped) return this.#bytes.toString('utf8', start + 1, this.#at - 1);
    try {
      return String(JSON.parse(this.#bytes.toString('utf8', start, this.#at)));
    } catch {
      return null;
    }
  }

  /** @returns whether an escape stands in it */
  #skipString(): boolean {
    let escaped = false;
    this.#at += 1;
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) return escaped;
      if (byte === BACKSLASH) {
        escaped = true;
        this.#at += 2;
        continue;
      }
      this.#at += 1;
      if (byte === QUOTE) return escaped;
    }
  }

  #space(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return;
      this.#at += 1;
    }
  }
}
