/** Tables of the review command: cells of styled lines, broken to the width of their column. */

import Table from 'cli-table3';
import type { CommandIo } from '../command.ts';
import { wrap } from '../terminal-text.ts';
import { type Mark, type Paint, painted } from './paint.ts';

/** Width when the output is no terminal. */
const DEFAULT_WIDTH = 160;
/** The last column is never narrower. */
const LEAST_LAST = 14;

/** Lines of one cell, each a plain text or a styled one. */
export type Cell = readonly (string | Mark)[];

/**
 * A table as wide as the terminal; its last column takes what the others leave.
 * @param widths of all columns but the last
 */
export function table(
  head: readonly string[],
  widths: readonly number[],
  rows: readonly (readonly Cell[])[],
  io: Pick<CommandIo, 'stdout'>,
  paint: Paint,
): string {
  const all = [...widths, lastWidth(widths, io)];
  const rendered = new Table({
    colWidths: all,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 1 },
    chars: BORDERS,
  });
  const titles = head.map((title): Cell => [{ text: title, style: 'bold' }]);
  for (const row of [titles, ...rows]) {
    rendered.push(row.map((cell, index) => cellText(cell, (all[index] ?? LEAST_LAST) - 1, paint)));
  }
  return rendered.toString();
}

/** What the other columns leave of the terminal. Each is followed by a space. */
export function lastWidth(widths: readonly number[], io: Pick<CommandIo, 'stdout'>): number {
  const columns = (io.stdout as { columns?: number }).columns ?? DEFAULT_WIDTH;
  return Math.max(LEAST_LAST, columns - widths.reduce((sum, width) => sum + width + 1, 0) - 1);
}

/** Broken before it is painted: cli-table3 breaks through escape sequences. */
function cellText(cell: Cell, width: number, paint: Paint): string {
  return cell
    .map((line) => (typeof line === 'string' ? { text: line } : line))
    .flatMap((line) => wrap(line.text, width).map((text) => painted({ ...line, text }, paint)))
    .join('\n');
}

/** A line between rows and nothing else: the text can be copied. */
const BORDERS = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ bottom: '─', 'bottom-mid': '─', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', mid: '─', 'mid-mid': '─', right: '', 'right-mid': '', middle: ' ' },
};
