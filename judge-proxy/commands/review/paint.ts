/** Colours and marks of the review command. Every mark is also a word: nothing is said by colour alone. */

import { styleText } from 'node:util';
import type { Coverage, Severity, Verdict } from '../../ledger/records.ts';
import type { CommandIo } from '../command.ts';

export type Style = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold' | 'inverse';
export type Paint = (style: Style | readonly Style[], text: string) => string;

/** Colours on a terminal, unless NO_COLOR is set to anything (no-color.org). */
export function paintFor(io: Pick<CommandIo, 'stdout' | 'env'>): Paint {
  if (io.stdout.isTTY !== true || (io.env.NO_COLOR ?? '') !== '') return (_style, text) => text;
  return (style, text) => styleText(typeof style === 'string' ? style : [...style], text, { validateStream: false });
}

const SEVERITY_STYLE: Readonly<Record<Severity, readonly Style[]>> = {
  none: ['dim'],
  low: ['yellow'],
  medium: ['yellow', 'bold'],
  high: ['red'],
  critical: ['red', 'bold'],
};

/** Text with the style that it is to have; the text alone says everything. */
export interface Mark {
  readonly text: string;
  readonly style?: Style | readonly Style[];
}

export function painted({ text, style }: Mark, paint: Paint): string {
  return style === undefined ? text : paint(style, text);
}

/** `violation · high`, `clean`, `undetermined`. */
export function verdictMark({ overall: { label, severity } }: Pick<Verdict, 'overall'>): Mark {
  switch (label) {
    case 'violation':
      return { text: `violation · ${severity}`, style: SEVERITY_STYLE[severity] };
    case 'clean':
      return { text: 'clean', style: 'green' };
    case 'undetermined':
      return { text: severity === 'none' ? label : `${label} · ${severity}`, style: ['yellow', 'bold'] };
    default:
      return label satisfies never;
  }
}

/** `allowed`, `blocked` …; of a request that was judged on its own, that it was. */
export function actionWord({ action, subject }: Pick<Verdict, 'action' | 'subject'>): string {
  return subject === 'request' ? `request ${action}` : action;
}

/** `observe`, `hold`, `window cleared`, `window eager`. Ledgers from before windows say nothing of release. */
export function modeWord({ mode, release }: Pick<Verdict, 'mode' | 'release'>): string {
  return release == null ? mode : `${mode} ${release}`;
}

/** What stands where a pass could be read into a gap. */
export const NOT_JUDGED: Mark = { text: 'NOT JUDGED', style: ['yellow', 'inverse'] };

/** `full`, `partial` or `NOT JUDGED`; the reasons stand beside it. */
export function coverageMark({ level }: Pick<Coverage, 'level'>): Mark {
  switch (level) {
    case 'full':
      return { text: 'full' };
    case 'partial':
      return { text: 'partial', style: 'yellow' };
    case 'none':
      return NOT_JUDGED;
    default:
      return level satisfies never;
  }
}

/** Coverage on one line: `partial: model_not_configured, opaque_content`. */
export function coverageLine(coverage: Coverage, paint: Paint): string {
  const mark = painted(coverageMark(coverage), paint);
  return coverage.reasons.length === 0 ? mark : `${mark}: ${coverage.reasons.join(', ')}`;
}

export function notJudgedLine(why: string, paint: Paint): string {
  return `${painted(NOT_JUDGED, paint)}: ${why}`;
}

/** `2026-01-31 12:34:56` of an RFC 3339 time; UTC, as it is stored. */
export function clockTime(ts: string): string {
  return ts.slice(0, 19).replace('T', ' ');
}
