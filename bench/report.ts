/** The figures as a table for people: CPU first, then what the client felt, each as the difference from direct. */

import Table from 'cli-table3';
import type { Case } from './cases.ts';
import type { Sample } from './run.ts';
import { median, spread } from './statistics.ts';

interface Facts {
  readonly node: string;
  readonly cores: number;
  readonly rounds: number;
  /** In the order of the table. */
  readonly arms: readonly string[];
}

export function renderReport(cases: readonly Case[], samples: readonly Sample[], facts: Facts): string {
  const parts = [
    `\nNode ${facts.node}, ${facts.cores} cores, ${facts.rounds} rounds, arms interleaved; median [quartiles] of rounds.\n`,
  ];
  for (const one of cases) {
    const table = new Table({
      head: ['way', 'CPU µs a request', 'of it', 'added ms', 'ms a request'],
      style: { head: [], border: [] },
      colAligns: ['left', 'right', 'left', 'right', 'right'],
      colWidths: [null, null, 34, null, null],
      wordWrap: true,
    });
    const of = samples.filter((sample) => sample.case === one.name);
    const direct = byRound(of.filter((sample) => sample.arm === 'direct'));
    for (const arm of facts.arms) {
      const rounds = of.filter((sample) => sample.arm === arm);
      const totals = rounds.map((sample) => Object.values(sample.result.cpu).reduce((sum, us) => sum + us, 0));
      const added = rounds.map((sample) => sample.result.latencyMs - (direct.get(sample.round) ?? Number.NaN));
      table.push([
        arm,
        totals.every((total) => total === 0) ? '–' : spread(totals),
        perThread(rounds),
        arm === 'direct' ? '–' : spread(added, 2),
        spread(
          rounds.map((sample) => sample.result.latencyMs),
          2,
        ),
      ]);
    }
    parts.push(`\n${one.name}: ${one.about}\n${table.toString()}\n`);
  }
  return parts.join('');
}

function byRound(samples: readonly Sample[]): Map<number, number> {
  return new Map(samples.map((sample) => [sample.round, sample.result.latencyMs]));
}

/** Process and thread; what is less than a microsecond is left out. */
function perThread(samples: readonly Sample[]): string {
  const names = new Set(samples.flatMap((sample) => Object.keys(sample.result.cpu)));
  return [...names]
    .filter((name) => median(samples.map((sample) => sample.result.cpu[name] ?? 0)) >= 1)
    .map((name) => `${name} ${median(samples.map((sample) => sample.result.cpu[name] ?? 0)).toFixed(0)}`)
    .join(', ');
}
