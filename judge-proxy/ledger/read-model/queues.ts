/** What waits for a person. Each queue is an index of its own, so that one that is worked off costs nothing. */

import { QUEUES, type QueueName } from '../acts.ts';
import { drawLimit } from './control-draw.ts';
import { cursorOf, placeOf, rowLimit } from './cursor.ts';
import { rowsBySeq } from './exchange-rows.ts';
import type { IndexDb } from './index-db.ts';
import type { LedgerSource } from './ledger-source.ts';
import type { Page, QueueCount, QueueItem, QueueRequest } from './rows.ts';
import { INDEXED_DRAW } from './schema.ts';

/** Not counted further. */
const MOST_COUNTED = 10_000;

type Asked = Pick<QueueRequest, 'reviewer' | 'opinions' | 'control_rate'>;

/** A queue, or one of two that follow each other. */
interface Part {
  readonly from: string;
  /** With a rank, which says why. */
  readonly rank: string;
  readonly labels: string;
  readonly values: readonly number[];
}

/** Its parts in their order. Text that was erased cannot be reviewed any more. */
function partsOf(queue: QueueName, rate: number): readonly Part[] {
  switch (queue) {
    case 'severe':
      return [2, 1].map((rank) => ({
        from: 'facts f INDEXED BY facts_severe WHERE f.severe > 0 AND f.erased < 2 AND f.severe = ?',
        ...{ rank: 'f.severe', labels: 'f.labels', values: [rank] },
      }));
    case 'disagreements':
      return [
        {
          from: 'facts f INDEXED BY facts_differs WHERE f.differs > 0 AND f.erased < 2',
          // Those who differ have answered already; what is wanted is the opinion of another one.
          labels: 'f.labels - CASE f.differs WHEN 1 THEN 2 WHEN 2 THEN 1 ELSE 0 END',
          ...{ rank: 'f.differs', values: [] },
        },
      ];
    case 'failed':
      return [
        {
          from: 'facts f INDEXED BY facts_failed WHERE f.failed > 0 AND f.erased < 2',
          ...{ rank: '1', labels: 'f.labels', values: [] },
        },
      ];
    case 'control':
      return [{ ...drawn(drawLimit(rate)), rank: '1', labels: 'f.labels' }];
    default:
      return queue satisfies never;
  }
}

function drawn(below: number): Pick<Part, 'from' | 'values'> {
  const where = 'f.outcome > 0 AND f.erased < 2 AND f.draw < ?';
  return below <= INDEXED_DRAW
    ? { from: `facts f INDEXED BY facts_drawn WHERE f.draw < ${INDEXED_DRAW} AND ${where}`, values: [below] }
    : { from: `facts f NOT INDEXED WHERE ${where}`, values: [below] };
}

const OPEN_TO = `NOT EXISTS (
  SELECT 1 FROM labels l WHERE l.opened_seq = f.seq AND l.reviewer = ? AND l.stands = 1)`;

export function queueItems(db: IndexDb, source: LedgerSource, request: QueueRequest): Page<QueueItem> {
  const place = placeOf<readonly [number, number]>(request.cursor, ['number', 'number']) ?? [
    0,
    Number.MAX_SAFE_INTEGER,
  ];
  const limit = rowLimit(request.limit);
  const found: { part: number; seq: number; rank: number }[] = [];
  for (const [at, part] of partsOf(request.queue, request.control_rate).entries()) {
    if (at < place[0] || found.length > limit) continue;
    const before = at === place[0] ? place[1] : Number.MAX_SAFE_INTEGER;
    const sql = `
      SELECT f.seq, ${part.rank} AS rank FROM ${part.from} AND ${part.labels} < ? AND f.seq < ? AND ${OPEN_TO}
      ORDER BY f.seq DESC LIMIT ?`;
    const values = [...part.values, request.opinions, before, request.reviewer, limit + 1 - found.length];
    for (const row of db.all<{ seq: number; rank: number }>(sql, ...values)) found.push({ part: at, ...row });
  }
  const shown = found.slice(0, limit);
  const end = shown.at(-1);
  const ranks = new Map(shown.map(({ seq, rank }) => [seq, rank]));
  return {
    items: rowsBySeq(
      db,
      source,
      shown.map(({ seq }) => seq),
    ).map((exchange) => ({
      exchange,
      why: whyOf(request.queue, ranks.get(exchange.opened_seq) ?? 0),
      sampling_probability: request.queue === 'control' ? request.control_rate : null,
    })),
    next: found.length > limit && end !== undefined ? cursorOf([end.part, end.seq]) : null,
  };
}

function whyOf(queue: QueueName, rank: number): QueueItem['why'] {
  switch (queue) {
    case 'severe':
      return rank === 2 ? 'stopped' : 'severe';
    case 'disagreements':
      return rank === 1 ? 'people_differ' : rank === 2 ? 'judge_differs' : 'shadow_differs';
    case 'failed':
      return 'judge_failed';
    case 'control':
      return 'drawn';
    default:
      return queue satisfies never;
  }
}

export function queueCounts(db: IndexDb, asked: Asked): QueueCount[] {
  return QUEUES.map((queue) => ({ queue, waiting: waiting(db, queue, asked) }));
}

function waiting(db: IndexDb, queue: QueueName, { reviewer, opinions, control_rate }: Asked): number {
  let count = 0;
  for (const { from, labels, values } of partsOf(queue, control_rate)) {
    const sql = `
      SELECT count(*) AS n FROM (SELECT 1 FROM ${from} AND ${labels} < ? AND ${OPEN_TO} LIMIT ?)`;
    count += db.get<{ n: number }>(sql, ...values, opinions, reviewer, MOST_COUNTED - count)?.n ?? 0;
  }
  return count;
}
