/**
 * Contract of downloads, over HTTP: the same text that `npm run export` writes, up to the last record at its start, read by
 * a thread of its own and no faster than it is taken; recorded before its first byte; when the caller goes the thread
 * ends; never more than two at a time.
 */

import { createHash } from 'node:crypto';
import type { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AdminSession } from '../../../test/support/admin-session.ts';
import type { Format } from '../../exports/formats.ts';
import type { Subject } from '../../exports/record.ts';
import { exportText } from '../../exports/run-export.ts';
import type { Selection } from '../../exports/selection.ts';
import { openRecordPages } from '../../ledger/record-pages.ts';
import { sampleConnection } from '../../ledger/sample-records.ts';
import { DataRig } from '../testing/data-rig.ts';
import { exportTexts } from './export-texts.ts';

let rig: DataRig;
let admin: AdminSession;

beforeAll(async () => {
  rig = await DataRig.start();
  admin = await rig.rig.administrator();
  for (const [id, client] of [
    ['exchange-1', 'team-a'],
    ['exchange-2', 'team-b'],
    ['exchange-3', '=HYPERLINK("x")'],
  ] as const) {
    const overall = { label: 'violation', severity: 'high', score: 0.9 } as const;
    await rig.record(id, { opened: { client }, verdict: { client, ...(id === 'exchange-2' ? { overall } : {}) } });
  }
  await rig.ledger.connection(sampleConnection('connection-1'));
});
afterAll(async () => await rig?.[Symbol.asyncDispose]());

/** What the command writes. */
async function text(format: Format, subject: Subject, selection: Selection = {}): Promise<string> {
  const pages = openRecordPages(rig.url);
  let whole = '';
  const options = { pages, format, strict: false, subjects: [subject] as const, selection, after: 0 };
  const upTo = (await rig.ledger.head())?.seq ?? 0;
  for await (const part of exportText({ ...options, upTo, progress: () => undefined })) whole += part;
  pages.close();
  return whole;
}

async function download(query: Record<string, string>) {
  const response = await fetch(`${rig.rig.base}/api/export?${new URLSearchParams(query)}`, {
    headers: { cookie: admin.cookie },
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

describe('a download', () => {
  it.each([
    ['jsonl', 'verdicts', 'application/x-ndjson', 'jsonl'],
    ['csv', 'verdicts', 'text/csv; charset=utf-8', 'csv'],
    ['csv', 'exchanges', 'text/csv; charset=utf-8', 'csv'],
    ['csv', 'connections', 'text/csv; charset=utf-8', 'csv'],
    ['ocsf', 'verdicts', 'application/x-ndjson', 'ocsf.jsonl'],
    ['ocsf', 'exchanges', 'application/x-ndjson', 'ocsf.jsonl'],
    ['otlp', 'verdicts', 'application/x-ndjson', 'otlp.jsonl'],
    ['elastic', 'verdicts', 'application/x-ndjson', 'ecs.jsonl'],
    ['hec', 'verdicts', 'application/x-ndjson', 'hec.jsonl'],
    ['csv', 'shadow_verdicts', 'text/csv; charset=utf-8', 'csv'],
    ['csv', 'labels', 'text/csv; charset=utf-8', 'csv'],
    ['jsonl', 'audit', 'application/x-ndjson', 'jsonl'],
  ] as const)('%s of %s is what the command writes', async (format, subject, type, ending) => {
    const wanted = await text(format, subject);
    expect(wanted).not.toBe('');
    const { status, headers, text: got } = await download({ format, subject });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe(type);
    const name = new RegExp(
      `^attachment; filename="judge-proxy-${subject}-[\\dT_-]+Z\\.${ending.replace('.', '\\.')}"$`,
    );
    expect(headers.get('content-disposition')).toMatch(name);
    expect(got).toBe(wanted);
  });

  it('holds what the filters take', async () => {
    const { text: got } = await download({ format: 'jsonl', client: 'team-b', min_severity: 'medium' });
    expect(got).toBe(await text('jsonl', 'verdicts', { client: 'team-b', min_severity: 'medium' }));
    expect(got.split('\n')).toHaveLength(2);
    const since = '2026-01-31T13:34:57+01:00';
    expect((await download({ format: 'jsonl', since })).text).toBe('');
  });

  it('in a spreadsheet runs nothing that traffic wrote', async () => {
    expect((await download({ format: 'csv' })).text).toContain(`"'=HYPERLINK(""x"")"`);
  });

  it('is recorded, and names no client that might be erased', async () => {
    await download({ format: 'csv', client: 'team-b', label: 'violation' });
    await rig.indexed();
    const { items } = await rig.readModel.audit({ action: 'export.' }, { limit: 1 });
    expect(items).toMatchObject([{ actor: { kind: 'user', name: 'admin' }, object: 'verdicts', before: null }]);
    const [act] = items;
    const client_sha256 = createHash('sha256').update('team-b').digest('hex');
    expect(act?.kind === 'act' && act.after).toEqual({
      ...{ format: 'csv', subject: 'verdicts', label: 'violation', client_sha256 },
      up_to_seq: (act?.seq ?? 0) - 1,
    });
  });

  it.each([
    [{ format: 'pdf' }, 'format'],
    [{}, 'format'],
    [{ format: 'ocsf', subject: 'connections' }, 'subject'],
    [{ format: 'csv', subject: 'exchanges', label: 'clean' }, 'label'],
    [{ format: 'csv', subject: 'connections', min_severity: 'low' }, 'min_severity'],
    [{ format: 'hec', subject: 'labels' }, 'subject'],
    [{ format: 'csv', subject: 'labels', client: 'team-a' }, 'client'],
    [{ format: 'csv', subject: 'audit', route: 'a' }, 'route'],
  ])('%j is refused, and not recorded', async (query, path) => {
    const before = await rig.ledger.head();
    const { status, body } = await admin.call('GET', `/api/export?${new URLSearchParams(query)}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'invalid_request', errors: [{ path: `query.${path}` }] });
    expect(await rig.ledger.head()).toEqual(before);
  });

  it('that nobody may have is not begun', async () => {
    const viewer = await rig.rig.user('vera', 'viewer');
    const before = await rig.ledger.head();
    expect((await viewer.call('GET', '/api/export?format=csv')).status).toBe(403);
    expect(await rig.ledger.head()).toEqual(before);
  });
});

describe('the thread', () => {
  const order = async () => {
    const upTo = (await rig.ledger.head())?.seq ?? 0;
    return { url: rig.url, format: 'csv', subject: 'verdicts', selection: {}, upTo } as const;
  };
  const signal = new AbortController().signal;
  const started: Worker[] = [];
  const note = (worker: Worker) => started.push(worker);
  beforeEach(() => {
    started.length = 0;
    process.on('worker', note);
  });
  afterEach(() => process.off('worker', note));
  /** A thread that has ended has no id any more. */
  const running = () => started.filter(({ threadId }) => threadId !== -1).length;

  it('ends when nobody takes more', async () => {
    const texts = exportTexts(await order(), signal);
    expect(running()).toBe(0);
    expect((await texts.next()).value).toMatch(/^seq,ts,/);
    expect(running()).toBe(1);
    await texts.return(undefined);
    expect([started.length, running()]).toEqual([1, 0]);
  });

  it('ends with the last text', async () => {
    for await (const text of exportTexts(await order(), signal)) expect(text).not.toBe('');
    expect([started.length, running()]).toEqual([1, 0]);
  });

  it('ends with the signal, and is not begun after it', async () => {
    const gone = new AbortController();
    const texts = exportTexts(await order(), gone.signal);
    await texts.next();
    gone.abort(new Error('gone'));
    await expect(texts.next()).rejects.toThrow('gone');
    await expect(exportTexts(await order(), gone.signal).next()).rejects.toThrow('gone');
    expect([started.length, running()]).toEqual([1, 0]);
  });

  it('that fails just when nobody listens any more ends nothing but itself', async () => {
    const gone = new AbortController();
    const texts = exportTexts({ ...(await order()), url: 'sqlite:/nowhere/at/all.db' }, gone.signal);
    const first = texts.next();
    // The thread fails while this one is held up: its error waits to be told. Unheard it would end the process.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
    gone.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    expect([started.length, running()]).toEqual([1, 0]);
  });

  it('that cannot read says so', async () => {
    const texts = exportTexts({ ...(await order()), url: 'sqlite:/nowhere/at/all.db' }, signal);
    await expect(texts.next()).rejects.toThrow(/does not exist/);
    expect([started.length, running()]).toEqual([1, 0]);
  });
});
