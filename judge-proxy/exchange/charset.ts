/** Bytes to text, as the other end will read them. */

export interface Text {
  readonly text: string;
  /** Some bytes were no text in the charset; U+FFFD stands for them. */
  readonly replaced: boolean;
}

/**
 * JSON (RFC 8259 §8.1) and event streams are UTF-8 whatever the label says, and every parser of LLM traffic reads them
 * so: a label is believed only when the bytes are not UTF-8. Otherwise a false label would blind the judge alone.
 * @param contentType value of Content-Type, whose charset is looked at
 * @param cut the bytes are a prefix: a character that is cut at the end is dropped
 */
export function decodeText(bytes: Uint8Array, contentType: string | null, cut: boolean): Text {
  const label = charsetOf(contentType);
  const wide = utf16Of(bytes, label);
  if (wide !== null) return decodeAs(wide, bytes, cut);
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: cut }), replaced: false };
  } catch {
    return decodeAs(label ?? 'utf-8', bytes, cut);
  }
}

function decodeAs(label: string, bytes: Uint8Array, cut: boolean): Text {
  try {
    return { text: new TextDecoder(label, { fatal: true }).decode(bytes, { stream: cut }), replaced: false };
  } catch {
    // Either the label names no charset or the bytes are not in it.
    return { text: new TextDecoder().decode(bytes, { stream: cut }), replaced: true };
  }
}

/** UTF-16 of ASCII text is valid UTF-8 with NULs between: byte order marks and the NUL pattern tell (RFC 4627 §3). */
function utf16Of(bytes: Uint8Array, label: string | null): 'utf-16le' | 'utf-16be' | null {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (label === null || !label.startsWith('utf-16')) return null;
  if (first === 0 && second !== 0) return 'utf-16be';
  if (first !== 0 && second === 0) return 'utf-16le';
  return null;
}

function charsetOf(contentType: string | null): string | null {
  const match = /;\s*charset\s*=\s*"?([A-Za-z0-9_.:-]{1,40})"?/i.exec(contentType ?? '');
  return match?.[1]?.toLowerCase() ?? null;
}
