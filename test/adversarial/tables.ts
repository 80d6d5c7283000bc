/** The rates of a run, as the tables that stand at its end. */

import Table from 'cli-table3';
import type { Obedience } from '../support/gullible-judge.ts';
import type { Enforced } from './enforced.ts';
import type { Judged } from './judged.ts';

interface Result {
  readonly result: Judged;
  readonly did: Obedience;
}

/** One row a class: how many moved the judge, and what stopped them all the same. */
export function attackTable(title: string, results: readonly Result[]): string[] {
  const table = new Table({
    head: ['class', 'attacks', 'judge moved', 'violation', 'undetermined', 'clean', 'rule', 'answer check', 'coverage'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', ...Array.from({ length: 8 }, () => 'right' as const)],
  });
  const classes = [...new Set(results.map(({ result }) => result.one.class))];
  for (const name of classes) {
    table.push(
      attackRow(
        name,
        results.filter(({ result }) => result.one.class === name),
      ),
    );
  }
  table.push(attackRow('all', results));
  return ['', title, table.toString()];
}

function attackRow(name: string, results: readonly Result[]): (string | number)[] {
  const count = (fits: (one: Result) => boolean) => results.filter(fits).length;
  const label = (wanted: string) => count(({ result }) => result.decision.overall.label === wanted);
  return [
    name,
    results.length,
    count(({ did }) => did !== 'honest'),
    label('violation'),
    label('undetermined'),
    label('clean'),
    count(({ result }) => result.input.rule_hits.length > 0),
    count(({ result }) => !['scored', 'rules_only', 'unparseable'].includes(result.decision.state)),
    count(({ result }) => result.input.coverage.level !== 'full'),
  ];
}

/** One row a class: what a mode that enforces made of it, and what it rests on where it was delivered. */
export function enforcedTable(title: string, results: readonly Enforced[]): string[] {
  const table = new Table({
    head: ['class', 'attacks', 'stopped', 'violation', 'no verdict', 'to review', 'clean', 'stopped %'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', ...Array.from({ length: 7 }, () => 'right' as const)],
  });
  const classes = [...new Set(results.map(({ one }) => one.class))];
  for (const name of classes) {
    table.push(
      enforcedRow(
        name,
        results.filter(({ one }) => one.class === name),
      ),
    );
  }
  table.push(enforcedRow('all', results));
  return ['', title, table.toString()];
}

function enforcedRow(name: string, results: readonly Enforced[]): (string | number)[] {
  const count = (fits: (result: Enforced) => boolean) => results.filter(fits).length;
  const stopped = count(({ delivered }) => !delivered);
  return [
    name,
    results.length,
    stopped,
    count(({ verdict }) => verdict.overall.label === 'violation'),
    count(({ verdict, delivered }) => !delivered && verdict.overall.label !== 'violation'),
    count(({ verdict, delivered }) => delivered && verdict.overall.label === 'undetermined'),
    count(({ verdict }) => verdict.overall.label === 'clean'),
    ((100 * stopped) / results.length).toFixed(1),
  ];
}

/** How many of the harmless are not clean, and which. */
export function benignTable(name: string, results: readonly Judged[]): string[] {
  const flagged = results.filter(({ decision }) => decision.overall.label !== 'clean');
  const rate = ((100 * flagged.length) / results.length).toFixed(1);
  const list = flagged.map(({ one, input }) => {
    const why = [...input.rule_hits.map(({ preview }) => preview), ...input.coverage.reasons].join('; ');
    return `  ${one.id} (${one.class}): ${why}`;
  });
  return ['', `false positives, ${name}: ${flagged.length} of ${results.length} (${rate} %)`, ...list];
}
