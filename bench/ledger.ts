/**
 * `node bench/ledger.ts [exchanges] [concurrency…]`: what recording costs: an opening, then its end with content and
 * verdict. For each number of concurrent exchanges: CPU an operation on both threads together, operations a transaction, and how long opening and completing took.
 */

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { ExchangeCompleted, ExchangeOpened, NewVerdict } from '../judge-proxy/ledger/records.ts';
import { sampleVerdict } from '../judge-proxy/ledger/sample-records.ts';
import { openLedger } from '../judge-proxy/ledger/sqlite.ts';
import { newId, systemClock, timestamp } from '../judge-proxy/telemetry/clock.ts';
import type { Log } from '../judge-proxy/telemetry/log.ts';

const [count = 20_000, ...levels] = process.argv.slice(2).map(Number);
const LOG: Log = { write: () => undefined, verdict: () => undefined, flush: () => undefined };
/** A short conversation: two kilobytes of canonical JSON. */
const JSON_TEXT = JSON.stringify({ text: 'a word and another '.repeat(100) });
const CONTENT = { json: JSON_TEXT, sha256: createHash('sha256').update(JSON_TEXT).digest('hex') };

function opened(exchange_id: string): ExchangeOpened {
  const request_id = newId();
  return {
    ...{ exchange_id, request_id, ts: timestamp(systemClock), client: 'team-a', route: 'openai', mode: 'observe' },
    ...{ host: 'api.openai.com', port: 443, method: 'POST', path: '/v1/chat/completions', judge: 'default' },
  };
}

function completed(exchange_id: string): ExchangeCompleted {
  return {
    ...{ exchange_id, ts: timestamp(systemClock), outcome: 'complete', error_code: null, status: 200 },
    ...{ api: 'openai_chat', streamed: true, client_request_id: null, origin_request_id: 'req_0123456789abcdef' },
    ...{ model_requested: 'gpt-5-mini', model_returned: 'gpt-5-mini-2025-08-07', tokens_in: 812, tokens_out: 133 },
    ...{
      cost_usd: 0.000_469,
      request_bytes: 4_120,
      response_bytes: 21_876,
      first_byte_ms: 412.3,
      duration_ms: 2_318.7,
    },
    ...{ coverage: { level: 'partial', reasons: ['model_not_configured'] }, llm_error: null },
    content_sha256: CONTENT.sha256,
  };
}

function verdict(exchange_id: string): NewVerdict {
  const text = 'a word and another '.repeat(20);
  return sampleVerdict(exchange_id, {
    ...{ verdict_id: newId(), request_id: newId(), ts: timestamp(systemClock), input_sha256: CONTENT.sha256 },
    ...{ latest_user_message: text, context_tail_preview: text.slice(-200), state: 'rules_only' },
  });
}

async function measure(concurrency: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-ledger-'));
  let transactions = 0;
  let writerMs = 0;
  const metrics = {
    committed: (_operations: number, ms: number) => {
      transactions += 1;
      writerMs += ms;
    },
    lost: () => undefined,
  };
  const url = `sqlite:${join(directory, 'ledger.db')}`;
  const ledger = await openLedger({ url, durability: 'process', clock: systemClock, log: LOG, metrics });
  const waits: number[] = [];
  const timed = async (write: () => Promise<unknown>) => {
    const start = performance.now();
    await write();
    waits.push(performance.now() - start);
  };
  const run = async (exchanges: number) => {
    let left = exchanges;
    const one = async () => {
      while (left-- > 0) {
        const id = newId();
        await timed(() => ledger.open(opened(id)));
        await timed(() => ledger.completeJudged(completed(id), CONTENT, verdict(id)));
      }
    };
    await Promise.all(Array.from({ length: concurrency }, one));
  };
  await run(Math.ceil(count / 4));
  waits.length = 0;
  transactions = 0;
  writerMs = 0;
  const cpu = process.cpuUsage();
  const loop = performance.eventLoopUtilization();
  const start = performance.now();
  await run(count);
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const main = performance.eventLoopUtilization(loop).active;
  await ledger.close();
  rmSync(directory, { recursive: true });
  waits.sort((a, b) => a - b);
  const quantile = (q: number) => (waits[Math.floor(waits.length * q)] ?? 0).toFixed(3);
  const records = waits.length;
  process.stdout.write(
    `${String(concurrency).padStart(4)} concurrent: ${((user + system) / records).toFixed(1)} µs CPU a record ` +
      `(main loop ${((main * 1000) / records).toFixed(1)}, transactions ${((writerMs * 1000) / records).toFixed(1)}), ` +
      `${(records / transactions).toFixed(1)} a transaction, p50 ${quantile(0.5)} p99 ${quantile(0.99)} ms, ` +
      `${Math.round((records / wall) * 1000)} records/s\n`,
  );
}

for (const concurrency of levels.length > 0 ? levels : [1, 8, 64]) await measure(concurrency);
