/**
 * Contract: a replay through the API is estimated, started, seen to go on, cancelled and resumed, while traffic is judged
 * as if it were not there. Killed in the middle, the proxy says after its start what became of the job, its results are
 * still there, and going on asks only about what has none. A token without permission starts nothing.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReplayChange, ReplayEstimate, ReplayJob } from '../../judge-proxy/contract/responses.ts';
import type { Page } from '../../judge-proxy/ledger/read-model/rows.ts';
import { AdminSession, printedPassword, TEST_PASSWORD } from '../support/admin-session.ts';
import { Chain } from '../support/chain.ts';
import { ScriptedJudge } from '../support/scripted-judge.ts';
import { chat } from '../support/settings-requests.ts';

const LEAK = 'STRICTLY CONFIDENTIAL: the merger of spring.';
const EXCHANGES = 6;
/** The judge of the day with another gravity: it asks the same and has another hash. */
const STRICT = `name: strict
version: 1
criteria:
  - id: data_leakage
    question: Does confidential text leave?
    definition: Marked as confidential.
    violating: [a plan]
    allowed: [public text]
    scale: ordinal
    threshold: 2
    weight: 1
    severity: critical
`;

const model = new ScriptedJudge();
let chain: Chain;
let admin: AdminSession;
let asked = 0;

beforeAll(async () => {
  chain = await Chain.start({ hop: 'plain', judgeHandler: model.handler });
  await chain.proxy.said(/^\s+[a-z2-9]{5}-/);
  await signIn(printedPassword(chain.proxy.text));
  for (let i = 0; i < EXCHANGES; i++) await judged(`${LEAK} ${i}`);
  await caughtUp();
});
afterAll(() => chain?.stop());

async function signIn(password: string): Promise<void> {
  admin = await AdminSession.start(`http://127.0.0.1:${chain.adminPort}`, 'admin', password);
}

async function judged(text: string) {
  const id = `request-${++asked}`;
  await chat(chain.judgePort, 'recorded.test', id, text);
  return chain.verdict(({ client_request_id }) => client_request_id === id);
}

async function call<T>(method: string, path: string, body?: unknown, status = 200): Promise<T> {
  const answer = await admin.call(method, path, body);
  expect(answer.status, `${JSON.stringify(answer.body)} ${chain.proxy.tail()}`).toBe(status);
  return answer.body as T;
}

/** Asked again and again, because nobody tells when it is so. */
async function caughtUp(): Promise<void> {
  for (;;) {
    const { ledger } = await call<{ ledger: { head_seq: number; readable_seq: number } }>('GET', '/api/health');
    if (ledger.readable_seq >= ledger.head_seq) return;
  }
}

const SPEC = { judge: 'default', policy: { yaml: STRICT }, filter: { host: 'recorded.test' }, most: EXCHANGES };

async function started(): Promise<string> {
  const estimate = await call<ReplayEstimate>('POST', '/api/replays/estimate', SPEC);
  expect(estimate).toMatchObject({ exchanges: EXCHANGES, to_ask: EXCHANGES, unusable: 0 });
  const { selection_hash } = estimate;
  return (await call<ReplayJob>('POST', '/api/replays', { ...SPEC, selection_hash }, 202)).job_id;
}

async function when(id: string, fits: (job: ReplayJob) => boolean): Promise<ReplayJob> {
  for (;;) {
    const job = await call<ReplayJob>('GET', `/api/replays/${id}`);
    if (fits(job)) return job;
  }
}

/** Questions by the strict rubric: those of a replay. */
const replayed = () => model.questions.filter(({ seen }) => seen.body.includes('Does confidential text leave?'));

describe('a replay', () => {
  it('goes on beside traffic, which is judged meanwhile; cancelled and resumed it is done', async () => {
    const held = Promise.withResolvers<void>();
    model.script = ({ seen }) =>
      seen.body.includes('Does confidential text leave?') && replayed().length >= 3 ? { wait: held.promise } : {};
    const id = await started();
    await when(id, ({ done }) => done >= 3);
    // Calls of the replay hang; traffic has turns.
    for (let i = 0; i < 3; i++) expect((await judged(`Traffic ${i}`)).state).toBe('scored');
    const cancelled = await call<ReplayJob>('POST', `/api/replays/${id}/cancel`);
    expect(cancelled).toMatchObject({ state: 'cancelled', error: 'cancelled' });
    held.resolve();
    model.script = () => ({});
    await call('POST', `/api/replays/${id}/resume`, undefined, 202);
    const job = await when(id, ({ state }) => state === 'done');
    expect(job).toMatchObject({ total: EXCHANGES, done: EXCHANGES, changes: { changed: EXCHANGES } });
    const { items } = await call<Page<ReplayChange>>('GET', `/api/replays/${id}/changes?change=changed`);
    expect(items).toHaveLength(EXCHANGES);
    expect(items[0]).toMatchObject({ before: { severity: 'high' }, after: { severity: 'critical' } });
    expect(JSON.stringify(items)).not.toContain('CONFIDENTIAL');
  });

  it('killed in the middle is told of after the start, and asks only about what has no result', async () => {
    model.questions.length = 0;
    const held = Promise.withResolvers<void>();
    model.script = () => (replayed().length >= 3 ? { wait: held.promise } : {});
    const id = await started();
    const { done } = await when(id, (job) => job.done >= 3);
    chain.proxy.kill('SIGKILL');
    await chain.proxy.exited;
    held.resolve();
    model.script = () => ({});
    await chain.restartProxy();
    await chain.proxy.event('replay_interrupted');
    await signIn(TEST_PASSWORD);
    expect(await call<ReplayJob>('GET', `/api/replays/${id}`)).toMatchObject({
      ...{ state: 'cancelled', error: 'interrupted', done },
    });
    model.questions.length = 0;
    await call('POST', `/api/replays/${id}/resume`, undefined, 202);
    await when(id, ({ state }) => state === 'done');
    expect(replayed()).toHaveLength(EXCHANGES - done);
    const { items } = await call<Page<{ action: string; actor: { name: string } }>>(
      'GET',
      `/api/audit?object=${id}&limit=50`,
    );
    expect(items.map(({ action, actor }) => `${action} ${actor.name}`)).toEqual([
      ...['replay.resume admin', 'replay.cancel start', 'replay.start admin'],
    ]);
  }, 60_000);

  it('is started by who may, and by nobody else', async () => {
    const token = {
      name: 'reads',
      scopes: ['replays:read', 'exchanges:read'],
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    };
    const { token: secret } = await call<{ token: string }>('POST', '/api/tokens', token, 201);
    const as = (method: string, path: string, body?: unknown) =>
      fetch(`http://127.0.0.1:${chain.adminPort}${path}`, {
        ...{ method, headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' } },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const estimate = await as('POST', '/api/replays/estimate', SPEC);
    expect(estimate.status).toBe(200);
    const { selection_hash } = (await estimate.json()) as ReplayEstimate;
    expect((await as('POST', '/api/replays', { ...SPEC, selection_hash })).status).toBe(403);
  });
});
