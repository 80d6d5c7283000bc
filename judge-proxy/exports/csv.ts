/**
 * CSV after RFC 4180: CRLF, texts in double quotes. A spreadsheet runs a cell that begins like a formula, and traffic can
 * write those. Where a cell begins depends on who reads: a spreadsheet that takes semicolons, tabs or bars for separators
 * begins one in the middle of our text. So an apostrophe stands before the first character of a formula wherever some
 * reader may see the beginning of a cell (OWASP, CSV Injection: quote each field, mind the separators).
 */

export type Cell = string | number | boolean | null | undefined;

/** Characters that begin a formula; the wide forms are what some spreadsheets turn into the others. */
const SIGN = '=+\\-@＝＋－＠';

/**
 * The places before a sign: at the beginning of the text and behind a separator or line break, spaces and quotes between.
 * Apostrophes that are there already count as part of what begins, so that one more can be taken away again. The cheap
 * look ahead comes first: a run of spaces or apostrophes costs no square.
 */
const BEFORE_SIGN = new RegExp(`(?<!')(?='*[${SIGN}])(?<=(?:^|[;|\\t\\r\\n])[ "]*)`, 'g');
/** At the beginning of a text some readers drop white space first. */
const BEFORE_BLANK = /^(?='*[\t\r\n])/;

/** Control characters that no reader of CSV expects (some end at a NUL), but tabs and line breaks. */
const CONTROLS = /[^\P{Cc}\t\r\n]/gu;

/** One line with its end. */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvField).join(',')}\r\n`;
}

function csvField(cell: Cell): string {
  if (cell === null || cell === undefined) return '';
  // Numbers and booleans are the ledger's own: a negative one is no formula.
  if (typeof cell !== 'string') return String(cell);
  const plain = cell.replaceAll(CONTROLS, '\ufffd');
  const safe = plain.replaceAll(BEFORE_SIGN, "'").replace(BEFORE_BLANK, "'");
  return /^[\w.:/-]*$/.test(safe) ? safe : `"${safe.replaceAll('"', '""')}"`;
}
