/**
 * Contract: on a route that holds no compression is offered to the origin, and one that it takes nevertheless is none;
 * in `observe` the offer passes as it came.
 */

import { afterEach, expect, test } from 'vitest';
import { routeConfig } from '../config/testing/route.ts';
import { HOST, Rig } from '../intercept/testing/rig.ts';
import { ScriptedRecorder } from './testing/scripted-recorder.ts';
import { handshake, openEnds, SWITCH, shutEnds } from './testing/websocket-ends.ts';

const OFFER = 'Sec-WebSocket-Extensions: permessage-deflate\r\n';
const BASE = { name: 'held', hosts: [HOST], action: 'terminate', judge: 'default' } as const;

let rig: Rig;
afterEach(async () => {
  await rig.close();
  expect(rig.forwarder.active).toBe(0);
});

test.each([
  ['answers', { mode: 'hold' }],
  ['requests', { hold_request: true }],
] as const)('where %s are held, the origin may not take what nobody offered', async (_what, held) => {
  rig = await Rig.start({ raw: true, route: routeConfig({ ...BASE, ...held }), recorder: new ScriptedRecorder({}) });
  const client = await rig.peer();
  client.write(handshake('/v1/responses', OFFER));
  const origin = await rig.raw.peer();
  expect(await origin.includes('\r\n\r\n')).not.toMatch(/extensions/i);
  origin.write(`${SWITCH}${OFFER}\r\n`);
  expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 502 .*x-judge-code: origin_protocol/s);
  await origin.untilClosed();
});

test('in observe it may', async () => {
  rig = await Rig.start({ raw: true });
  const ends = await openEnds(rig, '/v1/responses', { offer: OFFER, answer: OFFER });
  expect(ends.origin.text).toContain(OFFER);
  expect(ends.client.text).toContain(OFFER);
  await shutEnds(rig, ends);
});
