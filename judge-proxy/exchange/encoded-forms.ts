/** A secret as it stands in texts that were encoded once: what its own detector does not recognise any more. */

/** Longer ones (private keys) are recognised by rules in what decodes. */
const LONGEST = 1_024;

/**
 * JSON escapes once and twice, percent-encoding, hex, base64 at each of its three alignments. Of base64 the characters
 * that hold all of the secret and nothing else: up to two at either end also hold bits of the text around.
 * @param percents whether percent-encoding is looked for: it takes most of the time, and few texts have any
 * @returns forms that differ from the text, without repeats
 */
export function encodedForms(text: string, percents = true): string[] {
  const escaped = escapedForms(text);
  if (text.length > LONGEST) return [...escaped];
  const bytes = Buffer.from(text, 'utf8');
  const hex = bytes.toString('hex');
  const forms = new Set([
    ...escaped,
    ...(percents ? percentForms(text, hex) : []),
    hex,
    hex.toUpperCase(),
    ...[0, 1, 2].flatMap((before) => base64Cores(text, bytes.length, before)),
  ]);
  forms.delete(text);
  return [...forms];
}

/** One level of JSON escapes added, two, and one taken off. */
function escapedForms(text: string): Set<string> {
  // Tokens of credentials are plain: nothing in them is ever escaped.
  if (!ESCAPED_BY_SOME.test(text)) return new Set();
  const forms = new Set(writtenForms(JSON.stringify(text).slice(1, -1)));
  for (const form of [...forms]) forms.add(JSON.stringify(form).slice(1, -1));
  const plain = unescaped(text);
  if (plain !== null) forms.add(plain);
  forms.delete(text);
  return forms;
}

const ESCAPED_BY_SOME = /[^ -~]|["\\/&'+<>`]/;

/** As what writes JSON does so unless told otherwise: JavaScript and Rust, PHP, Python, Go, .NET. @param once with what has to be */
function writtenForms(once: string): string[] {
  const ascii = once.replace(/[^ -~]/g, unicodeEscape);
  return [
    ...[once, once.replaceAll('/', '\\/'), ascii, ascii.replaceAll('/', '\\/')],
    once.replace(/[<>&\u2028\u2029]/g, unicodeEscape),
    once
      .replace(/\\(?:\\|")/g, (pair) => (pair === '\\"' ? '\\u0022' : pair))
      .replace(/[^ -~]|[&'+<>`]/g, (character) => `\\u${unicodeEscape(character).slice(2).toUpperCase()}`),
  ];
}

/** RFC 8259 §7, of one code unit. */
function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function unescaped(text: string): string | null {
  if (!text.includes('\\')) return null;
  try {
    const value: unknown = JSON.parse(`"${text}"`);
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}

/** RFC 3986 §2.1: what has to be, and every byte. */
function percentForms(text: string, hex: string): string[] {
  const all = hex.replace(/../g, '%$&');
  return [encodeURIComponent(text.toWellFormed()), unreservedOnly(text), all, all.toUpperCase()];
}

/** RFC 3986 §2.3: JavaScript leaves five characters more as they are. */
function unreservedOnly(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** RFC 4648, both alphabets. @param before bytes of other text in the group of three where the secret begins */
function base64Cores(text: string, length: number, before: number): string[] {
  const core = Buffer.from('\0'.repeat(before) + text, 'utf8')
    .toString('base64')
    .slice(Math.ceil((before * 8) / 6), Math.floor(((before + length) * 8) / 6));
  return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
}
