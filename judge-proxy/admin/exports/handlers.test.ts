/** Contract: two downloads at one time, a third is told to wait, and the end of one makes room, however it ends. */

import { expect, it } from 'vitest';
import type { ActRecord, NewRecord } from '../../ledger/acts.ts';
import type { Context } from '../handlers.ts';
import { createExportHandlers } from './handlers.ts';

const record = { act_id: 'a' } as ActRecord;
const handlers = createExportHandlers({
  ledger: { head: async () => null, append: async (_records: readonly NewRecord[]) => [] },
  ...{ ledgerUrl: 'sqlite:none.db', clock: { now: () => 0, monotonic: () => 0 } },
});

function begin() {
  const gone = new AbortController();
  const context = { signal: gone.signal, act: () => record } as unknown as Context;
  const query = { format: 'csv', subject: 'verdicts' } as const;
  return { gone, file: handlers.export({ params: {}, query, body: {} }, context) };
}

it('makes room when one ends', async () => {
  const [first, second] = [begin(), begin()];
  expect((await first.file).name).toBe('judge-proxy-verdicts-1970-01-01T00:00:00Z.csv');
  await second.file;
  await expect(begin().file).rejects.toMatchObject({ code: 'too_many_requests' });
  first.gone.abort();
  const third = begin();
  await third.file;
  await expect(begin().file).rejects.toMatchObject({ code: 'too_many_requests' });
});

it('one that is gone already takes no room', async () => {
  const gone = new AbortController();
  gone.abort(new Error('gone'));
  const context = { signal: gone.signal, act: () => record } as unknown as Context;
  await expect(
    handlers.export({ params: {}, query: { format: 'csv', subject: 'verdicts' }, body: {} }, context),
  ).rejects.toThrow('gone');
});
