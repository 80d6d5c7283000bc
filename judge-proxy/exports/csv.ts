/**
 * CSV after RFC 4180: CRLF, fields with quotes, commas or line breaks in double quotes. A spreadsheet runs a field that
 * begins like a formula: traffic can write those, so they get an apostrophe in front (OWASP, CSV injection).
 */

export type Cell = string | number | boolean | null | undefined;

/** First characters that a spreadsheet takes for a formula; the wide forms are what some of them turn into the others. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

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
  const safe = FORMULA.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
