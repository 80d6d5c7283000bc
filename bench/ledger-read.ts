/**
 * What reviewers wait for with a big ledger behind them: every list, filter, search, sum and queue of the read model, asked
 * as the admin API asks it (through its thread), and the CPU that the same question takes. The ledger is made once and
 * kept; its index is made when it is missing, and timed then.
 */

import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import Table from 'cli-table3';
import { readLabelled } from '../judge-proxy/ledger/read-model/labelled.ts';
import { openReadModel } from '../judge-proxy/ledger/read-model/read-model.ts';
import type { ExchangeFilter, ReadModel } from '../judge-proxy/ledger/read-model/rows.ts';
import { indexFile } from '../judge-proxy/ledger/read-model/schema.ts';
import { openReader } from '../judge-proxy/ledger/reader.ts';
import { systemClock } from '../judge-proxy/telemetry/clock.ts';
import { median, quantile } from './statistics.ts';
import { FREQUENT_WORD, RARE_WORD, SPAN_MS, START_MS, syntheticLedger } from './synthetic-ledger.ts';

export interface ReadTime {
  readonly question: string;
  /** Milliseconds, through the thread. */
  readonly median_ms: number;
  readonly p95_ms: number;
  /** CPU of the whole process for one question. */
  readonly cpu_ms: number;
}

export interface ReadFigures {
  readonly exchanges: number;
  readonly records: number;
  readonly ledger_mb: number;
  readonly index_mb: number;
  /** null when it was there. */
  readonly ledger_seconds: number | null;
  readonly index: {
    readonly seconds: number;
    readonly cpu_us_per_exchange: number;
    readonly records_per_second: number;
  } | null;
  readonly reads: readonly ReadTime[];
}

const LOG = { write: () => undefined, verdict: () => undefined, flush: () => undefined };
/** Rows of a page, as the console asks for. */
const LIMIT = 50;
const time = (ms: number) => new Date(ms).toISOString();
const END = START_MS + SPAN_MS;

/** @param anew the index is made anew, to be timed */
export async function measureReads(
  exchanges: number,
  rounds: number,
  anew: boolean,
  progress: (text: string) => void,
): Promise<ReadFigures> {
  const file = join(import.meta.dirname, '..', '.cache', 'bench', `reads-${exchanges}`, 'ledger.db');
  const made = syntheticLedger(file, exchanges, progress);
  const url = `sqlite:${file}`;
  if (anew) for (const end of ['', '-wal', '-shm']) rmSync(`${indexFile(url)}${end}`, { force: true });
  const records = await headOf(url);
  const cpu = process.cpuUsage();
  const started = performance.now();
  const model = openReadModel({ url, onCommit: () => () => undefined, clock: systemClock, log: LOG });
  try {
    await model.caughtUp(1);
    const wasThere = model.position === records;
    progress('indexing');
    await model.caughtUp(records);
    const seconds = (performance.now() - started) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    return {
      ...{ exchanges, records, ledger_mb: megabytes(file), index_mb: megabytes(indexFile(url)) },
      ledger_seconds: made?.seconds ?? null,
      index: wasThere
        ? null
        : { seconds, cpu_us_per_exchange: (user + system) / exchanges, records_per_second: records / seconds },
      reads: await timeAll(model, url, rounds, progress),
    };
  } finally {
    await model.close();
  }
}

async function headOf(url: string): Promise<number> {
  const reader = openReader(url);
  const head = await reader.head();
  await reader.close();
  return head?.seq ?? 0;
}

const megabytes = (file: string) => statSync(file).size / 1e6;

async function timeAll(
  model: ReadModel,
  url: string,
  rounds: number,
  progress: (text: string) => void,
): Promise<ReadTime[]> {
  const reads: ReadTime[] = [];
  for (const [question, ask] of Object.entries(await questions(model, url))) {
    const times: number[] = [];
    const cpus: number[] = [];
    // The first answer compiles the statement, and is thrown away.
    for (let round = 0; round <= rounds; round += 1) {
      const cpu = process.cpuUsage();
      const started = performance.now();
      await ask();
      if (round > 0) times.push(performance.now() - started);
      const { user, system } = process.cpuUsage(cpu);
      if (round > 0) cpus.push((user + system) / 1_000);
    }
    reads.push({ question, median_ms: median(times), p95_ms: quantile(times, 0.95), cpu_ms: median(cpus) });
    progress(`${question}: ${median(times).toFixed(1)} ms`);
  }
  return reads;
}

async function questions(model: ReadModel, url: string): Promise<Record<string, () => Promise<unknown>>> {
  const list = (filter: ExchangeFilter) => () => model.exchanges(filter, { limit: LIMIT });
  const { items } = await model.exchanges({ label: 'violation' }, { limit: 1 });
  const one = items[0]?.exchange_id ?? '';
  const hash = items[0]?.verdict?.judge_hash ?? '';
  const lists: Record<string, ExchangeFilter> = {
    newest: {},
    'client, frequent': { client: 'team-0' },
    'client, rare': { client: 'team-39' },
    'client, unknown': { client: 'nobody' },
    route: { route: 'route-5' },
    host: { host: 'api-7.example.com' },
    api: { api: 'openai_responses' },
    model: { model: 'model-11' },
    mode: { mode: 'hold' },
    label: { label: 'violation' },
    'label, most': { label: 'clean' },
    'min_severity, any': { min_severity: 'low' },
    'min_severity, critical': { min_severity: 'critical' },
    action: { action: 'cut' },
    'state, rare': { state: 'quote_mismatch' },
    'state, most': { state: 'scored' },
    decided_by: { decided_by: 'fallback' },
    coverage: { coverage: 'none' },
    reason: { reason: 'stream_broken' },
    judge: { judge: 'strict' },
    judge_hash: { judge_hash: hash },
    outcome: { outcome: 'interrupted' },
    judged: { judged: true },
    'not judged': { judged: false },
    'human_label, one': { human_label: 'invalid' },
    'human_label, any': { human_label: 'any' },
    'human_label, none': { human_label: 'none' },
    since: { since: time(END - 3_600_000) },
    'until, long ago': { until: time(START_MS + 3_600_000) },
    'client and label': { client: 'team-30', label: 'violation' },
    'route and since': { route: 'route-4', since: time(END - 86_400_000) },
    'label and severity': { label: 'violation', min_severity: 'critical' },
    'label and severity that exclude each other': { label: 'clean', min_severity: 'low' },
    'two frequent ones that exclude each other': { judged: false, decided_by: 'model' },
    'four together': { client: 'team-1', route: 'route-0', model: 'model-1', coverage: 'partial' },
    'search, rare': { q: RARE_WORD },
    'search, frequent': { q: FREQUENT_WORD },
    'search, phrase of two frequent': { q: `"${FREQUENT_WORD} ka"` },
    'search, unknown': { q: 'thereisnosuchword' },
    'search, frequent and client, rare': { q: FREQUENT_WORD, client: 'team-39' },
    'search, frequent and label': { q: FREQUENT_WORD, label: 'violation' },
    'search, frequent and what excludes it': { q: FREQUENT_WORD, label: 'clean', min_severity: 'low' },
    'search, rare and since': { q: RARE_WORD, since: time(END - 86_400_000) },
  };
  const day = { since: time(END - 86_400_000 - 1_234_567), until: time(END - 1_234_567) };
  const all = { since: time(START_MS - 1), until: time(END + 1) };
  const asked = { reviewer: 'reviewer-1', opinions: 1, control_rate: 0.01 };
  const queue =
    (name: 'severe' | 'disagreements' | 'failed' | 'control', rate = 0.01) =>
    () =>
      model.queue({ ...asked, queue: name, control_rate: rate, limit: LIMIT });
  return {
    ...Object.fromEntries(Object.entries(lists).map(([name, filter]) => [`list: ${name}`, list(filter)])),
    'overview: 24 hours': () => model.overview(day),
    'overview: 24 hours of a client': () => model.overview({ ...day, client: 'team-3' }),
    'overview: 5 hours': () => model.overview({ since: time(END - 18_000_000), until: time(END) }),
    'overview: everything': () => model.overview(all),
    'overview: everything of a route': () => model.overview({ ...all, route: 'route-1' }),
    'clients: 24 hours': () => model.clients(day, { limit: LIMIT }),
    'clients: everything': () => model.clients(all, { limit: LIMIT }),
    'queue: severe': queue('severe'),
    'queue: disagreements': queue('disagreements'),
    'queue: failed': queue('failed'),
    'queue: control, 1 %': queue('control'),
    'queue: control, 50 %': queue('control', 0.5),
    'queue counts': () => model.queueCounts(asked),
    similar: () => model.similar(one, LIMIT),
    'labels of one': () => model.labels(one),
    'labelled: everything': async () => readLabelled(url, all),
    'shadow agreement: everything': () => model.shadowAgreement(all),
    audit: () => model.audit({}, { limit: LIMIT }),
    'audit of a reviewer': () => model.audit({ actor: 'reviewer-2', action: 'label' }, { limit: LIMIT }),
  };
}

export function renderReads(figures: ReadFigures): string {
  const table = new Table({
    head: ['question', 'median ms', 'p95 ms', 'CPU ms'],
    style: { head: [], border: [] },
    colAligns: ['left', 'right', 'right', 'right'],
  });
  for (const { question, median_ms, p95_ms, cpu_ms } of figures.reads) {
    table.push([question, median_ms.toFixed(1), p95_ms.toFixed(1), cpu_ms.toFixed(1)]);
  }
  const { exchanges, records, ledger_mb, index_mb, ledger_seconds, index } = figures;
  const made = ledger_seconds === null ? '' : `ledger written in ${ledger_seconds.toFixed(0)} s; `;
  const indexed =
    index === null
      ? ''
      : `index made in ${index.seconds.toFixed(0)} s (${index.records_per_second.toFixed(0)} records/s, ${index.cpu_us_per_exchange.toFixed(0)} µs CPU an exchange); `;
  return `
reads: ${exchanges} exchanges, ${records} records; ${made}${indexed}ledger ${ledger_mb.toFixed(0)} MB, index ${index_mb.toFixed(0)} MB
${table.toString()}
`;
}
