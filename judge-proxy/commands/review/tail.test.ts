/** Contract of `review tail`: the last verdicts, then each new one once, until the signal. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ledger } from '../../ledger/ledger.ts';
import { review } from '../review.ts';
import { addJudged, sampleLedger, Terminal } from './review-rig.ts';

let folder: string;
let url: string;
let ledger: Ledger;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'review-'));
  url = `sqlite:${join(folder, 'ledger.db')}`;
  ledger = await sampleLedger(url);
});

afterAll(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true });
});

describe('tail', () => {
  it.each([
    ['a line each', [], /exchange-line-\d +clean +allowed \(observe\) +full +model\/scored/],
    ['JSON lines', ['--json'], /^\{.*"exchange_id":"exchange-json-\d"/],
  ])('shows the last verdicts and then new ones, as %s, until the signal', async (_name, flags, fresh) => {
    const stdout = new Terminal();
    const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
    const controller = new AbortController();
    const io = { stdout, stderr: new Terminal(), env: {}, signal: controller.signal };
    const done = review(['tail', '--ledger', url, '--limit', '1', ...flags], io);
    const first = await lines.next();
    expect(first.value).not.toMatch(fresh);
    // Each once: the second one follows the first at once.
    for (const number of [1, 2]) {
      await addJudged(ledger, `exchange-${flags.length === 0 ? 'line' : 'json'}-${number}`, {});
      const { value } = await lines.next();
      expect(value).toMatch(fresh);
      expect(value).toContain(`-${number}`);
    }
    controller.abort('SIGINT');
    expect(await done).toBe(0);
  });

  it('follows a filter that nothing fits yet', async () => {
    const stdout = new Terminal();
    const controller = new AbortController();
    const io = { stdout, stderr: new Terminal(), env: {}, signal: controller.signal };
    const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
    const done = review(['tail', '--ledger', url, '--json', '--client', 'team-late'], io);
    await addJudged(ledger, 'exchange-other', {});
    await addJudged(ledger, 'exchange-late', { client: 'team-late' });
    expect(JSON.parse(String((await lines.next()).value))).toMatchObject({ exchange_id: 'exchange-late' });
    controller.abort();
    await done;
  });
});
