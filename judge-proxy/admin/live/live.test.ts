/**
 * Contract of the live tail: exchanges come to whoever watches as they are recorded and change, those alone that the
 * filter takes, in the form of lists; a watcher that reads slowly gets the newest state and costs bounded memory; when it
 * goes nobody listens for it any more.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdminSession } from '../../../test/support/admin-session.ts';
import { exchangeRows } from '../../contract/responses.ts';
import type { ExchangeRow, ReadModel } from '../../ledger/read-model/rows.ts';
import { sampleOpened } from '../../ledger/sample-records.ts';
import { DataRig } from '../testing/data-rig.ts';
import { liveRows } from './live-rows.ts';

let rig: DataRig;
let viewer: AdminSession;

beforeAll(async () => {
  rig = await DataRig.start();
  await rig.rig.administrator();
  viewer = await rig.rig.user('vera', 'viewer');
});
afterAll(async () => await rig?.[Symbol.asyncDispose]());

describe('over HTTP', () => {
  /** Batches of rows as a browser gets them, from a stream that has begun. */
  async function watch(query: string, gone: AbortController): Promise<AsyncGenerator<readonly ExchangeRow[]>> {
    const response = await fetch(`${rig.rig.base}/api/live${query}`, {
      headers: { cookie: viewer.cookie },
      signal: gone.signal,
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    // The first comment says that the stream has begun.
    await reader?.read();
    return batches();

    async function* batches() {
      let text = '';
      for (;;) {
        const { done = true, value } = (await reader?.read()) ?? {};
        if (done) return;
        text += value;
        const frames = text.split('\n\n');
        text = frames.pop() ?? '';
        for (const frame of frames) {
          const data = /^data: (\[.*)$/m.exec(frame)?.[1];
          if (data !== undefined) yield exchangeRows.parse(JSON.parse(data));
        }
      }
    }
  }

  it('an exchange comes when it is opened, and again with its verdict', async () => {
    const gone = new AbortController();
    const live = await watch('', gone);
    await rig.ledger.open(sampleOpened('exchange-live'));
    await rig.indexed();
    expect((await live.next()).value).toMatchObject([{ exchange_id: 'exchange-live', outcome: null, verdict: null }]);
    await rig.record('exchange-second');
    const seen: ExchangeRow[] = [];
    while (!seen.some(({ exchange_id, verdict }) => exchange_id === 'exchange-second' && verdict?.label === 'clean')) {
      seen.push(...((await live.next()).value ?? []));
    }
    gone.abort();
  });

  it('those alone that the filter takes', async () => {
    const gone = new AbortController();
    const live = await watch('?min_severity=high&client=team-b', gone);
    const grave = { overall: { label: 'violation', severity: 'critical', score: 1 } } as const;
    await rig.record('exchange-clean', { opened: { client: 'team-b' } });
    await rig.record('exchange-other', { verdict: grave });
    await rig.record('exchange-taken', { opened: { client: 'team-b' }, verdict: { ...grave, client: 'team-b' } });
    expect((await live.next()).value).toMatchObject([{ exchange_id: 'exchange-taken' }]);
    gone.abort();
  });

  it.each(['q=plan', 'since=2026-01-01T00:00:00Z', 'human_label=clean', 'limit=5'])(
    'what cannot be asked of a row is refused: %s',
    async (query) => {
      const { status, body } = await viewer.call('GET', `/api/live?${query}`);
      expect(status).toBe(400);
      expect(body).toMatchObject({ code: 'invalid_request' });
    },
  );
});

describe('one watcher', () => {
  /** A read model whose changes a test makes. */
  class Changes implements Pick<ReadModel, 'onChange'> {
    readonly listeners = new Set<(rows: readonly ExchangeRow[]) => void>();
    onChange(listener: (rows: readonly ExchangeRow[]) => void): () => void {
      this.listeners.add(listener);
      return () => this.listeners.delete(listener);
    }
    tell(...rows: readonly ExchangeRow[]): void {
      for (const listener of this.listeners) listener(rows);
    }
  }

  const row = (id: number, status = 200) => ({ exchange_id: `e${id}`, status }) as ExchangeRow;
  const start = (wanted: (row: ExchangeRow) => boolean = () => true) => {
    const [changes, gone] = [new Changes(), new AbortController()];
    return { changes, gone, live: liveRows(changes, wanted, gone.signal) };
  };

  it('misses nothing between its start and its first reading', async () => {
    const { changes, live } = start();
    changes.tell(row(1));
    changes.tell(row(2));
    expect((await live.next()).value).toEqual([row(1), row(2)]);
  });

  it('that waits is woken', async () => {
    const { changes, live } = start(({ status }) => status === 500);
    const next = live.next();
    changes.tell(row(1));
    changes.tell(row(2, 500));
    expect((await next).value).toEqual([row(2, 500)]);
  });

  it('that is slow gets the newest state of an exchange once, in batches of 200, and of too many the newest 500', async () => {
    const { changes, live } = start();
    for (let i = 0; i < 10_000; i += 1) changes.tell(row(i % 2_000, i));
    const seen: ExchangeRow[] = [];
    for (const size of [200, 200, 100]) {
      const { value = [] } = await live.next();
      expect(value).toHaveLength(size);
      seen.push(...value);
    }
    expect(seen.map(({ status }) => status)).toEqual(Array.from({ length: 500 }, (_, i) => 9_500 + i));
    changes.tell(row(1));
    expect((await live.next()).value).toEqual([row(1)]);
  });

  it.each(['abort', 'return'] as const)('ends with %s, and nobody listens any more', async (how) => {
    const { changes, gone, live } = start();
    changes.tell(row(1));
    await live.next();
    if (how === 'abort') {
      const waiting = live.next();
      gone.abort();
      expect((await waiting).done).toBe(true);
    } else await live.return(undefined);
    expect(changes.listeners.size).toBe(0);
    expect((await live.next()).done).toBe(true);
  });

  it('that is gone before it began never listens for long', () => {
    const { changes, gone } = start();
    gone.abort();
    expect(changes.listeners.size).toBe(0);
    liveRows(changes, () => true, gone.signal);
    expect(changes.listeners.size).toBe(0);
  });
});
