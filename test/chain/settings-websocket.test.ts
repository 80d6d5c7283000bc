/** Contract: what the settings for WebSockets do, seen from both ends of the chain. */

import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Chain, HOSTS } from '../support/chain.ts';
import { Inbox, openWebSocket, serveWebSockets } from '../support/websocket.ts';
import { answerResponses } from '../support/websocket-responses.ts';

let chain: Chain;
let seen: string[] = [];

beforeAll(async () => {
  chain = await Chain.start({ hop: 'h2', config: { limits: { websocket_message: '2KiB', tunnel_idle: '1s' } } });
  serveWebSockets(chain.origin, (socket) => {
    socket.on('message', (data) => seen.push(String(data)));
    answerResponses(socket, () => ({ model: 'gpt-5-mini', text: 'understood' }));
  });
});

afterAll(async () => {
  await chain?.stop();
});

it('websocket_message: of a longer message so much is judged', async () => {
  const reader = await chain.reader();
  const socket = await openWebSocket(chain, `wss://${HOSTS.openai}/v1/responses`);
  const inbox = new Inbox(socket);
  seen = [];
  const input = `long one ${'word '.repeat(1_000)} its very end`;
  const message = JSON.stringify({ type: 'response.create', model: 'gpt-5-mini', input });
  socket.send(message);
  for (;;) if ((await inbox.event()).type === 'response.completed') break;
  expect(seen).toEqual([message]);
  const verdict = await chain.verdict((candidate) => candidate.latest_user_message?.startsWith('long one') === true);
  expect(verdict.coverage).toEqual({ level: 'partial', reasons: ['request_truncated'] });
  const kept = JSON.stringify(await reader.exchange(verdict.exchange_id));
  expect(kept).toContain('understood');
  expect(kept).not.toContain('its very end');
  socket.close();
  await once(socket, 'close');
});

it('tunnel_idle: a connection on which nothing passes is closed', async () => {
  const socket = await openWebSocket(chain, `wss://${HOSTS.openai}/v1/responses`);
  await once(socket, 'close');
  expect(chain.origin.openSockets).toBe(0);
});
