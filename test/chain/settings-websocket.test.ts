/** Contract: of one WebSocket message so much is copied for the judge; the message itself passes whole. */

import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Verdict } from '../../judge-proxy/ledger/records.ts';
import type { RunningSettings } from '../support/settings-running.ts';
import { JUDGED, SettingsWorld } from '../support/settings-world.ts';
import { Inbox, openWebSocket, serveWebSockets } from '../support/websocket.ts';
import { answerResponses } from '../support/websocket-responses.ts';

const LONG = 'long '.repeat(1_000);
let world: SettingsWorld;

beforeAll(async () => {
  world = await SettingsWorld.make();
  serveWebSockets(world.origin, (socket) =>
    answerResponses(socket, ({ model = '' }) => ({ model, text: LONG, deltaLength: 5_000 })),
  );
});
afterAll(async () => {
  await world?.close();
});

/** One response over WebSocket: what the client was told in all, and the verdict on it. */
async function respond(running: RunningSettings, model: string, input: string) {
  const proxyUrl = `http://127.0.0.1:${running.port}`;
  const way = { proxyUrl, caFile: world.certificates.interceptionCaCert };
  const socket = await openWebSocket(way, `wss://${JUDGED.a}/v1/responses`);
  const inbox = new Inbox(socket);
  socket.send(JSON.stringify({ type: 'response.create', model, input }));
  let text = '';
  let event: Record<string, unknown>;
  do {
    event = await inbox.event();
    if (event.type === 'response.output_text.delta') text += String(event.delta);
  } while (event.type !== 'response.completed');
  socket.close();
  await once(socket, 'close');
  const line = await running.event('verdict', (candidate) => candidate.model_requested === model);
  return { text, verdict: line as unknown as Verdict };
}

it('websocket_message: of a longer message so much is judged', async () => {
  const usual = await respond(await world.start(), 'usual', 'hello');
  expect(usual.text).toBe(LONG);
  expect(usual.verdict).toMatchObject({ state: 'scored', coverage: { level: 'full', reasons: [] } });
  const small = await respond(
    await world.start({ config: { limits: { websocket_message: '2KiB' } } }),
    'small',
    'hello',
  );
  expect(small.text).toBe(LONG);
  expect(small.verdict).toMatchObject({
    state: 'truncated_input',
    coverage: { level: 'partial' },
    overall: { label: 'undetermined' },
  });
  expect(small.verdict.coverage.reasons).toContain('response_truncated');
});
