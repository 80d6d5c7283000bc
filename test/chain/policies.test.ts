/**
 * Contract: a draft is replayed on what was recorded, published, and judges the very next exchange, without a restart;
 * rolled back, the exchange after that is judged as before. Killed around a publication, the proxy comes back with what
 * its chain says was published. No answer of one version is given for another.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { JudgeRow, PolicyVersion, ReplayEstimate, ReplayJob } from '../../judge-proxy/contract/responses.ts';
import { parseRubric } from '../../judge-proxy/judge/rubric.ts';
import type { Verdict } from '../../judge-proxy/ledger/records.ts';
import { AdminSession, printedPassword, TEST_PASSWORD } from '../support/admin-session.ts';
import { Chain, ROOT } from '../support/chain.ts';
import { curl, run } from '../support/clients.ts';
import { MILD } from '../support/mild-rubric.ts';
import { LoggedProcess } from '../support/process.ts';

const LEAK = 'STRICTLY CONFIDENTIAL: the merger of spring.';
const FILE = readFileSync(join(ROOT, 'config/rubrics/default.yaml'), 'utf8');

let chain: Chain;
let admin: AdminSession;
let asked = 0;

beforeAll(async () => {
  chain = await Chain.start({ hop: 'h2' });
  await chain.proxy.said(/^\s+[a-z2-9]{5}-/);
  admin = await signedIn(printedPassword(chain.proxy.text));
});
afterAll(() => chain?.stop());

function signedIn(password: string): Promise<AdminSession> {
  return AdminSession.start(`http://127.0.0.1:${chain.adminPort}`, 'admin', password);
}

/** The verdict on an exchange that says this. */
async function judged(text: string): Promise<Verdict> {
  const model = `model-${++asked}`;
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: text }] });
  const to = ['-H', 'content-type: application/json', '-d', body, 'https://api.openai.com/v1/chat/completions'];
  // Envoy may have a connection to a proxy that was killed.
  const patient = ['--fail', '--retry', '5', '--retry-all-errors', '--retry-delay', '1'];
  await curl(['--proxy', chain.proxyUrl, '--cacert', chain.caFile, ...patient, ...to]);
  return chain.verdict(({ model_requested }) => model_requested === model);
}

async function call<T>(method: string, path: string, body?: unknown, status = 200): Promise<T> {
  const answer = await admin.call(method, path, body);
  expect(answer.status, `${JSON.stringify(answer.body)} ${chain.proxy.tail()}`).toBe(status);
  return answer.body as T;
}
const api = '/api/policies/default';
const saveDraft = (yaml: string, revision: number) => call<PolicyVersion>('PUT', `${api}/draft`, { yaml, revision });
const publish = (revision: number) => call<PolicyVersion>('POST', `${api}/publish`, { revision, note: 'milder' });

async function replayed(policy: object | null): Promise<ReplayJob> {
  const spec = { judge: 'default', policy, filter: {}, most: 100 };
  const { selection_hash } = await call<ReplayEstimate>('POST', '/api/replays/estimate', spec);
  const { job_id } = await call<ReplayJob>('POST', '/api/replays', { ...spec, selection_hash }, 202);
  for (;;) {
    const job = await call<ReplayJob>('GET', `/api/replays/${job_id}`);
    if (job.state !== 'queued' && job.state !== 'running') return job;
    await new Promise(setImmediate);
  }
}

/** What the chain says was published last, and what the table says is in force. */
function published(): { readonly act: number | null; readonly row: number | null } {
  using db = new DatabaseSync(join(chain.folder, 'ledger.db'), { readOnly: true });
  const act = db
    .prepare(
      `SELECT body ->> '$.after.version' AS version FROM records WHERE kind = 'act'
        AND body ->> '$.action' IN ('policy.publish', 'policy.rollback') ORDER BY seq DESC LIMIT 1`,
    )
    .get();
  const row = db.prepare("SELECT version FROM policies WHERE state = 'published'").get();
  return { act: (act?.version as number) ?? null, row: (row?.version as number) ?? null };
}

const hashOf = (yaml: string) => parseRubric(yaml, 'x').hash;

describe('from a draft to the next exchange', () => {
  it('a violation before, replayed with the draft, published, and clean after; then rolled back', async () => {
    const before = await judged(LEAK);
    expect(before.overall.label).toBe('violation');
    expect(before.judge?.rubric_hash).toBe(hashOf(FILE));

    const draft = await saveDraft(MILD, 0);
    expect(draft).toMatchObject({ version: 1, state: 'draft', revision: 1, author: 'admin' });
    const tried = await call<{ change: string }>('POST', `${api}/try`, { yaml: MILD, exchange_id: before.exchange_id });
    expect(tried.change).toBe('newly_passes');
    expect(await replayed({ draft: true })).toMatchObject({ state: 'done', changes: { newly_passes: 1 } });
    expect((await judged(LEAK)).overall.label).toBe('violation');

    await publish(1);
    const [judge] = await call<JudgeRow[]>('GET', '/api/judges');
    expect(judge).toMatchObject({ policy_version: 1, rubric_hash: hashOf(MILD), model: { breaker: 'closed' } });
    // The same words: the cache of the version before would have an answer for them.
    const after = await judged(LEAK);
    expect(after).toMatchObject({
      overall: { label: 'clean' },
      judge: { rubric_hash: hashOf(MILD), cache_hit: false },
    });
    expect(after.judge?.hash).toBe(judge?.hash);
    expect(after.judge?.hash).not.toBe(before.judge?.hash);

    const back = await call<PolicyVersion>('POST', `${api}/rollback`, { version: 0, note: 'too mild' });
    expect(back).toMatchObject({ version: 2, state: 'published' });
    const again = await judged(LEAK);
    expect(again).toMatchObject({ overall: { label: 'violation' }, judge: { hash: before.judge?.hash } });
  });

  it('is in force after a restart; check-config says which it is, and replay asks with it', async () => {
    const { revision } = await saveDraft(MILD, 0);
    const { version } = await publish(revision);
    chain.proxy.kill('SIGTERM');
    await chain.proxy.exited;
    const config = join(chain.folder, 'judge-proxy.yaml');
    const checked = await run(process.execPath, [join(ROOT, 'judge-proxy/cli.ts'), 'check-config', '--config', config]);
    expect(checked.stdout).toContain(`# judge default: policy version ${version}, published by admin`);
    // The command asks with what is in force, too.
    const replay = ['replay', '--judge', 'default', '--out', join(chain.folder, 'out.jsonl'), '--yes', '--json'];
    const cli = [join(ROOT, 'judge-proxy/cli.ts'), ...replay, '--config', config];
    const { stdout } = await run(process.execPath, cli, {}, ROOT);
    expect(JSON.parse(stdout)).toMatchObject({ judge: { rubric: { hash: hashOf(MILD) } } });
    await chain.restartProxy();
    await chain.proxy.event('policy_in_force', (line) => line.judge === 'default' && line.version === `${version}`);
    expect((await judged(LEAK)).judge?.rubric_hash).toBe(hashOf(MILD));
    admin = await signedIn(TEST_PASSWORD);
    await call('POST', `${api}/rollback`, { version: 0, note: 'back' });
  }, 60_000);
});

describe('kill -9 around a publication', () => {
  it.each([0, 1, 2, 3])(
    'chain, table and judge agree (%s)',
    async (turns) => {
      const { revision } = await saveDraft(`${MILD}# ${turns}\n`, 0);
      const before = published();
      const answer = admin.call('POST', `${api}/publish`, { revision, note: 'killed' }).catch(() => null);
      // From before the request is read to after it was answered.
      if (turns === 3) await answer;
      else for (let i = 0; i < turns * 40; i++) await new Promise(setImmediate);
      chain.proxy.kill('SIGKILL');
      await chain.proxy.exited;
      const told = await answer;
      const { act, row } = published();
      expect(row).toBe(act);
      if (told?.status === 200) expect(row).not.toBe(before.row);
      await chain.restartProxy();
      const verdict = await judged(LEAK);
      expect(verdict.judge?.rubric_hash).toBe(row === before.row ? hashOf(FILE) : hashOf(MILD));
      admin = await signedIn(TEST_PASSWORD);
      if (row === before.row) await call('DELETE', `${api}/draft`, undefined, 204);
      else await call('POST', `${api}/rollback`, { version: 0, note: 'back' });
    },
    60_000,
  );
});

describe('a start that cannot put in force what was published', () => {
  it('ends, names the version and the way out; the way out works, and is in the chain', async () => {
    const { revision } = await saveDraft(MILD, 0);
    const { version } = await publish(revision);
    chain.proxy.kill('SIGTERM');
    await chain.proxy.exited;
    {
      using db = new DatabaseSync(join(chain.folder, 'ledger.db'));
      db.prepare("UPDATE policies SET yaml = ? WHERE state = 'published'").run(`${MILD}# by another hand\n`);
    }
    const config = join(chain.folder, 'judge-proxy.yaml');
    const serve = [join(ROOT, 'judge-proxy/cli.ts'), 'serve', '--no-build', '--config'];
    const refused = await run(process.execPath, [...serve, config], {}, ROOT);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain(`policy default version ${version} of the ledger`);
    expect(refused.stderr).toContain('judges.default.policy: file');

    const out = parse(readFileSync(config, 'utf8')) as { judges: { default: object } };
    const fixed = join(chain.folder, 'fixed.yaml');
    writeFileSync(fixed, stringify({ ...out, judges: { default: { ...out.judges.default, policy: 'file' } } }));
    const wayOut = new LoggedProcess([...serve, fixed], {}, ROOT);
    await wayOut.event('policy_taken_back', (line) => line.judge === 'default' && line.version === `${version}`);
    await wayOut.event('ready');
    wayOut.kill('SIGTERM');
    await wayOut.exited;
    expect(published()).toEqual({ act: 0, row: null });

    await chain.restartProxy();
    expect((await judged(LEAK)).judge?.rubric_hash).toBe(hashOf(FILE));
  }, 90_000);
});
