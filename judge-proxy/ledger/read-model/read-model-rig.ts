/** Ledgers for tests of the read model: stories of exchanges, written by the writer, and an index of them without threads. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { HumanLabel, LabelRecord } from '../acts.ts';
import { appendedRecord } from '../appended-record.ts';
import { canonicalJson } from '../chain.ts';
import type { ConnectionRecord, ExchangeCompleted, ExchangeOpened, NewVerdict } from '../records.ts';
import { sampleCompleted, sampleConnection, sampleContent, sampleOpened, sampleVerdict } from '../sample-records.ts';
import { openForWriting } from '../sqlite-file.ts';
import type { Operation } from '../thread-protocol.ts';
import { keysOf } from '../verdict-keys.ts';
import { splitVerdict } from '../verdict-words.ts';
import { Writer } from '../writer.ts';
import { Answers } from './answers.ts';
import { IndexDb } from './index-db.ts';
import { Indexer } from './indexer.ts';
import { LedgerSource } from './ledger-source.ts';
import { indexFile, openIndexForReading } from './schema.ts';

/** What happens to one exchange. */
export interface Story {
  readonly opened: Partial<ExchangeOpened>;
  /** null while it is open. */
  readonly completed: Partial<ExchangeCompleted> | null;
  /** `request`: the verdict is on its request, and ends the exchange when that is blocked. */
  readonly verdict: Partial<NewVerdict> | null;
  readonly labels: readonly { readonly reviewer: string; readonly label: HumanLabel | null }[];
  readonly shadow: Partial<NewVerdict> | null;
  /** Texts of the parts: first that of the user. */
  readonly texts: readonly string[];
}

export const idOf = (at: number) => `exchange-${String(at).padStart(4, '0')}`;

export function contentOf(texts: readonly string[]) {
  const parts = texts.map((text, at) => ({
    side: at === 0 ? 'request' : 'response',
    role: at === 0 ? 'user' : 'assistant',
    kind: 'text',
    place: at === 0 ? 'request.messages[0].content' : `response.choices[${at}].message`,
    text,
  }));
  return sampleContent({ version: 1, transcript: { parts } });
}

export function operationsOf(at: number, story: Story): Operation[] {
  const id = idOf(at);
  const { opened, completed, verdict } = story;
  const operations: Operation[] = [['open', id, `r-${at}`, canonicalJson(sampleOpened(id, opened))]];
  const onRequest = verdict?.subject === 'request';
  const content = story.texts.length === 0 ? null : contentOf(story.texts);
  const split = verdict === null ? null : verdictOf(id, story, content?.sha256 ?? null);
  if (split !== null && onRequest) {
    operations.push(['verdict', split.words, split.keys, content?.json ?? null]);
  }
  if (completed === null) return operations;
  const kept = onRequest ? null : content;
  const body = canonicalJson(sampleCompleted(id, { ...completed, content_sha256: kept?.sha256 ?? null }));
  const stopped = completed.outcome === 'blocked';
  if (split === null || onRequest) {
    operations.push(['complete', id, body, kept?.json ?? null, null, stopped, null, 0, null]);
  } else {
    operations.push(['complete_judged', id, body, kept?.json ?? null, split.words, split.keys, null, null]);
  }
  for (const [nth, label] of story.labels.entries()) operations.push(labelOperation(id, `label-${at}-${nth}`, label));
  if (story.shadow !== null) {
    const record = sampleVerdict(id, { ...story.shadow, verdict_id: `shadow-${id}` });
    const shadow = { ...record, shadow_of: `verdict-${id}` };
    operations.push(['append', [appendedRecord({ kind: 'shadow_verdict', record: shadow })], []]);
  }
  return operations;
}

function verdictOf(id: string, { opened, verdict, texts }: Story, input_sha256: string | null) {
  const { client, route, host } = sampleOpened(id, opened);
  const given = { client, route, host, input_sha256, latest_user_message: texts[0] ?? null, ...verdict };
  const whole = sampleVerdict(id, given);
  const { body, text } = splitVerdict(whole);
  return { words: [body, text] as const, keys: keysOf(whole) };
}

export function labelOperation(
  exchange_id: string,
  label_id: string,
  { reviewer, label, ts = '2026-02-01T00:00:00.000Z' }: { reviewer: string; label: HumanLabel | null; ts?: string },
): Operation {
  const record: LabelRecord = {
    ...{ label_id, ts, exchange_id, verdict_id: null, reviewer, label, replaces: null, queue: 'control', blind: true },
    ...{ sampling_probability: 0.5, bulk_id: null, note_sha256: null },
  };
  return ['append', [appendedRecord({ kind: 'label', record, note: null })], []];
}

export function connectionOperation(id: string, changes: Partial<ConnectionRecord>): Operation {
  return ['connection', canonicalJson(sampleConnection(id, changes))];
}

/** A ledger with its index, all in this thread. */
export class ReadModelRig {
  readonly folder = mkdtempSync(join(tmpdir(), 'read-model-'));
  readonly file = join(this.folder, 'ledger.db');
  readonly url = `sqlite:${this.file}`;
  readonly index = indexFile(this.url);
  readonly #db: DatabaseSync;
  readonly #writer: Writer;

  constructor() {
    this.#db = openForWriting(this.file, 'process', '2026-01-01T00:00:00.000Z');
    this.#writer = new Writer(this.#db);
  }

  write(operations: readonly Operation[]): void {
    for (const outcome of this.#writer.apply(operations)) {
      if ('refused' in outcome) throw new Error('The ledger refuses what a story says.');
    }
  }

  get lastSeq(): number {
    return this.#writer.lastSeq;
  }

  /** Brings the index up to the ledger. @param pageRecords small pages make many transactions */
  follow(pageRecords?: number): void {
    this.#index((indexer) => {
      while (indexer.step().more);
    }, pageRecords);
  }

  /** One transaction of the index. @returns whether there may be more */
  step(): boolean {
    return this.#index((indexer) => indexer.step().more);
  }

  #index<T>(work: (indexer: Indexer) => T, pageRecords?: number): T {
    const source = new LedgerSource(this.url);
    const { indexer } = Indexer.open(this.index, source, pageRecords);
    try {
      return work(indexer);
    } finally {
      indexer.close();
      source.close();
    }
  }

  ask<T>(question: (answers: Answers) => T): T {
    const answers = new Answers(this.url, this.index);
    try {
      return question(answers);
    } finally {
      answers.close();
    }
  }

  /** Below the thread and its questions. */
  look<T>(question: (db: IndexDb, source: LedgerSource) => T): T {
    const db = new IndexDb(openIndexForReading(this.index));
    const source = new LedgerSource(this.url);
    try {
      return question(db, source);
    } finally {
      db.close();
      source.close();
    }
  }

  /** Another one writes the ledger from here on. */
  letGo(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  remove(): void {
    this.letGo();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const TABLES = [
  ...['meta', 'names', 'facts', 'exchanges', 'reasons', 'places', 'counts', 'hours', 'spans', 'connections', 'labels'],
  ...['shadows', 'audit', 'parts'],
];

/** All rows of the index. */
export function tablesOf(index: string): unknown {
  const db = new DatabaseSync(index, { readOnly: true });
  try {
    return TABLES.map((table) => [table, db.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all()]);
  } finally {
    db.close();
  }
}
