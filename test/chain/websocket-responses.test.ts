/**
 * Contract, OpenAI Responses over WebSocket in `observe`, through the real Envoy on both hops:
 * - each response is one exchange, `openai.responses_websocket`, with request, answer, tokens, and its verdict; it is in
 *   the ledger before the origin sees its request, and complete before the client has its last event;
 * - lanes interleave and are never mixed, with compression and without;
 * - a connection that breaks leaves a partial record; what cannot be read is recorded as such and passes.
 */

import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import type { LedgerReader } from '../../judge-proxy/ledger/ledger.ts';
import { Chain, HOSTS } from '../support/chain.ts';
import { Inbox, openWebSocket, serveWebSockets } from '../support/websocket.ts';
import { type CreateMessage, laneEvents } from '../support/websocket-responses.ts';

const URL = `wss://${HOSTS.openai}/v1/responses`;

describe.each(['h2', 'h1'] as const)('Responses over WebSocket, hop %s', (hop) => {
  let chain: Chain;
  let reader: LedgerReader;
  let served: WebSocket[] = [];
  /** What the origin does with a request; by default it answers with the text of the request. */
  let serve: (socket: WebSocket, create: CreateMessage, id: string) => void;
  let count = 0;

  const answer = (socket: WebSocket, create: CreateMessage, id: string) => {
    const reply = { model: 'gpt-5-mini', text: `answer to ${String(create.input)}` };
    for (const event of laneEvents(reply, create.stream_id, id)) socket.send(event);
  };

  beforeAll(async () => {
    chain = await Chain.start({ hop });
    reader = await chain.reader();
    serveWebSockets(
      chain.origin,
      (socket) => {
        served.push(socket);
        socket.on('message', (data) => {
          count += 1;
          serve(socket, JSON.parse(String(data)) as CreateMessage, `resp_${count}`);
        });
      },
      { perMessageDeflate: { threshold: 0 } },
    );
    serve = answer;
  });

  afterEach(async () => {
    for (const socket of served) if (socket.readyState !== socket.CLOSED) await once(socket, 'close');
    served = [];
    serve = answer;
    expect(chain.origin.openSockets).toBe(0);
  });

  afterAll(async () => {
    await chain?.stop();
  });

  const create = (input: string, lane?: string) =>
    JSON.stringify({ type: 'response.create', model: 'gpt-5-mini', input, ...(lane && { stream_id: lane }) });

  /** Reads until the response is over. */
  async function finished(inbox: Inbox): Promise<Record<string, unknown>[]> {
    const events: Record<string, unknown>[] = [];
    do events.push(await inbox.event());
    while (!/completed|failed|incomplete|error/.test(String(events.at(-1)?.type)));
    return events;
  }

  const about = (text: string) => chain.verdict((verdict) => verdict.latest_user_message === text);

  it.each([false, true])('records and judges each response, compressed: %s', async (compressed) => {
    const socket = await openWebSocket(chain, URL, { perMessageDeflate: compressed && { threshold: 0 } });
    const inbox = new Inbox(socket);
    for (const turn of ['first', 'second']) {
      const input = `${turn} ${hop} ${compressed}`;
      socket.send(create(input));
      expect((await finished(inbox)).at(-1)?.type).toBe('response.completed');
      const verdict = await about(input);
      expect(verdict).toMatchObject({
        api: 'openai.responses_websocket',
        streamed: true,
        status: 200,
        model_requested: 'gpt-5-mini',
        tokens_in: 42,
        coverage: { level: 'full', reasons: [] },
      });
      const view = await reader.exchange(verdict.exchange_id);
      expect(view?.completed).toMatchObject({ outcome: 'complete' });
      expect(JSON.stringify(view)).toContain(`answer to ${input}`);
    }
    socket.close();
    await once(socket, 'close');
  });

  it('has the record committed before the origin sees the request, and complete before the last event', async () => {
    const socket = await openWebSocket(chain, URL);
    const inbox = new Inbox(socket);
    const input = `known ${hop}`;
    let known: unknown = null;
    serve = (peer, message, id) => {
      void reader.unjudged({ limit: 10 }).then((open) => {
        known = open.find((exchange) => exchange.opened.path === '/v1/responses')?.completed;
        answer(peer, message, id);
      });
    };
    socket.send(create(input));
    await finished(inbox);
    expect(known).toBeNull();
    const ids = (await reader.verdicts({ limit: 100 })).map((verdict) => verdict.exchange_id);
    const { exchange_id } = await about(input);
    expect(ids.includes(exchange_id) || (await reader.exchange(exchange_id))?.completed !== null).toBe(true);
    socket.close();
    await once(socket, 'close');
  });

  it('never mixes lanes', async () => {
    const lanes = ['a', 'b', 'c'];
    const waiting: string[][] = [];
    serve = (socket, message, id) => {
      waiting.push(
        laneEvents({ model: 'gpt-5-mini', text: `for ${message.stream_id}`, deltaLength: 2 }, message.stream_id, id),
      );
      if (waiting.length < lanes.length) return;
      // One event of each in turn.
      while (waiting.some((events) => events.length > 0))
        for (const events of waiting) {
          const event = events.shift();
          if (event !== undefined) socket.send(event);
        }
    };
    const socket = await openWebSocket(chain, URL);
    const inbox = new Inbox(socket);
    for (const lane of lanes) socket.send(create(`ask ${lane} ${hop}`, lane));
    for (const _ of lanes) await finished(inbox);
    for (const lane of lanes) {
      const view = await reader.exchange((await about(`ask ${lane} ${hop}`)).exchange_id);
      const text = JSON.stringify(view);
      for (const other of lanes) expect(text.includes(`for ${other}`)).toBe(other === lane);
    }
    socket.close();
    await once(socket, 'close');
  });

  it('keeps what came of a response that broke', async () => {
    const input = `broken ${hop}`;
    serve = (socket, message, id) => {
      const events = laneEvents({ model: 'gpt-5-mini', text: 'half of it' }, message.stream_id, id);
      for (const event of events.slice(0, 5)) socket.send(event);
      socket.close(1011, 'broken');
    };
    const socket = await openWebSocket(chain, URL);
    const gone = once(socket, 'close');
    socket.send(create(input));
    const verdict = await about(input);
    expect(verdict.coverage.level).toBe('partial');
    expect(verdict.coverage.reasons).toContain('stream_broken');
    expect((await reader.exchange(verdict.exchange_id))?.completed).toMatchObject({ outcome: 'origin_failed' });
    expect((await gone)[0]).toBe(1011);
  });

  it('notes a client that breaks off in the middle', async () => {
    const input = `left ${hop}`;
    serve = (socket, message, id) => {
      for (const event of laneEvents({ model: 'gpt-5-mini', text: 'half' }, message.stream_id, id).slice(0, 5))
        socket.send(event);
    };
    const socket = await openWebSocket(chain, URL);
    const inbox = new Inbox(socket);
    socket.send(create(input));
    await inbox.next();
    socket.terminate();
    const verdict = await about(input);
    expect(verdict.coverage.reasons).toContain('client_aborted');
  });
});
