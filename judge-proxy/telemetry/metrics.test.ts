/**
 * Contract: counts are right, labels are closed sets whatever traffic brings, and what was not judged has a number from
 * the start.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ERRORS } from '../errors.ts';
import { createMetrics, type Metrics } from './metrics.ts';

const NAMES = {
  routes: ['openai', 'rest'],
  apis: ['openai.chat_completions'],
  coverageReasons: ['unknown_api', 'no_judge'],
  judgeStates: ['scored', 'timeout'],
  judgeModels: ['judge-1'],
  budgetScopes: ['day'],
  handshakeEnds: ['distrust'],
  ledgerCauses: ['disk_full'],
};

const CALL = {
  route: 'openai',
  role: 'small',
  state: 'scored',
  ms: 1,
  tokens: { in: 7, out: 2 },
  usd: 0.25,
} as const;

/** Our own series: `name{labels}` → value. */
async function series(metrics: Metrics): Promise<Map<string, number>> {
  const lines = (await metrics.render()).split('\n').filter((line) => line.startsWith('judge_proxy_'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

describe('counts', () => {
  test('exchanges by their labels', async () => {
    const metrics = createMetrics(NAMES);
    const labels = {
      route: 'openai',
      action: 'terminate',
      mode: 'observe',
      api: 'openai.chat_completions',
      outcome: 'complete',
    } as const;
    metrics.exchange(labels);
    metrics.exchange(labels);
    metrics.exchange({ ...labels, outcome: 'client_aborted' });
    const found = await series(metrics);
    const name = (outcome: string) =>
      `judge_proxy_exchanges_total{route="openai",action="terminate",mode="observe",api="openai.chat_completions",outcome="${outcome}"}`;
    expect(found.get(name('complete'))).toBe(2);
    expect(found.get(name('client_aborted'))).toBe(1);
  });

  test.each<[what: string, count: (metrics: Metrics) => void, name: string, value: number]>([
    ['refusals', (metrics) => metrics.refused('route_denied'), 'judge_proxy_refusals_total{code="route_denied"}', 1],
    ['decisions', (metrics) => metrics.connection('tunnel'), 'judge_proxy_connections_total{outcome="tunnel"}', 1],
    ['bytes up', (metrics) => metrics.tunnelBytes(3, 5), 'judge_proxy_tunnel_bytes_total{direction="up"}', 3],
    ['bytes down', (metrics) => metrics.tunnelBytes(3, 5), 'judge_proxy_tunnel_bytes_total{direction="down"}', 5],
    [
      'handshakes',
      (metrics) => metrics.handshake('distrust'),
      'judge_proxy_handshake_failures_total{end="distrust"}',
      1,
    ],
    ['coverage', (metrics) => metrics.coverage('none', []), 'judge_proxy_coverage_total{level="none"}', 1],
    [
      'verdicts',
      (metrics) => metrics.verdict({ label: 'clean', state: 'scored', action: 'allowed', mode: 'hold' }),
      'judge_proxy_verdicts_total{label="clean",state="scored",action="allowed",mode="hold"}',
      1,
    ],
    [
      'judge calls',
      (metrics) => metrics.judgeCall({ ...CALL, state: 'timeout', ms: 30_000 }),
      'judge_proxy_judge_call_seconds_sum{state="timeout"}',
      30,
    ],
    [
      'calls by who pays',
      (metrics) => metrics.judgeCall(CALL),
      'judge_proxy_judge_calls_total{route="openai",role="small"}',
      1,
    ],
    [
      'tokens of judging',
      (metrics) => metrics.judgeCall(CALL),
      'judge_proxy_judge_tokens_total{route="openai",role="small",direction="in"}',
      7,
    ],
    [
      'money of judging',
      (metrics) => metrics.judgeCall(CALL),
      'judge_proxy_judge_cost_usd_total{route="openai",role="small"}',
      0.25,
    ],
    [
      'money of the traffic',
      (metrics) => metrics.traffic({ route: 'openai', tokens_in: 5, tokens_out: null, cost_usd: 0.5 }),
      'judge_proxy_traffic_cost_usd_total{route="openai"}',
      0.5,
    ],
    [
      'tokens of the traffic',
      (metrics) => metrics.traffic({ route: 'openai', tokens_in: 5, tokens_out: null, cost_usd: null }),
      'judge_proxy_traffic_tokens_total{route="openai",direction="in"}',
      5,
    ],
    ['cache hits', (metrics) => metrics.judgeCache('hit'), 'judge_proxy_judge_cache_total{result="hit"}', 1],
    ['budgets', (metrics) => metrics.judgeBudget('day'), 'judge_proxy_judge_budget_exhausted_total{scope="day"}', 1],
    ['breakers', (metrics) => metrics.judgeBreaker('judge-1', 'open'), 'judge_proxy_judge_breaker{model="judge-1"}', 2],
    ['analyses', (metrics) => metrics.analysis(250), 'judge_proxy_analysis_seconds_sum', 0.25],
    [
      'restarts',
      (metrics) => metrics.analysisRestarted('hung'),
      'judge_proxy_analysis_restarts_total{reason="hung"}',
      1,
    ],
    [
      'first bytes',
      (metrics) => metrics.originFirstByte(400),
      'judge_proxy_origin_first_byte_seconds_bucket{le="0.5"}',
      1,
    ],
    ['commits', (metrics) => metrics.ledgerCommit(4, 2), 'judge_proxy_ledger_commit_seconds_count', 1],
    ['operations', (metrics) => metrics.ledgerCommit(4, 2), 'judge_proxy_ledger_operations_total', 4],
    ['losses', (metrics) => metrics.ledgerLost(7, 'disk_full'), 'judge_proxy_ledger_lost_total{cause="disk_full"}', 7],
    [
      'certificates',
      (metrics) => metrics.certificate('intercept_ca', 1_900_000_000_000),
      'judge_proxy_certificate_not_after_seconds{certificate="intercept_ca"}',
      1_900_000_000,
    ],
  ])('%s', async (_, count, name, value) => {
    const metrics = createMetrics(NAMES);
    count(metrics);
    expect((await series(metrics)).get(name)).toBe(value);
  });

  test('gauges are read when they are asked for', async () => {
    const metrics = createMetrics(NAMES);
    let open = 0;
    metrics.gauge('tunnels_active', () => open);
    open = 3;
    expect((await series(metrics)).get('judge_proxy_tunnels_active')).toBe(3);
    open = 1;
    expect((await series(metrics)).get('judge_proxy_tunnels_active')).toBe(1);
    metrics.gauge('tunnels_active', () => 7);
    expect((await series(metrics)).get('judge_proxy_tunnels_active')).toBe(7);
  });

  test('a gauge that nobody reads is absent: zero would be a claim', async () => {
    expect((await series(createMetrics(NAMES))).has('judge_proxy_judge_queue')).toBe(false);
  });

  test('the process itself is there too, and the type is what Prometheus reads', async () => {
    const metrics = createMetrics();
    expect(await metrics.render()).toContain('process_cpu_user_seconds_total');
    expect(metrics.contentType).toMatch(/^text\/plain/);
  });
});

describe('what was not judged has a number', () => {
  test('one for each reason, from zero', async () => {
    const metrics = createMetrics(NAMES);
    const counts = async () => [...(await series(metrics))].filter(([name]) => name.includes('not_judged'));
    expect(await counts()).toEqual([
      ['judge_proxy_not_judged_total{reason="unknown_api"}', 0],
      ['judge_proxy_not_judged_total{reason="no_judge"}', 0],
      ['judge_proxy_not_judged_total{reason="other"}', 0],
    ]);
    metrics.coverage('none', ['unknown_api', 'no_judge']);
    metrics.coverage('partial', ['unknown_api', 'a reason that the list forgot']);
    metrics.coverage('full', []);
    expect((await counts()).map(([, count]) => count)).toEqual([2, 1, 1]);
  });

  test('every refusal code, every level, every cause of loss starts at zero', async () => {
    const found = await series(createMetrics(NAMES));
    for (const code of Object.keys(ERRORS)) expect(found.get(`judge_proxy_refusals_total{code="${code}"}`)).toBe(0);
    for (const level of ['full', 'partial', 'none'])
      expect(found.get(`judge_proxy_coverage_total{level="${level}"}`)).toBe(0);
    expect(found.get('judge_proxy_ledger_lost_total{cause="disk_full"}')).toBe(0);
    for (const state of NAMES.judgeStates) expect(found.get(`judge_proxy_judgements_total{state="${state}"}`)).toBe(0);
    expect(found.get('judge_proxy_judge_breaker{model="judge-1"}')).toBe(0);
    expect(found.get('judge_proxy_judge_budget_exhausted_total{scope="day"}')).toBe(0);
    for (const result of ['hit', 'miss'])
      expect(found.get(`judge_proxy_judge_cache_total{result="${result}"}`)).toBe(0);
  });
});

describe('labels are closed', () => {
  /** Calls every method that takes a word from outside this file. */
  function say(metrics: Metrics, word: string): void {
    metrics.exchange({ route: word, action: 'terminate', mode: 'observe', api: word, outcome: 'complete' });
    metrics.coverage('none', [word]);
    metrics.verdict({ label: 'undetermined', state: word, action: 'allowed', mode: 'observe' });
    metrics.judgeCall({ ...CALL, route: word, state: word });
    metrics.traffic({ route: word, tokens_in: 1, tokens_out: 1, cost_usd: 1 });
    metrics.judgeBudget(word);
    metrics.judgeBreaker(word, 'open');
    metrics.handshake(word);
    metrics.ledgerLost(1, word);
  }

  test('10,000 words from traffic make not one series more', async () => {
    const metrics = createMetrics(NAMES);
    say(metrics, 'first');
    const before = (await series(metrics)).size;
    for (let index = 0; index < 10_000; index += 1) say(metrics, `host-${index}.example`);
    expect((await series(metrics)).size).toBe(before);
  });

  test('no word from traffic stands in the page', async () => {
    const word = fc.oneof(
      fc.string({ unit: 'binary', minLength: 8 }),
      fc.constantFrom('__proto__', 'constructor', 'a"} 1\nforged 1'),
    );
    await fc.assert(
      fc.asyncProperty(word, async (text) => {
        const metrics = createMetrics(NAMES);
        say(metrics, text);
        const page = await series(metrics);
        expect([...page.keys()].some((name) => name.includes(text))).toBe(false);
        expect([...page.keys()].some((name) => name.includes('forged'))).toBe(false);
      }),
      { numRuns: 20 },
    );
  });

  test('without lists every word is other', async () => {
    const metrics = createMetrics();
    say(metrics, 'openai');
    expect([...(await series(metrics)).keys()].some((name) => name.includes('openai'))).toBe(false);
  });
});
