/** The words of an exchange, out of what was kept of it: the document that its judge saw. */

/** Stands between two parts: a word of its own that no part has, so that no phrase is found across. */
export const PART_END = '\uE000';
/** Marks of a hit, for snippets: no part has them either. */
export const HIT_START = '\uE001';
export const HIT_END = '\uE002';
const OURS = /[\uE000-\uE002\0]/g;

interface KeptPart {
  readonly side?: unknown;
  readonly role?: unknown;
  readonly kind?: unknown;
  readonly place?: unknown;
  readonly text?: unknown;
}

export interface KeptWords {
  /** Texts of all parts of both sides, in order; empty when there are none. */
  readonly text: string;
  /** Latest message of the user, null without one. */
  readonly message: string | null;
}

/** Parts of the transcript, whatever else the document holds; nothing for one that is no transcript. */
export function keptWords(json: string): KeptWords {
  const parts = partsOf(json);
  const texts: string[] = [];
  for (const { text } of parts) if (typeof text === 'string' && text !== '') texts.push(clean(text));
  return { text: texts.join(` ${PART_END} `), message: latestMessage(parts) };
}

function partsOf(json: string): readonly KeptPart[] {
  const document = JSON.parse(json) as { transcript?: { parts?: unknown } | null } | null;
  const parts = document?.transcript?.parts;
  return Array.isArray(parts) ? parts.filter((part) => typeof part === 'object' && part !== null) : [];
}

/** A lone surrogate and our own marks become U+FFFD; NUL would end the text for SQLite. */
function clean(text: string): string {
  return text.toWellFormed().replace(OURS, '\uFFFD');
}

/** As verdicts have it (exchange/latest.ts): the last message of the user, its text parts joined. */
function latestMessage(parts: readonly KeptPart[]): string | null {
  const said = parts.filter(({ side, role, kind }) => side === 'request' && role === 'user' && kind === 'text');
  const last = said.at(-1);
  if (last === undefined) return null;
  const message = messageOf(last);
  const texts = said.filter((part) => messageOf(part) === message).map(({ text }) => String(text));
  return texts.join('\n').slice(0, 2_000);
}

function messageOf({ place }: KeptPart): string {
  return /^[^.]+\.[^.]+/.exec(String(place))?.[0] ?? String(place);
}
