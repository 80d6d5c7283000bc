/**
 * Contract: a program that only sets HTTPS_PROXY (and trusts the CA) notices nothing. Each client talks through the real
 * Envoy, on both hops, to a host that is terminated and one that is tunnelled, and gets the origin's own answer. The
 * origin counts what reaches it, so that a pass cannot come from a path that leads elsewhere.
 */

import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';
import OpenAI from 'openai';
import { ProxyAgent, fetch as undiciFetch } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Chain, HOSTS, ROOT } from '../support/chain.ts';
import { curl, run } from '../support/clients.ts';
import { pythonWithClients } from '../support/python.ts';

const CHAT = JSON.stringify({ model: 'gpt-5-mini', messages: [{ role: 'user', content: 'hello' }] });
const PYTHON = pythonWithClients();

describe.each(['h2', 'h1'] as const)('clients through Envoy, hop %s', (hop) => {
  let chain: Chain;
  let bundle: string;
  let ca: string;

  beforeAll(async () => {
    chain = await Chain.start({ hop });
    bundle = await chain.clientBundle();
    ca = await readFile(bundle, 'utf8');
  });
  afterAll(async () => {
    await chain?.stop();
  });

  const post = ['-H', 'content-type: application/json', '-H', 'authorization: Bearer k', '-d', CHAT];

  it.each([
    ['terminated', HOSTS.openai],
    ['tunnelled', HOSTS.tunnel],
  ])('curl, HTTP/1.1 CONNECT, %s', async (_name, host) => {
    const before = chain.origin.seen.length;
    const ran = await curl([
      '--proxy',
      chain.proxyUrl,
      '--cacert',
      bundle,
      ...post,
      `https://${host}/v1/chat/completions`,
    ]);
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(ran.stdout)).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { content: 'You said: hello' } }],
    });
    expect(chain.origin.seen.slice(before).map((seen) => seen.headers.host)).toEqual([host]);
  });

  it('curl, HTTP/1.0 CONNECT, as Python below 3.12 sends it', async () => {
    const ran = await curl([
      '--proxy1.0',
      chain.proxyUrl.replace('http://', ''),
      '--cacert',
      bundle,
      ...post,
      `https://${HOSTS.openai}/v1/chat/completions`,
    ]);
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    expect(ran.stdout).toContain('You said: hello');
  });

  it.each([
    ['recorded', HOSTS.recorded],
    ['passed on', HOSTS.tunnel],
  ])('curl, absolute-form http://, %s', async (_name, host) => {
    const before = chain.plainOrigin.seen.length;
    const path = '/v1/chat/completions?a=%2e%2e//b&c=d';
    const ran = await curl(['--proxy', chain.proxyUrl, '--path-as-is', ...post, `http://${host}${path}`]);
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    expect(ran.stdout).toContain('You said: hello');
    expect(chain.plainOrigin.seen.slice(before)).toMatchObject([{ method: 'POST', url: path, headers: { host } }]);
  });

  it('curl reads the proxy and the CA from the environment alone', async () => {
    const ran = await curl([...post, `https://${HOSTS.openai}/v1/chat/completions`], {
      HTTPS_PROXY: chain.proxyUrl,
      CURL_CA_BUNDLE: bundle,
    });
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    expect(ran.stdout).toContain('You said: hello');
  });

  it('the openai SDK by undici dispatcher: JSON and stream, both APIs', async () => {
    const agent = new ProxyAgent({ uri: chain.proxyUrl, requestTls: { ca } });
    const client = new OpenAI({
      apiKey: 'k',
      maxRetries: 0,
      fetch: (url, init) =>
        undiciFetch(url as string, { ...(init as object), dispatcher: agent }) as unknown as Promise<Response>,
    });
    try {
      const completion = await client.chat.completions.create({
        model: 'gpt-5-mini',
        messages: [{ role: 'user', content: 'one' }],
      });
      expect(completion.choices[0]?.message.content).toBe('You said: one');
      let streamed = '';
      for await (const chunk of await client.chat.completions.create({
        model: 'gpt-5-mini',
        stream: true,
        messages: [{ role: 'user', content: 'two' }],
      })) {
        streamed += chunk.choices[0]?.delta.content ?? '';
      }
      expect(streamed).toBe('You said: two');
      expect((await client.responses.create({ model: 'gpt-5-mini', input: 'three' })).output_text).toBe(
        'You said: three',
      );
      const types: string[] = [];
      for await (const event of await client.responses.create({ model: 'gpt-5-mini', input: 'four', stream: true }))
        types.push(event.type);
      expect(types.at(0)).toBe('response.created');
      expect(types.at(-1)).toBe('response.completed');
    } finally {
      await agent.close();
    }
  });

  it('undici ProxyAgent', async () => {
    const agent = new ProxyAgent({ uri: chain.proxyUrl, requestTls: { ca } });
    try {
      const answer = await undiciFetch(`https://${HOSTS.tunnel}/v1/models`, { dispatcher: agent });
      expect(await answer.json()).toEqual({ object: 'list', data: [] });
    } finally {
      await agent.close();
    }
  });

  it('https-proxy-agent and http-proxy-agent', async () => {
    const secure = new HttpsProxyAgent(chain.proxyUrl, { ca });
    const plain = new HttpProxyAgent(chain.proxyUrl);
    try {
      expect(await get(https, { host: HOSTS.openai, path: '/v1/models', agent: secure, ca })).toContain('"list"');
      expect(await get(http, { host: HOSTS.recorded, path: '/v1/models', agent: plain })).toContain('"list"');
    } finally {
      secure.destroy();
      plain.destroy();
    }
  });

  it("Node's own fetch with NODE_USE_ENV_PROXY and the openai SDK on it", async () => {
    const script = `
      import OpenAI from 'openai';
      const client = new OpenAI({ apiKey: 'k', maxRetries: 0 });
      const one = await client.chat.completions.create({ model: 'gpt-5-mini', messages: [{ role: 'user', content: 'env' }] });
      let two = '';
      for await (const chunk of await client.chat.completions.create({ model: 'gpt-5-mini', stream: true, messages: [{ role: 'user', content: 'env' }] })) two += chunk.choices[0]?.delta.content ?? '';
      process.stdout.write(one.choices[0].message.content + '|' + two);`;
    const ran = await run(process.execPath, ['--input-type=module', '-e', script], {
      HTTPS_PROXY: chain.proxyUrl,
      NODE_USE_ENV_PROXY: '1',
      NODE_EXTRA_CA_CERTS: chain.caFile,
      NODE_PATH: join(ROOT, 'node_modules'),
    });
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: 'You said: env|You said: env' });
  });

  it.skipIf(PYTHON === null)('Python: openai and httpx, by environment alone', async () => {
    const script = `
import httpx, openai
client = openai.OpenAI(api_key="k", max_retries=0)
one = client.chat.completions.create(model="gpt-5-mini", messages=[{"role": "user", "content": "py"}])
two = "".join(c.choices[0].delta.content or "" for c in client.chat.completions.create(model="gpt-5-mini", stream=True, messages=[{"role": "user", "content": "py"}]) if c.choices)
three = client.responses.create(model="gpt-5-mini", input="py").output_text
four = httpx.get("https://${HOSTS.tunnel}/v1/models").json()["object"]
print(one.choices[0].message.content, two, three, four, sep="|", end="")`;
    const ran = await run(PYTHON ?? '', ['-c', script], {
      HTTPS_PROXY: chain.proxyUrl,
      SSL_CERT_FILE: bundle,
      REQUESTS_CA_BUNDLE: bundle,
    });
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: 'You said: py|You said: py|You said: py|list' });
  });

  it("Python's urllib, which sends its CONNECT as HTTP/1.0 up to 3.11", async () => {
    const script = `
import json, ssl, urllib.request
context = ssl.create_default_context(cafile=${JSON.stringify(bundle)})
opener = urllib.request.build_opener(urllib.request.ProxyHandler({"https": ${JSON.stringify(chain.proxyUrl)}}), urllib.request.HTTPSHandler(context=context))
print(json.load(opener.open("https://${HOSTS.openai}/v1/models"))["object"], end="")`;
    const ran = await run('python3', ['-c', script]);
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: 'list' });
  });
});

function get(module: typeof http | typeof https, options: https.RequestOptions): Promise<string> {
  return new Promise((done, fail) => {
    const request = module.get(options, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => done(text));
    });
    request.on('error', fail);
  });
}
