/** What the rules cost: CPU µs a KiB of text, each rule alone and all together, on texts that they see for the first time. */

import process from 'node:process';
import Table from 'cli-table3';
import { RULE_NAMES } from '../judge-proxy/judge/rules/rule.ts';
import { runRules } from '../judge-proxy/judge/rules/run-rules.ts';
import { spread } from './statistics.ts';

const SIZES_KIB = [1, 16, 256] as const;

/** Prose, code and JSON as agents send them: with addresses, numbers, keys of objects, and nothing to find. */
const SAMPLE = `The service reads its settings at start and opens one connection to each of the three hosts.
export async function readSettings(file: string): Promise<Settings> {
  const text = await readFile(file, 'utf8'); // 64 KiB at most
  return parse(text, { strict: true, limit: 65536 });
}
{"id": 48213, "name": "harbour-lights", "tags": ["night", "quay"], "created_at": "2026-03-14T09:26:53Z", "ratio": 0.618}
Please look at the table again: the second column should sum to 1,204.50, and the note below it names no one.
`;

export interface RulesSample {
  readonly rules: string;
  readonly kib: number;
  readonly usPerKib: number;
}

/** @param rounds runs of each set of rules and size */
export function measureRules(rounds: number): RulesSample[] {
  const sets = [...RULE_NAMES.map((name) => [name, [name]] as const), ['all', RULE_NAMES] as const];
  const samples: RulesSample[] = [];
  let text = 0;
  // The first round warms the compiler.
  for (let round = 0; round <= rounds; round += 1) {
    for (const kib of SIZES_KIB) {
      for (const [name, rules] of sets) {
        // As many texts as make the clock's steps small.
        const repeats = Math.max(1, Math.floor(64 / kib));
        const texts = Array.from({ length: repeats }, () => textOf(kib, text++));
        const before = process.cpuUsage();
        for (const one of texts) {
          const outcome = runRules([{ place: 'request.messages[0].content', text: one, ofApplication: false }], {
            rules,
            budgetMs: 10_000,
            now: () => performance.now(),
          });
          if (!outcome.complete || outcome.hits.length > 0)
            throw new Error('The sample must be read whole, without a hit.');
        }
        const { user, system } = process.cpuUsage(before);
        if (round > 0) samples.push({ rules: name, kib, usPerKib: (user + system) / repeats / kib });
      }
    }
  }
  return samples;
}

export function renderRules(samples: readonly RulesSample[]): string {
  const table = new Table({
    head: ['rules', ...SIZES_KIB.map((kib) => `${kib} KiB`)],
    style: { head: [], border: [] },
    colAligns: ['left', 'right', 'right', 'right'],
  });
  for (const name of new Set(samples.map(({ rules }) => rules))) {
    const cells = SIZES_KIB.map((kib) =>
      spread(
        samples.filter((sample) => sample.rules === name && sample.kib === kib).map(({ usPerKib }) => usPerKib),
        1,
      ),
    );
    table.push([name, ...cells]);
  }
  return `\nrules: CPU µs a KiB of text, by the size of the text; median [quartiles]. Reading secrets is part of each: they are redacted in any case.\n${table.toString()}\n`;
}

function textOf(kib: number, number: number): string {
  const numbered = `Text ${number}. ${SAMPLE}`;
  return numbered.repeat(Math.ceil((kib * 1024) / numbered.length)).slice(0, kib * 1024);
}
