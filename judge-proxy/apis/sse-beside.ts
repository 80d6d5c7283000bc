/**
 * What stands in an event stream beside its events: comments, fields that nobody knows, lines that are no field at all.
 * Readers of event streams drop it (WHATWG HTML §9.2.6); whoever reads the bytes themselves sees it. So it is text like
 * any other, but for the few short comments with which servers keep a connection busy.
 */

/** Any line but data, the name of an event, and blank ones. */
const BESIDE = /^(?!data:|event:|data$|event$|$).*$/gm;
const HAS_BESIDE = /^(?!data:|event:|data$|event$|$)/m;
const LONG_NAME = /^event:(.{65,})$/gm;
/** Ids are shorter. */
const MOST_ID = 64;
/** Characters of `: keep-alive` and its kin (`: OPENROUTER PROCESSING`), and how many different ones a server has. */
const MOST_QUIET = 32;
const MOST_QUIET_TEXTS = 3;
/** More lines of one piece are taken as they are. */
const MOST_LINES = 10_000;
/** Different texts that are known again: behind them each is taken for new. */
const MOST_KNOWN = 1_000;

/** Of one stream: a text that comes again says nothing new. */
export class SseBeside {
  readonly #known = new Set<string>();
  #quiet = 0;

  /**
   * @param text whole lines, ended by LF
   * @returns what is content, null without
   */
  read(text: string): string | null {
    const found: string[] = [];
    for (const line of linesOf(text)) if (this.#isNew(line)) found.push(line);
    return found.length === 0 ? null : `${found.join('\n')}\n`;
  }

  #isNew(line: string): boolean {
    if (this.#known.has(line)) return false;
    if (this.#known.size < MOST_KNOWN && line.length <= MOST_ID) this.#known.add(line);
    if (line.length > MOST_QUIET || this.#quiet === MOST_QUIET_TEXTS) return true;
    this.#quiet += 1;
    return false;
  }
}

function linesOf(text: string): string[] {
  const names = text.includes('event:') ? [...text.matchAll(LONG_NAME)].map(([, name = '']) => name) : [];
  if (!HAS_BESIDE.test(text)) return names;
  const lines = names;
  for (const [line] of text.matchAll(BESIDE)) {
    if (lines.length > MOST_LINES) return [text];
    const said = contentOf(line);
    if (said !== '') lines.push(said);
  }
  return lines;
}

function contentOf(line: string): string {
  if (line.startsWith(':')) return line.slice(1).trim();
  if (/^retry: ?\d{0,16}$/.test(line)) return '';
  if (/^id(:|$)/.test(line)) return line.length - 3 > MOST_ID ? line.slice(3).trim() : '';
  return line;
}
