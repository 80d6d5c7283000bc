/**
 * Contract of the read model: whatever happened, it answers as one who looks at every exchange would (naive.ts). Filters
 * and words in any combination, pages of any size, sums over any period, queues for anybody; and the same after it was made
 * anew as when it followed in small steps.
 */

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HUMAN_LABELS, QUEUES } from '../acts.ts';
import { COVERAGE_REASONS, JUDGE_STATES, MODES } from '../records.ts';
import { exchangeList } from './exchange-list.ts';
import { fits, naiveOverview, naiveQueue, type Told, told } from './naive.ts';
import { connectionOperation, idOf, operationsOf, ReadModelRig, type Story, tablesOf } from './read-model-rig.ts';
import type { ExchangeFilter, ExchangeRow, Overview, Page, QueueCount, QueueItem } from './rows.ts';
import { removeIndex } from './schema.ts';

const START = Date.parse('2026-01-31T20:00:00.000Z');
const STATES = JUDGE_STATES.slice(0, 9);
const REASONS = COVERAGE_REASONS.slice(0, 6);
const WORDS = ['alpha', 'beta', 'gamma', 'delta'];

const time = fc.integer({ min: 0, max: 40 * 60 }).map((minutes) => new Date(START + minutes * 60_000).toISOString());
const oneOf = <const T extends readonly unknown[]>(values: T) => fc.constantFrom<T[number]>(...values);
const coverage = fc.oneof(
  fc.constant({ level: 'full', reasons: [] } as const),
  fc.record({
    level: oneOf(['partial', 'none']),
    reasons: fc.uniqueArray(oneOf(REASONS), { minLength: 1, maxLength: 3 }).map((reasons) => reasons.sort()),
  }),
);
const usd = fc.option(fc.integer({ min: 0, max: 5_000 }).map((thousandths) => thousandths / 1_000_000));
const tokens = fc.option(fc.nat(1_000));
const text = fc.array(oneOf(WORDS), { minLength: 1, maxLength: 6 }).map((words) => words.join(' '));
const hash = oneOf(['a'.repeat(64), 'b'.repeat(64)]);

const verdict = fc
  .record({
    label: oneOf(['clean', 'violation', 'undetermined']),
    severity: oneOf(['none', 'low', 'medium', 'high', 'critical']),
    action: oneOf(['allowed', 'would_block', 'blocked', 'cut']),
    ...{
      state: oneOf(STATES),
      decided_by: oneOf(['rule', 'model', 'fallback']),
      coverage,
      hash,
      name: oneOf(['x', 'y']),
    },
    ...{
      judge_cost_usd: usd,
      subject: fc.oneof({ weight: 4, arbitrary: fc.constant('exchange' as const) }, fc.constant('request' as const)),
    },
  })
  .map(({ label, severity, hash, name, ...rest }) => ({
    ...rest,
    overall: { label, severity, score: null },
    judge: {
      ...{ name, hash, model: null, rubric_hash: hash, output_mode: null, nonce_ok: null, cache_hit: false },
      escalated_from: null,
    },
  }));

const story = fc.record({
  opened: fc.record({
    ...{ ts: time, client: oneOf(['a', 'b', "c'; --"]), route: oneOf(['one', 'two']), host: oneOf(['h', 'g']) },
    mode: oneOf(MODES),
  }),
  completed: fc.option(
    fc.record({
      outcome: oneOf(['complete', 'client_aborted', 'origin_failed', 'interrupted', 'blocked']),
      ...{ api: oneOf(['openai', 'anthropic']), model_returned: fc.option(oneOf(['m1', 'm2'])), coverage },
      ...{ model_requested: oneOf(['m1', 'm3']), tokens_in: tokens, tokens_out: tokens, cost_usd: usd },
    }),
    { freq: 8 },
  ),
  verdict: fc.option(verdict, { freq: 5 }),
  labels: fc.array(
    fc.record({ reviewer: oneOf(['ann', 'bob', 'eve']), label: fc.option(oneOf(HUMAN_LABELS), { freq: 5 }) }),
    { maxLength: 3 },
  ),
  shadow: fc.option(
    fc.record({ label: oneOf(['clean', 'violation']), state: oneOf(STATES) }).map(({ label, state }) => ({
      ...{ state, overall: { label, severity: 'none', score: null } as const },
    })),
    { freq: 1 },
  ),
  texts: fc.array(text, { maxLength: 3 }),
});

const filter: fc.Arbitrary<ExchangeFilter> = fc
  .record(
    {
      ...{ client: oneOf(['a', "c'; --", 'nobody']), route: oneOf(['one', 'two']), host: oneOf(['h', 'g']) },
      ...{ api: oneOf(['openai', 'anthropic']), model: oneOf(['m1', 'm2', 'm3']), mode: oneOf(MODES) },
      ...{ label: oneOf(['clean', 'violation', 'undetermined']), min_severity: oneOf(['none', 'low', 'high']) },
      ...{ action: oneOf(['allowed', 'blocked']), state: oneOf(STATES), decided_by: oneOf(['rule', 'model']) },
      ...{
        coverage: oneOf(['full', 'partial', 'none']),
        reason: oneOf(REASONS),
        judge: oneOf(['x', 'y']),
        judge_hash: hash,
      },
      ...{ outcome: oneOf(['complete', 'blocked']), judged: fc.boolean(), since: time, until: time },
      human_label: oneOf([...HUMAN_LABELS, 'none', 'any']),
      q: fc
        .array(
          fc.oneof(
            oneOf(WORDS),
            text.map((phrase) => `"${phrase}"`),
          ),
          { minLength: 1, maxLength: 2 },
        )
        .map((terms) => terms.join(' ')),
    },
    { requiredKeys: [] },
  )
  // Filters of everything at once find nothing: a few of them are asked together.
  .chain((all) => {
    const entries = Object.entries(all);
    return fc.subarray(entries, { maxLength: Math.min(3, entries.length) }).map((some) => Object.fromEntries(some));
  });

/** Option and union give wider types than what they make. */
const stories = fc.array(story as fc.Arbitrary<Story>, { minLength: 1, maxLength: 30 });

async function withLedger(all: readonly Story[], check: (rig: ReadModelRig, all: readonly Told[]) => void) {
  const rig = new ReadModelRig();
  try {
    rig.write(all.flatMap((one, at) => operationsOf(at, one)));
    rig.follow(7);
    check(
      rig,
      all.map((one, at) => told(at, one)),
    );
  } finally {
    rig.remove();
  }
}

const RUNS = { numRuns: 40, endOnFailure: true };

describe('the read model', () => {
  it('finds what every filter and every combination asks for, newest first, in pages without gaps', async () => {
    await fc.assert(
      fc.asyncProperty(
        stories,
        fc.array(filter, { minLength: 30, maxLength: 30 }),
        fc.integer({ min: 1, max: 5 }),
        (all, filters, limit) =>
          withLedger(all, (rig, exchanges) => {
            rig.ask((answers) => {
              for (const wanted of filters) {
                const found: string[] = [];
                for (let cursor: string | null | undefined; cursor !== null; ) {
                  const page = answers.answer([
                    'exchanges',
                    wanted,
                    { limit, ...(cursor === undefined ? {} : { cursor }) },
                  ]) as Page<ExchangeRow>;
                  found.push(...page.items.map(({ exchange_id }) => exchange_id));
                  cursor = page.next;
                }
                const expected = exchanges.toReversed().filter((one) => fits(one, wanted));
                expect(found, JSON.stringify(wanted)).toEqual(expected.map(({ id }) => id));
              }
            });
          }),
      ),
      RUNS,
    );
  }, 120_000);

  it('finds the same whichever way it takes', async () => {
    const ways = fc.record({
      ...{ indexPart: oneOf([0, 1, 4]), rangePart: oneOf([0, 1, 4]), tried: fc.nat(90), parts: fc.nat(1) },
      few: fc.nat(8),
    });
    await fc.assert(
      fc.asyncProperty(
        stories,
        fc.array(fc.tuple(filter, ways, fc.integer({ min: 1, max: 5 })), { minLength: 40, maxLength: 40 }),
        (all, asked) =>
          withLedger(all, (rig, exchanges) => {
            rig.look((db, source) => {
              for (const [wanted, way, limit] of asked) {
                const { items } = exchangeList(db, source, wanted, { limit }, way);
                const expected = exchanges.toReversed().filter((one) => fits(one, wanted));
                expect(
                  items.map(({ exchange_id }) => exchange_id),
                  JSON.stringify([wanted, way]),
                ).toEqual(expected.slice(0, limit).map(({ id }) => id));
              }
            });
          }),
      ),
      RUNS,
    );
  }, 120_000);

  it('finds words in every part, and fills one that was erased from what is left', () => {
    const rig = new ReadModelRig();
    try {
      const story = (texts: string[]): Story => ({
        ...{ opened: {}, completed: {}, verdict: null, labels: [], shadow: null, texts },
      });
      const find = () =>
        rig.look((db, source) =>
          exchangeList(db, source, { q: 'alpha' }, { limit: 9 }).items.map((row) => row.preview),
        );
      rig.write([...operationsOf(0, story(['alpha one'])), ...operationsOf(1, story(['alpha gone']))]);
      for (let batch = 0; batch < 11; batch += 1) {
        rig.write(Array.from({ length: 3_000 }, (_, at) => connectionOperation(`c-${batch}-${at}`, {})));
      }
      rig.write(operationsOf(2, story(['alpha two'])));
      rig.follow();
      expect(find()).toEqual(['alpha two', 'alpha gone', 'alpha one']);
      const erasure = {
        ...{ erasure_id: 'e', ts: '2026-02-01T00:00:00.000Z', actor: { kind: 'user', name: 'ann' } as const },
        ...({ reason: 'request', scope: { kind: 'exchange', of: idOf(1) } } as const),
      };
      const step = { erasure, tier: 'text', exchanges: [idOf(1)], connections: [], begun: null, done: 'done' } as const;
      rig.write([['erase', step]]);
      rig.follow();
      expect(find()).toEqual(['alpha two', 'alpha one']);
    } finally {
      rig.remove();
    }
  }, 60_000);

  it('sums any period of any group', async () => {
    const period = fc
      .record({ since: time, until: time })
      .chain((times) =>
        fc
          .record({ client: oneOf(['a', 'b']), route: oneOf(['one', 'none']) }, { requiredKeys: [] })
          .map((of) => ({ ...times, ...of })),
      );
    await fc.assert(
      fc.asyncProperty(stories, fc.array(period, { minLength: 20, maxLength: 20 }), (all, periods) =>
        withLedger(all, (rig, exchanges) => {
          rig.ask((answers) => {
            for (const asked of periods) {
              const { series, tunnels, refusals, ...sums } = answers.answer(['overview', asked]) as Overview;
              const expected = naiveOverview(exchanges, asked);
              expect([tunnels, refusals]).toEqual([0, 0]);
              expect(sums).toMatchObject({
                ...expected,
                traffic_usd: expect.closeTo(expected.traffic_usd, 9),
                judging_usd: expect.closeTo(expected.judging_usd, 9),
              });
              expect(series.reduce((total, point) => total + point.exchanges, 0)).toBe(expected.exchanges);
              expect(series.length).toBeLessThanOrEqual(200);
            }
          });
        }),
      ),
      RUNS,
    );
  }, 120_000);

  it('knows what waits for whom', async () => {
    const asked = fc.record({
      ...{ queue: oneOf(QUEUES), reviewer: oneOf(['ann', 'nobody']), opinions: fc.integer({ min: 1, max: 3 }) },
      control_rate: oneOf([0, 0.02, 0.5, 1]),
    });
    await fc.assert(
      fc.asyncProperty(
        stories,
        fc.array(asked, { minLength: 20, maxLength: 20 }),
        fc.integer({ min: 1, max: 4 }),
        (all, requests, limit) =>
          withLedger(all, (rig, exchanges) => {
            rig.ask((answers) => {
              for (const request of requests) {
                const found: [string, string][] = [];
                for (let cursor: string | null | undefined; cursor !== null; ) {
                  const page = answers.answer([
                    'queue',
                    { ...request, limit, ...(cursor === undefined ? {} : { cursor }) },
                  ]) as Page<QueueItem>;
                  for (const { exchange, why } of page.items) found.push([exchange.exchange_id, why]);
                  cursor = page.next;
                }
                const expected = naiveQueue(exchanges, request);
                expect(found, JSON.stringify(request)).toEqual(expected);
                const counts = answers.answer(['queueCounts', request]) as QueueCount[];
                expect(counts.find(({ queue }) => queue === request.queue)?.waiting).toBe(expected.length);
              }
            });
          }),
      ),
      RUNS,
    );
  }, 120_000);

  it('is the same when it is made anew, in pages of any size', async () => {
    await fc.assert(
      fc.asyncProperty(stories, fc.integer({ min: 1, max: 9 }), (all, pageRecords) =>
        withLedger(all, (rig) => {
          const followed = tablesOf(rig.index);
          removeIndex(rig.index);
          rig.follow(pageRecords);
          expect(tablesOf(rig.index)).toEqual(followed);
        }),
      ),
      RUNS,
    );
  }, 120_000);
});
