/**
 * Contract, OpenAI's own clients of Responses over WebSocket through the real Envoy: the answer is what they read without
 * the chain; a lane that is stopped raises their error with our code, and its neighbours go on.
 */

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { HttpsProxyAgent } from 'https-proxy-agent';
import OpenAI from 'openai';
import { ResponsesWebSocketSession } from 'openai/lib/responses/responses-websocket-session';
import { ResponsesWS } from 'openai/resources/responses/ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Chain, HOSTS } from '../support/chain.ts';
import { pythonWithClients } from '../support/python.ts';
import { serveWebSockets } from '../support/websocket.ts';
import { answerResponses } from '../support/websocket-responses.ts';

const PYTHON = pythonWithClients();
const HELD = 'held.modes.test';
const SECRET = ['sk-proj', 'Zq8Fj2kLmNp3QrStUvWxYz0123456789abcdefABCDEFGHIJ'].join('-');
const ROUTE = { action: 'terminate', judge: 'default' };

describe.each(['h2', 'h1'] as const)("OpenAI's WebSocket clients, hop %s", (hop) => {
  let chain: Chain;

  beforeAll(async () => {
    chain = await Chain.start({
      hop,
      terminatedHosts: [HELD],
      config: {
        routes: [
          { ...ROUTE, name: 'openai', hosts: [HOSTS.openai] },
          { ...ROUTE, name: 'held', hosts: [HELD], mode: 'hold' },
        ],
      },
    });
    serveWebSockets(chain.origin, (socket) =>
      answerResponses(socket, ({ input }) => ({
        model: 'gpt-5-mini',
        text: input === 'leak' ? `Take ${SECRET}.` : `You said: ${String(input)}`,
      })),
    );
  });

  afterAll(async () => {
    await chain?.stop();
  });

  async function connect(host: string): Promise<ResponsesWS> {
    const client = new OpenAI({ apiKey: 'sk-test', baseURL: `https://${host}/v1` });
    const agent = new HttpsProxyAgent(chain.proxyUrl);
    const connection = new ResponsesWS(client, { agent, ca: await readFile(chain.caFile, 'utf8') });
    connection.on('error', () => {});
    await new Promise<void>((resolve) => connection.socket.on('open', () => resolve()));
    return connection;
  }

  async function close(connection: ResponsesWS): Promise<void> {
    const closed = new Promise<void>((resolve) => connection.socket.on('close', () => resolve()));
    connection.close();
    await closed;
  }

  const LIMITS = { maxLanes: 4, maxBufferedEvents: 1_000, maxBufferedBytes: 1 << 20 };

  it.each([HOSTS.openai, HELD])('Node, %s', async (host) => {
    const connection = await connect(host);
    const session = new ResponsesWebSocketSession(connection, LIMITS);
    const [a, b] = [session.lane('a'), session.lane('b')];
    a.create({ model: 'gpt-5-mini', input: 'one' });
    b.create({ model: 'gpt-5-mini', input: 'two' });
    expect((await a.finalResponse()).output_text).toBe('You said: one');
    expect((await b.finalResponse()).output_text).toBe('You said: two');
    await close(connection);
  });

  it('Node: a stopped lane raises, its neighbour completes', async () => {
    const connection = await connect(HELD);
    const session = new ResponsesWebSocketSession(connection, LIMITS);
    const [bad, good] = [session.lane('bad'), session.lane('good')];
    bad.create({ model: 'gpt-5-mini', input: 'leak' });
    good.create({ model: 'gpt-5-mini', input: 'fine' });
    const failure = await bad.finalResponse().then(
      () => null,
      (error: { error?: unknown }) => error,
    );
    expect(failure?.error).toMatchObject({ status: 403, error: { code: 'blocked_by_judge' }, stream_id: 'bad' });
    expect((await good.finalResponse()).output_text).toBe('You said: fine');
    bad.create({ model: 'gpt-5-mini', input: 'again' });
    expect((await bad.finalResponse()).output_text).toBe('You said: again');
    await close(connection);
  });

  it.skipIf(PYTHON === null)('Python, by environment alone', async () => {
    const script = `
import openai
def ask(host, text):
    client = openai.OpenAI(api_key="k", base_url="https://" + host + "/v1")
    with client.responses.connect() as connection:
        connection.send({"type": "response.create", "model": "gpt-5-mini", "input": text})
        for event in connection:
            if event.type == "response.completed":
                return event.response.output[0].content[0].text
            if event.type == "error":
                return event.error.code
print(ask("${HOSTS.openai}", "py"), ask("${HELD}", "py"), ask("${HELD}", "leak"), sep="|", end="")`;
    const env = { ...process.env, HTTPS_PROXY: chain.proxyUrl, SSL_CERT_FILE: chain.caFile };
    const { stdout } = await promisify(execFile)(PYTHON ?? '', ['-c', script], { env });
    expect(stdout).toBe('You said: py|You said: py|blocked_by_judge');
  });
});
