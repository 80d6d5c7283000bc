/** A ledger of many exchanges over a month, as an organisation of forty clients might have it: written by the writer itself. */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { HUMAN_LABELS, type LabelRecord } from '../judge-proxy/ledger/acts.ts';
import { appendedRecord } from '../judge-proxy/ledger/appended-record.ts';
import { canonicalJson } from '../judge-proxy/ledger/chain.ts';
import type { Coverage, JudgeState, NewVerdict, Severity } from '../judge-proxy/ledger/records.ts';
import {
  sampleCompleted,
  sampleConnection,
  sampleOpened,
  sampleVerdict,
} from '../judge-proxy/ledger/sample-records.ts';
import { openForWriting } from '../judge-proxy/ledger/sqlite-file.ts';
import type { Operation } from '../judge-proxy/ledger/thread-protocol.ts';
import { keysOf } from '../judge-proxy/ledger/verdict-keys.ts';
import { splitVerdict } from '../judge-proxy/ledger/verdict-words.ts';
import { Writer } from '../judge-proxy/ledger/writer.ts';

export const SPAN_MS = 30 * 86_400_000;
export const START_MS = Date.parse('2026-01-01T00:00:00.000Z');
/** In one exchange of 100,000, and in every second one. */
export const RARE_WORD = 'zanzibar';
export const FREQUENT_WORD = 'ledger';
const BATCH = 2_000;

/**
 * Makes the ledger at the path unless it is there.
 * @returns seconds that it took, null when it was there
 */
export function syntheticLedger(
  file: string,
  exchanges: number,
  progress: (text: string) => void,
): { readonly seconds: number } | null {
  if (existsSync(file)) return null;
  mkdirSync(dirname(file), { recursive: true });
  const unfinished = `${file}.unfinished`;
  for (const end of ['', '-wal', '-shm']) rmSync(`${unfinished}${end}`, { force: true });
  const started = performance.now();
  const db = openForWriting(unfinished, 'process', new Date(START_MS).toISOString());
  db.exec('PRAGMA synchronous = OFF');
  const writer = new Writer(db);
  const random = new Random(1);
  const texts = new Texts(random);
  for (let at = 0; at < exchanges; at += BATCH) {
    const operations: Operation[] = [];
    for (let each = at; each < Math.min(at + BATCH, exchanges); each += 1) {
      const ms = START_MS + Math.floor((each / exchanges) * SPAN_MS);
      operations.push(...operationsOf(each, ms, random, texts));
    }
    writer.apply(operations);
    if (at % 50_000 === 0) progress(`wrote ${at} of ${exchanges} exchanges`);
  }
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
  renameSync(unfinished, file);
  return { seconds: (performance.now() - started) / 1_000 };
}

/** Reproducible: Mulberry32, public domain (Tommy Ettinger). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  /** Few are frequent, many are rare. */
  skewed(n: number): number {
    return Math.floor(n * this.next() ** 3);
  }

  /** Values with their parts of a hundred. */
  of<T>(parts: readonly (readonly [value: T, part: number])[]): T {
    let at = this.next() * 100;
    for (const [value, part] of parts) {
      at -= part;
      if (at < 0) return value;
    }
    return (parts[0] as readonly [T, number])[0];
  }
}

/** Sentences of made-up words, of which few make up most of the text, as in any language. */
class Texts {
  readonly #words: readonly string[];
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
    const syllables = ['ka', 'lo', 'mi', 'ter', 'sun', 'ra', 'vel', 'do', 'pre', 'nis', 'go', 'al', 'be', 'tor', 'ex'];
    this.#words = Array.from({ length: 20_000 }, () =>
      Array.from({ length: 1 + random.below(4) }, () => syllables[random.below(syllables.length)]).join(''),
    );
  }

  sentence(length: number): string {
    return Array.from({ length }, () => this.#words[this.#random.skewed(this.#words.length)]).join(' ');
  }
}

const REASONS = ['opaque_content', 'request_truncated', 'unparseable', 'no_judge', 'stream_broken'] as const;

function operationsOf(each: number, ms: number, random: Random, texts: Texts): Operation[] {
  const id = idOf(each, ms);
  const ts = new Date(ms).toISOString();
  const client = `team-${random.skewed(40)}`;
  const route = `route-${random.skewed(6)}`;
  const host = `api-${random.skewed(8)}.example.com`;
  const model = `model-${random.skewed(12)}`;
  const api = random.of([
    ['openai_chat', 70],
    ['anthropic_messages', 20],
    ['openai_responses', 10],
  ] as const);
  const said = `${texts.sentence(60)}${each % 100_000 === 77 ? ` ${RARE_WORD}` : ''}${each % 2 === 0 ? ` ${FREQUENT_WORD}` : ''}`;
  const json = contentOf(said, texts.sentence(90));
  const content_sha256 = createHash('sha256').update(json).digest('hex');
  const isFull = random.next() < 0.9;
  const coverage: Coverage = isFull
    ? { level: 'full', reasons: [] }
    : {
        level: random.next() < 0.8 ? 'partial' : 'none',
        reasons: [REASONS[random.skewed(REASONS.length)] ?? 'no_judge'],
      };
  const completed = sampleCompleted(id, {
    ...{ ts, api, model_requested: model, model_returned: model, coverage, content_sha256 },
    outcome: random.of([
      ['complete', 96],
      ['client_aborted', 2],
      ['origin_failed', 1.9],
      ['interrupted', 0.1],
    ] as const),
  });
  const opened = sampleOpened(id, { ts, client, route, host, request_id: `r-${id}` });
  const operations: Operation[] = [['open', id, `r-${id}`, canonicalJson(opened)]];
  const isJudged = random.next() < 0.93;
  const body = canonicalJson(completed);
  if (!isJudged) operations.push(['complete', id, body, json, null, false, null, ms, null]);
  else {
    const verdict = verdictOf(id, { ts, client, route, host, api, coverage, message: said }, random);
    const { body: judged, text } = splitVerdict(verdict);
    operations.push(['complete_judged', id, body, json, [judged, text], keysOf(verdict), null, null]);
    if (random.next() < 0.02) operations.push(shadowOf(verdict, random));
  }
  if (random.next() < 0.005) operations.push(labelOf(id, ts, random));
  if (random.next() < 0.1) {
    const connection = sampleConnection(`c-${id}`, { ts, client, host, route: random.next() < 0.9 ? 'rest' : null });
    operations.push(['connection', canonicalJson(connection)]);
  }
  return operations;
}

/** Sorts by time, as UUIDv7 does. */
function idOf(each: number, ms: number): string {
  const tail = createHash('sha256').update(`${each}`).digest('hex');
  const time = ms.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${tail.slice(0, 3)}-8${tail.slice(3, 6)}-${tail.slice(6, 18)}`;
}

function contentOf(said: string, answer: string): string {
  const part = (side: string, role: string, text: string) => ({
    ...{ kind: 'text', place: `${side}.messages[0].content`, role, side, text },
  });
  return canonicalJson({
    ...{ version: 1, coverage: { level: 'full', reasons: [] }, rule_hits: [] },
    transcript: { parts: [part('request', 'user', said), part('response', 'assistant', answer)] },
  });
}

type Known = Pick<NewVerdict, 'ts' | 'client' | 'route' | 'host' | 'api' | 'coverage'> & { readonly message: string };

function verdictOf(id: string, { message, ...known }: Known, random: Random): NewVerdict {
  const label = random.of([
    ['clean', 82],
    ['undetermined', 12],
    ['violation', 6],
  ] as const);
  const severity: Severity =
    label !== 'violation'
      ? 'none'
      : random.of([
          ['low', 50],
          ['medium', 30],
          ['high', 15],
          ['critical', 5],
        ] as const);
  const state: JudgeState = random.of([
    ['scored', 94],
    ['rules_only', 3],
    ['timeout', 2.9],
    ['quote_mismatch', 0.1],
  ] as const);
  const judge = random.of([
    ['default', 90],
    ['strict', 10],
  ] as const);
  return sampleVerdict(id, {
    ...known,
    ...{ request_id: `r-${id}`, state, latest_user_message: message, overall: { label, severity, score: 0.5 } },
    decided_by: random.of([
      ['model', 95],
      ['rule', 4],
      ['fallback', 1],
    ] as const),
    action:
      label === 'violation'
        ? random.of([
            ['would_block', 80],
            ['blocked', 15],
            ['cut', 5],
          ] as const)
        : 'allowed',
    judge_cost_usd: 0.000_321,
    judge: {
      ...{
        name: judge,
        hash: createHash('sha256')
          .update(`${judge}${random.skewed(5)}`)
          .digest('hex'),
        model: 'judge',
      },
      ...{
        output_mode: 'json_schema',
        nonce_ok: true,
        cache_hit: false,
        escalated_from: null,
        rubric_hash: 'f'.repeat(64),
      },
    },
    criteria: [
      {
        ...{ id: `criterion-${random.skewed(9)}`, score: 0.2, threshold: 0.5, severity, evidence: [] },
        ...{ label: label === 'violation' ? 'violation' : 'pass', explanation: 'Nothing in the text says otherwise.' },
      },
    ],
  });
}

function shadowOf(verdict: NewVerdict, random: Random): Operation {
  const label = random.next() < 0.95 ? verdict.overall.label : 'violation';
  const record = {
    ...verdict,
    ...{ verdict_id: `s-${verdict.verdict_id}`, shadow_of: verdict.verdict_id },
    judge: verdict.judge === null ? null : { ...verdict.judge, name: 'shadow' },
    overall: { ...verdict.overall, label },
  };
  return ['append', [appendedRecord({ kind: 'shadow_verdict', record })], []];
}

function labelOf(exchange_id: string, ts: string, random: Random): Operation {
  const record: LabelRecord = {
    ...{ label_id: `l-${exchange_id}`, ts, exchange_id, verdict_id: null, reviewer: `reviewer-${random.below(4)}` },
    ...{ label: HUMAN_LABELS[random.skewed(4)] ?? 'clean', replaces: null, queue: 'control', blind: true },
    ...{ sampling_probability: 0.01, bulk_id: null, note_sha256: null },
  };
  return ['append', [appendedRecord({ kind: 'label', record, note: null })], []];
}
