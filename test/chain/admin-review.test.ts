/**
 * Contract of the admin API for reviewers, on a whole judge proxy with real traffic: what was said is read as it was
 * judged, watched as it comes, labelled, counted, downloaded and erased. Every answer fits the schema that is published.
 */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Answer, ENDPOINTS, type EndpointName } from '../../judge-proxy/contract/endpoints.ts';
import { verifyLedger } from '../../judge-proxy/ledger/verify.ts';
import { AdminSession } from '../support/admin-session.ts';
import { chat } from '../support/settings-requests.ts';
import type { RunningSettings } from '../support/settings-running.ts';
import { JUDGED, SettingsWorld } from '../support/settings-world.ts';

let world: SettingsWorld;
let running: RunningSettings;
let admin: AdminSession;

beforeAll(async () => {
  world = await SettingsWorld.make();
  running = await world.start({ config: { review: { control_rate: 1 } } });
  const { proxy } = running;
  if (proxy === null) throw new Error('it has not started');
  admin = await AdminSession.start(proxy.consoleUrl, 'admin', proxy.firstUser?.password ?? '');
});
afterAll(async () => {
  await world?.close();
});

async function ask<N extends EndpointName>(name: N, path: string, body?: unknown): Promise<Answer<N>> {
  const { method, status, response } = ENDPOINTS[name];
  const answer = await admin.call(method, path, body);
  expect(answer).toMatchObject({ status });
  return response.parse(answer.body) as Answer<N>;
}

/** Judged, and to be found in lists: asked again and again, because nobody tells when it is so. */
async function judged(requestId: string): Promise<string> {
  await chat(running.port, JUDGED.a, requestId);
  const { exchange_id, seq } = await running.verdict(requestId);
  while ((await ask('health', '/api/health')).ledger.readable_seq < seq);
  return exchange_id;
}

it('an exchange is read as it was judged, labelled, counted, and found in the chain', async () => {
  const id = await judged('read');
  const { items } = await ask('list_exchanges', '/api/exchanges');
  expect(items.map(({ exchange_id }) => exchange_id)).toEqual([id]);
  const detail = await ask('read_exchange', `/api/exchanges/${id}`);
  expect(detail).toMatchObject({ content: 'kept', row: { exchange_id: id }, opened: { host: JUDGED.a } });
  expect(detail.conversation?.parts.map(({ side }) => side)).toEqual(expect.arrayContaining(['request', 'response']));
  expect(detail.verdicts).toHaveLength(1);

  const blind = await ask('read_exchange', `/api/exchanges/${id}?blind=true`);
  expect(blind).toMatchObject({ blind: true, verdicts: [], completed: null, conversation: detail.conversation });

  const queue = await ask('read_queue', '/api/queues/control?blind=true');
  expect(queue.items).toMatchObject([{ exchange: { exchange_id: id, verdict: null }, sampling_probability: 1 }]);
  const given = { exchange_ids: [id], label: 'clean', queue: 'control', blind: true, note: 'Harmless.' };
  const [label] = await ask('label', '/api/labels', given);
  expect(label).toMatchObject({ reviewer: 'admin', sampling_probability: 1, note: 'Harmless.', stands: true });
  const [since, until] = [Date.now() - 3_600_000, Date.now() + 3_600_000].map((ms) => new Date(ms).toISOString());
  const quality = await ask('quality', `/api/quality?since=${since}&until=${until}`);
  expect(quality).toMatchObject({ labels: 1, blind_share: 1 });

  const after = await ask('read_exchange', `/api/exchanges/${id}`);
  expect(after.chain.records.map(({ kind }) => kind)).toEqual([
    'exchange_opened',
    'exchange_completed',
    'verdict',
    'label',
  ]);
  const overview = await ask('overview', `/api/overview?since=${since}&until=${until}`);
  expect(overview).toMatchObject({ exchanges: 1, judged: 1 });
});

it('what comes is seen as it comes, until the watcher goes', async () => {
  const gone = new AbortController();
  const stream = await fetch(`${admin.base}/api/live?judged=true`, {
    headers: { cookie: admin.cookie },
    signal: gone.signal,
  });
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  const id = await judged('live');
  let text = '';
  while (!text.includes(id)) text += (await reader?.read())?.value ?? '';
  expect(text).toMatch(/^: connected\n\nid: 1\ndata: \[\{/);
  gone.abort();
});

it('is downloaded, erased, and the chain still holds', async () => {
  const id = await judged('erased');
  const before = await admin.call('GET', '/api/export?format=csv');
  expect(before.body).toContain(id);
  const body = { tier: 'metadata', scope: { kind: 'exchange', exchange_id: id }, confirm: id };
  expect(await ask('erase', '/api/erasures', body)).toMatchObject({ exchanges: 1, left: 0, kept: 0 });
  expect((await admin.call('GET', `/api/exchanges/${id}`)).status).toBe(410);
  expect((await admin.call('GET', '/api/export?format=csv')).body).not.toContain(id);
  const { items } = await ask('audit', '/api/audit?kind=act&limit=3');
  expect(items.map((row) => (row.kind === 'act' ? row.action : ''))).toEqual([
    'export.download',
    'erasure.order',
    'export.download',
  ]);
  await running.close();
  expect(await verifyLedger({ url: running.ledgerUrl, checkpoints: [], publicKey: null })).toMatchObject({
    holds: true,
  });
});
