/**
 * Contract: the admin API is on its own port and nowhere else. Every route of its table is refused on :8888 and through
 * the proxy as any unknown target is; on its own port every route answers, and asks who is there. The first password is
 * printed once, to the terminal alone. What is read answers as the contract says.
 */

import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Endpoint } from '../../judge-proxy/contract/endpoint.ts';
import { ENDPOINTS } from '../../judge-proxy/contract/endpoints.ts';
import { AdminSession, printedPassword } from '../support/admin-session.ts';
import { Chain, HOSTS } from '../support/chain.ts';
import { connectThrough, readUntil } from '../support/clients.ts';
import { hopSocket } from '../support/hop-client.ts';

const ROUTES = Object.entries<Endpoint>(ENDPOINTS).map(([name, endpoint]): [string, string, string, Endpoint] => [
  name,
  endpoint.method,
  endpoint.path.replaceAll(/:[a-z_]+/g, '123456'),
  endpoint,
]);

let chain: Chain;
let base: string;
let password: string;

beforeAll(async () => {
  chain = await Chain.start({ hop: 'h2' });
  base = `http://127.0.0.1:${chain.adminPort}`;
  await chain.proxy.said(/shown this once/);
  password = printedPassword(chain.proxy.text);
});
afterAll(async () => {
  await chain?.stop();
});

async function answerTo(socket: Socket, text: string): Promise<string> {
  socket.on('error', () => {});
  socket.write(text);
  const answer = await readUntil(socket, '}}');
  socket.destroy();
  return answer;
}

/** Without what differs from request to request. */
const alike = (answer: string) => answer.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID').replaceAll(/^date: .*$/gim, '');

describe('not on the data port', () => {
  it.each(ROUTES)('%s: as an unknown path', async (_name, method, path) => {
    const ask = async (target: string) => {
      const head = `${method} ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`;
      return alike(await answerTo(await hopSocket(chain.folder, chain.judgePort), head));
    };
    const answer = await ask(path);
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*x-judge-code: bad_request/s);
    expect(answer).toBe(await ask('/no/such/thing'));
  });
});

describe('not through the proxy', () => {
  it.each(ROUTES)('%s: as any address that is not public', async (_name, method, path) => {
    const through = async (port: number) => {
      const head = `${method} http://127.0.0.1:${port}${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 0\r\n\r\n`;
      return alike(await answerTo(connect(chain.proxyPort, '127.0.0.1'), head));
    };
    const answer = await through(chain.adminPort);
    expect(answer).toMatch(/^HTTP\/1\.1 (403|508) .*x-judge-code: (no_route|address_denied|proxy_loop)/s);
    expect(answer).not.toContain('application/problem+json');
    const unknown = await through(9);
    expect(unknown).toMatch(/^HTTP\/1\.1 403 .*x-judge-code: no_route/s);
  });

  it.each(['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0'])('CONNECT %s', async (host) => {
    const { status, socket } = await connectThrough(chain.proxyPort, `${host}:${chain.adminPort}`);
    socket.destroy();
    expect(status).toBeGreaterThanOrEqual(400);
  });
});

describe('on its own port', () => {
  /** What those answer that nobody has to be known for, to a call that says nothing. */
  const PUBLIC: Readonly<Record<string, readonly [status: number, code: string | undefined]>> = {
    sign_in: [400, 'invalid_request'],
    sign_in_ways: [200, undefined],
    // No provider is configured.
    start_oidc: [404, 'not_found'],
    finish_oidc: [404, 'not_found'],
  };

  it.each(ROUTES)('%s is there, and asks who is there', async (name, method, path, { permission }) => {
    const answer = await new AdminSession(base).call(method, path);
    const expected = permission === 'public' ? PUBLIC[name] : [401, 'not_signed_in'];
    expect([answer.status, (answer.body as { code?: string }).code]).toEqual(expected);
  });

  it('the first password is on the terminal, in no log line and not in the ledger; a second start has none', async () => {
    expect(chain.proxy.text.filter((line) => line.includes(password))).toHaveLength(1);
    expect(JSON.stringify(chain.proxy.lines)).not.toContain(password);
    const file = join(chain.folder, 'ledger.db');
    const db = new DatabaseSync(file);
    db.exec('PRAGMA wal_checkpoint(FULL)');
    db.close();
    expect(await readFile(file, 'latin1')).not.toContain(password);
  });

  it('what is read answers as the contract says', { timeout: 60_000 }, async () => {
    const body = JSON.stringify({ model: 'gpt-5-mini', messages: [{ role: 'user', content: 'read me' }] });
    const url = `http://${HOSTS.recorded}/v1/chat/completions`;
    const head = `POST ${url} HTTP/1.1\r\nHost: ${HOSTS.recorded}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
    const socket = connect(chain.proxyPort, '127.0.0.1');
    socket.write(head);
    const { exchange_id } = await chain.verdict();
    socket.destroy();
    const admin = await AdminSession.start(base, 'admin', password);
    const period = 'since=2020-01-01T00:00:00Z&until=2100-01-01T00:00:00Z';
    const reads: Partial<Record<keyof typeof ENDPOINTS, string>> = {
      who_am_i: '/api/session',
      overview: `/api/overview?${period}`,
      list_exchanges: '/api/exchanges?limit=10',
      read_exchange: `/api/exchanges/${exchange_id}`,
      similar_exchanges: `/api/exchanges/${exchange_id}/similar`,
      list_verdicts: '/api/verdicts',
      list_connections: '/api/connections',
      list_clients: `/api/clients?${period}`,
      list_queues: '/api/queues',
      read_queue: '/api/queues/severe',
      quality: `/api/quality?${period}`,
      list_policies: '/api/policies',
      policy_schema: '/api/policies/schema',
      read_policy: '/api/policies/default/versions/0',
      list_judges: '/api/judges',
      shadow_agreement: `/api/shadows?${period}`,
      list_replays: '/api/replays',
      list_sinks: '/api/sinks',
      list_users: '/api/users',
      list_tokens: '/api/tokens',
      audit: '/api/audit',
      health: '/api/health',
    };
    for (const [name, path] of Object.entries(reads)) {
      const answer = await admin.call('GET', path);
      expect([name, answer.status, answer.status === 200 ? '' : answer.body]).toEqual([name, 200, '']);
      const parsed = ENDPOINTS[name as keyof typeof ENDPOINTS].response.safeParse(answer.body);
      expect([name, parsed.error?.issues ?? []]).toEqual([name, []]);
    }
  });
});

it('a second start prints no password, and the users are still there', { timeout: 60_000 }, async () => {
  chain.proxy.kill('SIGKILL');
  await chain.proxy.exited;
  await chain.restartProxy();
  expect(chain.proxy.text.join('\n')).not.toContain('First start');
  expect((await new AdminSession(`http://127.0.0.1:${chain.adminPort}`).call('GET', '/api/users')).status).toBe(401);
});
