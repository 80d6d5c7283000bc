/**
 * Contract, Responses over WebSocket where something waits for the judge, through the real Envoy on both hops:
 * - `window` and `hold` deliver what is cleared, event for event as the origin sent it; of a violation nothing (`hold`)
 *   or no more than the windows before it (`window`), and the lane gets an `error` event; other lanes go on, the
 *   connection stays;
 * - `hold_request`: what is not cleared never reaches the origin;
 * - no compression is agreed on, since single frames could not be withheld then;
 * - what cannot be judged (another protocol, a message that we do not know, a judge that fails) passes or not as
 *   `on_judge_failure` says.
 */

import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import type { Verdict } from '../../judge-proxy/ledger/records.ts';
import { Chain } from '../support/chain.ts';
import { judgeModelHandler } from '../support/judge-model.ts';
import type { OriginHandler } from '../support/origin.ts';
import { Inbox, openWebSocket, serveWebSockets, webSocketThrough } from '../support/websocket.ts';
import { type CreateMessage, laneEvents } from '../support/websocket-responses.ts';

/** What the origin says where the request has the word: found by rules, and by the model alone. */
const SECRET = ['sk-proj', 'Zq8Fj2kLmNp3QrStUvWxYz0123456789abcdefABCDEFGHIJ'].join('-');
const CONFIDENTIAL = 'STRICTLY CONFIDENTIAL: the merger';
const PROSE = Array.from({ length: 20 }, (_, i) => `Sentence ${i} speaks of rivers and their bridges. `).join('');

const ROUTES = {
  cleared: { mode: 'window', window: { release: 'cleared', tokens: 50, rules_tokens: 10, overlap_tokens: 20 } },
  eager: { mode: 'window', window: { release: 'eager', tokens: 50, rules_tokens: 10, overlap_tokens: 20 } },
  hold: { mode: 'hold' },
  lenient: { mode: 'hold', on_judge_failure: 'allow' },
  asked: { mode: 'observe', hold_request: true },
  finish: { mode: 'hold', block: { style: 'finish', message: 'Not for you.' } },
  finished: {
    mode: 'window',
    window: { tokens: 50, rules_tokens: 10, overlap_tokens: 20 },
    block: { style: 'finish' },
  },
} as const;
type RouteName = keyof typeof ROUTES;
const hostOf = (route: RouteName) => `${route}.modes.test`;
const urlOf = (route: RouteName, path = '/v1/responses') => `wss://${hostOf(route)}${path}`;

const sound = judgeModelHandler();
const judge: OriginHandler = (seen, response, origin) => {
  if (!seen.body.includes('judge should fail')) return sound(seen, response, origin);
  response.writeHead(400, { 'content-type': 'application/json' });
  response.end('{"error":{"message":"no","type":"invalid_request_error","param":null,"code":"odd"}}');
};

describe.each(['h2', 'h1'] as const)('WebSocket that waits for the judge, hop %s', (hop) => {
  let chain: Chain;
  let served: WebSocket[] = [];
  let asked: CreateMessage[] = [];
  let sent: string[] = [];
  let count = 0;

  beforeAll(async () => {
    const names = Object.keys(ROUTES) as RouteName[];
    chain = await Chain.start({
      hop,
      judgeHandler: judge,
      terminatedHosts: names.map(hostOf),
      config: {
        routes: names.map((name) => ({
          ...{ name, hosts: [hostOf(name)], action: 'terminate', judge: 'default' },
          ...ROUTES[name],
        })),
        limits: { judge_breaker_failures: 1_000 },
      },
    });
    serveWebSockets(
      chain.origin,
      (socket) => {
        served.push(socket);
        socket.on('message', (data) => {
          const create = JSON.parse(String(data)) as CreateMessage;
          asked.push(create);
          count += 1;
          const text = String(create.input);
          const said = text
            .replace(/^.*?: /, '')
            .replace('KEY', SECRET)
            .replace('PLAN', CONFIDENTIAL);
          const reply = { model: 'gpt-5-mini', text: said, deltaLength: 8 };
          for (const event of laneEvents(reply, create.stream_id, `resp_${count}`)) {
            sent.push(event);
            socket.send(event);
          }
        });
      },
      { perMessageDeflate: { threshold: 0 } },
    );
  });

  afterEach(async () => {
    for (const socket of served) if (socket.readyState !== socket.CLOSED) await once(socket, 'close');
    expect(chain.origin.openSockets).toBe(0);
    served = [];
    asked = [];
    sent = [];
  });

  afterAll(async () => {
    await chain?.stop();
  });

  const create = (input: string, lane?: string) =>
    JSON.stringify({ type: 'response.create', model: 'gpt-5-mini', input, ...(lane && { stream_id: lane }) });

  async function until(inbox: Inbox, fits: (event: Record<string, unknown>) => boolean): Promise<string[]> {
    const got: string[] = [];
    for (;;) {
      const text = await inbox.next();
      got.push(text);
      if (fits(JSON.parse(text) as Record<string, unknown>)) return got;
    }
  }
  const ends = ({ type }: Record<string, unknown>) => type === 'response.completed' || type === 'error';
  const about = (text: string): Promise<Verdict> =>
    chain.verdict((verdict) => verdict.latest_user_message?.startsWith(text) === true);
  const closed = async (socket: WebSocket) => {
    socket.close();
    await once(socket, 'close');
  };

  it.each(['cleared', 'eager', 'hold'] as const)('%s: what is cleared comes as it was sent', async (route) => {
    const socket = await openWebSocket(chain, urlOf(route), { perMessageDeflate: { threshold: 0 } });
    expect(socket.extensions).toBe('');
    const inbox = new Inbox(socket);
    const name = `clean ${route} ${hop}`;
    socket.send(create(`${name}: ${PROSE}`));
    expect(await until(inbox, ends)).toEqual(sent);
    expect(await about(name)).toMatchObject({ action: 'allowed', mode: ROUTES[route].mode, state: 'scored' });
    await closed(socket);
  });

  it.each([
    ['cleared', 'KEY', SECRET],
    ['cleared', 'PLAN', CONFIDENTIAL],
    ['eager', 'KEY', SECRET],
    ['hold', 'KEY', SECRET],
    ['hold', 'PLAN', CONFIDENTIAL],
  ] as const)('%s: a violation (%s) ends its lane alone', async (route, word, violation) => {
    const socket = await openWebSocket(chain, urlOf(route));
    const inbox = new Inbox(socket);
    const bad = `bad ${route} ${word} ${hop}`;
    const good = `good ${route} ${word} ${hop}`;
    socket.send(create(`${bad}: ${PROSE}${word} ${PROSE}`, 'bad'));
    socket.send(create(`${good}: ${PROSE}`, 'good'));
    const events = new Map<unknown, Record<string, unknown>[]>();
    let over = 0;
    while (over < 2) {
      const event = await inbox.event();
      events.set(event.stream_id, [...(events.get(event.stream_id) ?? []), event]);
      if (ends(event)) over += 1;
    }
    const refused = events.get('bad') ?? [];
    expect(refused.at(-1)).toMatchObject({ type: 'error', status: 403, error: { code: 'blocked_by_judge' } });
    const shown = refused.map(({ delta }) => delta ?? '').join('');
    expect(shown).not.toContain(violation);
    expect(shown).not.toContain(violation.slice(-10));
    if (route === 'hold') expect(refused).toHaveLength(1);
    expect(events.get('good')?.at(-1)).toMatchObject({ type: 'response.completed' });
    expect(await about(bad)).toMatchObject({ action: refused.length === 1 ? 'blocked' : 'cut' });
    expect(await about(good)).toMatchObject({ action: 'allowed' });
    // The lane itself can be used again.
    socket.send(create(`again ${route} ${word} ${hop}: fine weather today`, 'bad'));
    expect(JSON.parse((await until(inbox, ends)).at(-1) ?? '')).toMatchObject({ type: 'response.completed' });
    await closed(socket);
  });

  it.each(['finish', 'finished'] as const)(
    '%s: a stop in style finish is a response that ends by content filter',
    async (route) => {
      const socket = await openWebSocket(chain, urlOf(route));
      const inbox = new Inbox(socket);
      socket.send(create(`filtered ${route} ${hop}: ${PROSE}KEY ${PROSE}`, 'a'));
      const events = await until(inbox, ({ type }) => type === 'response.incomplete' || type === 'error');
      const last = JSON.parse(events.at(-1) ?? '') as Record<string, unknown>;
      expect(last).toMatchObject({
        stream_id: 'a',
        response: { status: 'incomplete', incomplete_details: { reason: 'content_filter' } },
      });
      expect(JSON.parse(events[0] ?? '')).toMatchObject({ type: 'response.created', stream_id: 'a' });
      expect(events.join('')).not.toContain(SECRET.slice(-10));
      await closed(socket);
    },
  );

  it.each([
    ['hold', 'error'],
    ['lenient', 'response.completed'],
  ] as const)('%s: a judge that fails means %s', async (route, type) => {
    const socket = await openWebSocket(chain, urlOf(route));
    const inbox = new Inbox(socket);
    socket.send(create(`failing ${route} ${hop}: the judge should fail here`));
    const last = JSON.parse((await until(inbox, ends)).at(-1) ?? '') as { type: string; error?: object };
    expect(last.type).toBe(type);
    if (type === 'error') expect(last.error).toMatchObject({ code: 'judge_unavailable' });
    await closed(socket);
  });

  it('hold_request: what is not cleared never reaches the origin, and the rest goes on', async () => {
    const socket = await openWebSocket(chain, urlOf('asked'));
    const inbox = new Inbox(socket);
    socket.send(create(`refused ${hop}: my key is ${SECRET}`, 'a'));
    socket.send(create(`sent ${hop}: fine weather`, 'b'));
    const last = new Map<unknown, Record<string, unknown>>();
    while (last.size < 2) {
      const event = await inbox.event();
      if (ends(event)) last.set(event.stream_id, event);
    }
    expect(last.get('a')).toMatchObject({ type: 'error', error: { code: 'blocked_by_judge' } });
    expect(last.get('b')).toMatchObject({ type: 'response.completed' });
    expect(asked.map(({ stream_id }) => stream_id)).toEqual(['b']);
    await closed(socket);
  });

  it('another protocol is refused where nothing may pass unjudged, and relayed where it may', async () => {
    const refused = await webSocketThrough(chain, urlOf('hold', '/v1/realtime'));
    const [, response] = await once(refused, 'unexpected-response');
    expect([response.statusCode, response.headers['x-judge-code']]).toEqual([403, 'judge_unavailable']);
    response.resume();
    expect(served).toHaveLength(0);
    const relayed = await openWebSocket(chain, urlOf('lenient', '/v1/realtime'));
    const inbox = new Inbox(relayed);
    relayed.send(create(`realtime ${hop}: hello`));
    await until(inbox, ends);
    await closed(relayed);
  });

  it.each([
    ['hold', 0],
    ['lenient', 1],
  ] as const)('%s: of messages that we do not know %i pass', async (route, passes) => {
    const socket = await openWebSocket(chain, urlOf(route));
    const inbox = new Inbox(socket);
    socket.send(JSON.stringify({ type: 'session.update', input: `strange ${hop}: hello` }));
    const [answer] = await until(inbox, () => true);
    expect(asked).toHaveLength(passes);
    if (passes === 0) expect(JSON.parse(answer ?? '')).toMatchObject({ error: { code: 'judge_unavailable' } });
    await closed(socket);
  });
});
