/**
 * Contract: the live tail takes exactly the rows that the list with the same filter holds. Shown on a real index: of
 * random exchanges, for random filters, both say the same.
 */

import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { liveQuery } from '../../contract/requests.ts';
import type { ExchangeRow } from '../../ledger/read-model/rows.ts';
import { COVERAGE_REASONS, JUDGE_STATES, MODES, type NewVerdict } from '../../ledger/records.ts';
import { sampleOpened } from '../../ledger/sample-records.ts';
import { newId } from '../../telemetry/clock.ts';
import { defined } from '../period.ts';
import { DataRig } from '../testing/data-rig.ts';
import { type LiveFilter, matches } from './row-filter.ts';

let rig: DataRig;
let rows: readonly ExchangeRow[];

const CLIENTS = ['team-a', 'team-b'] as const;
const ROUTES = ['openai', 'other'] as const;
const HOSTS = ['api.openai.com', 'api.other.test'] as const;
const APIS = ['openai.chat_completions', 'openai.responses'] as const;
const MODELS = ['gpt-5', 'gpt-5-mini-2025-08-07'] as const;
const LABELS = ['clean', 'violation', 'undetermined'] as const;
const SEVERITIES = ['none', 'low', 'medium', 'high', 'critical'] as const;
const ACTIONS = ['allowed', 'would_block', 'blocked', 'cut'] as const;
const DECIDERS = ['rule', 'model', 'fallback', 'human'] as const;
const OUTCOMES = ['complete', 'client_aborted', 'origin_failed', 'interrupted', 'blocked'] as const;
const JUDGES = ['default', 'strict'] as const;
const HASHES = ['a'.repeat(64), 'b'.repeat(64)] as const;
const LEVELS = ['full', 'partial', 'none'] as const;

const coverage = fc
  .record({
    level: fc.constantFrom(...LEVELS),
    reasons: fc.uniqueArray(fc.constantFrom(...COVERAGE_REASONS.slice(0, 4)), { maxLength: 3 }),
  })
  .map(({ level, reasons }) => ({ level, reasons: level === 'full' ? [] : reasons.toSorted() }));

const exchange = fc.record({
  kind: fc.constantFrom('open', 'unjudged', 'judged', 'judged', 'judged'),
  opened: fc.record({
    client: fc.constantFrom(...CLIENTS),
    route: fc.constantFrom(...ROUTES),
    host: fc.constantFrom(...HOSTS),
    mode: fc.constantFrom(...MODES),
  }),
  completed: fc.record({
    outcome: fc.constantFrom(...OUTCOMES),
    api: fc.constantFrom(...APIS),
    model_returned: fc.constantFrom(...MODELS),
    coverage,
  }),
  verdict: fc.record({
    label: fc.constantFrom(...LABELS),
    severity: fc.constantFrom(...SEVERITIES),
    action: fc.constantFrom(...ACTIONS),
    state: fc.constantFrom(...JUDGE_STATES),
    decided_by: fc.constantFrom(...DECIDERS),
    judge: fc.option(fc.record({ name: fc.constantFrom(...JUDGES), hash: fc.constantFrom(...HASHES) })),
    coverage,
  }),
  labelled: fc.boolean(),
});

const filter: fc.Arbitrary<LiveFilter> = fc.record(
  {
    client: fc.constantFrom(...CLIENTS, 'nobody'),
    route: fc.constantFrom(...ROUTES),
    host: fc.constantFrom(...HOSTS),
    api: fc.constantFrom(...APIS),
    model: fc.constantFrom(...MODELS),
    mode: fc.constantFrom(...MODES),
    label: fc.constantFrom(...LABELS),
    min_severity: fc.constantFrom(...SEVERITIES),
    action: fc.constantFrom(...ACTIONS),
    state: fc.constantFrom(...JUDGE_STATES),
    decided_by: fc.constantFrom(...DECIDERS),
    coverage: fc.constantFrom(...LEVELS),
    reason: fc.constantFrom(...COVERAGE_REASONS.slice(0, 5)),
    judge: fc.constantFrom(...JUDGES),
    judge_hash: fc.constantFrom(...HASHES),
    outcome: fc.constantFrom(...OUTCOMES),
    judged: fc.boolean(),
    human_label: fc.constantFrom('none', 'any'),
  },
  { requiredKeys: [] },
);

type Exchange = typeof exchange extends fc.Arbitrary<infer T> ? T : never;

async function record(id: string, { kind, opened, completed, verdict, labelled }: Exchange): Promise<void> {
  if (kind === 'open') {
    await rig.ledger.open(sampleOpened(id, opened));
    return;
  }
  await rig.record(id, { opened, completed, verdict: kind === 'unjudged' ? null : verdictOf(verdict) });
  if (!labelled) return;
  const record = {
    ...{ label_id: `${id}.${newId()}`, ts: new Date().toISOString(), exchange_id: id, verdict_id: null },
    ...{ reviewer: 'ann', label: 'unsure' as const, replaces: null, queue: null, blind: false },
    ...{ sampling_probability: null, bulk_id: null, note_sha256: null },
  };
  await rig.ledger.append([{ kind: 'label', record, note: null }]);
}

function verdictOf({ label, severity, judge, ...rest }: Exchange['verdict']): Partial<NewVerdict> {
  const whole = {
    ...{ model: null, rubric_hash: 'c'.repeat(64), output_mode: null, nonce_ok: null, cache_hit: false },
    escalated_from: null,
  };
  return { ...rest, overall: { label, severity, score: null }, judge: judge === null ? null : { ...judge, ...whole } };
}

beforeAll(async () => {
  rig = await DataRig.start();
  const stories = fc.sample(exchange, { numRuns: 120, seed: 5 });
  await Promise.all(stories.map((story, i) => record(`exchange-${i}`, story)));
  await rig.indexed();
  rows = (await rig.readModel.exchanges({}, { limit: 200 })).items;
});
afterAll(async () => await rig?.[Symbol.asyncDispose]());

it('every field of the live query is asked here', () => {
  const [all] = fc.sample(
    filter.filter((one) => Object.keys(one).length > 0),
    1,
  );
  expect(all).toBeDefined();
  const asked = new Set(fc.sample(filter, { numRuns: 200, seed: 1 }).flatMap((one) => Object.keys(one)));
  expect([...asked].sort()).toEqual(Object.keys(z.toJSONSchema(liveQuery, { io: 'input' }).properties ?? {}).sort());
});

it('takes what the list with this filter holds, and nothing else', async () => {
  expect(rows).toHaveLength(120);
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(filter, async (asked) => {
      const found = await rig.readModel.exchanges(defined(asked), { limit: 200 });
      const ids = rows.filter((row) => matches(row, asked)).map(({ exchange_id }) => exchange_id);
      expect(ids).toEqual(found.items.map(({ exchange_id }) => exchange_id));
      taken += ids.length;
    }),
    {
      numRuns: 300,
      // One field at a time takes something; all together rarely do.
      examples: [
        ...CLIENTS.map((client): [LiveFilter] => [{ client }]),
        ...SEVERITIES.map((min_severity): [LiveFilter] => [{ min_severity }]),
        ...LABELS.map((label): [LiveFilter] => [{ label }]),
        ...LEVELS.map((level): [LiveFilter] => [{ coverage: level }]),
        ...[true, false].map((judged): [LiveFilter] => [{ judged }]),
        ...(['none', 'any'] as const).map((human_label): [LiveFilter] => [{ human_label }]),
        ...COVERAGE_REASONS.slice(0, 4).map((reason): [LiveFilter] => [{ reason }]),
        ...JUDGES.map((judge): [LiveFilter] => [{ judge }]),
        ...OUTCOMES.map((outcome): [LiveFilter] => [{ outcome }]),
      ],
    },
  );
  expect(taken).toBeGreaterThan(500);
});
