/**
 * Contract, a WebSocket on a route that holds, with nothing allowed unjudged: no form that an origin gives its words, and
 * no place where it puts them, brings them to the client before their verdict. And none that a client gives its request
 * brings that to the origin where requests are held.
 */

import { afterEach, describe, expect, test } from 'vitest';
import { routeConfig } from '../config/testing/route.ts';
import { OPCODE } from '../exchange/websocket-frames.ts';
import { HOST, Rig } from '../intercept/testing/rig.ts';
import { quiet } from './testing/gated-rig.ts';
import { blocked, ScriptedRecorder } from './testing/scripted-recorder.ts';
import { create, event, fromClient, fromOrigin, openEnds, shutEnds } from './testing/websocket-ends.ts';

const WORDS = 'words that the judge refuses';
const BASE = { name: 'held', hosts: [HOST], action: 'terminate', judge: 'default' } as const;
const delta = event('response.output_text.delta', { response_id: 'r1', delta: WORDS });

const flagged = (frame: Buffer, first: number): Buffer => {
  frame[0] = first;
  return frame;
};
const HALF = Math.floor(delta.length / 2);

/** What the origin sends, with a response r1 of the lane without a name under way. */
const FORMS: readonly (readonly [string, Buffer])[] = [
  ['an event', fromOrigin(delta)],
  ['bytes', fromOrigin(delta, OPCODE.binary)],
  [
    'fragments',
    Buffer.concat([
      flagged(fromOrigin(delta.slice(0, HALF)), OPCODE.text),
      fromOrigin('ping', OPCODE.ping),
      fromOrigin(delta.slice(HALF), OPCODE.continuation),
    ]),
  ],
  ['a compressed frame that nobody agreed on', flagged(fromOrigin(delta), 0xc1)],
  ['a frame of a reserved kind', flagged(fromOrigin(delta), 0x83)],
  ['a masked frame', fromClient(delta)],
  ['a type that we do not know', fromOrigin(event('assistant.text', { text: WORDS }))],
  ['no type', fromOrigin(JSON.stringify({ text: WORDS }))],
  ['no object', fromOrigin(JSON.stringify([WORDS]))],
  ['no JSON', fromOrigin(WORDS)],
  ['a byte order mark', fromOrigin(`\u{feff}${delta}`)],
  ['invalid UTF-8', fromOrigin(Buffer.concat([Buffer.from([0xff]), Buffer.from(delta)]))],
  ['another lane', fromOrigin(event('response.output_text.delta', { stream_id: 'x', delta: WORDS }))],
  ['another response', fromOrigin(event('response.output_text.delta', { response_id: 'r9', delta: WORDS }))],
  ['what the session tells', fromOrigin(event('keepalive', { text: WORDS }))],
  ['limits', fromOrigin(event('codex.rate_limits', { limits: [{ name: WORDS }] }))],
  ['a name within limits', fromOrigin(event('codex.rate_limits', { limits: { [WORDS]: 1 } }))],
  ['an error of a response', fromOrigin(event('error', { error: { message: WORDS } }))],
  ['an error of none', fromOrigin(event('error', { stream_id: 'x', error: { message: WORDS } }))],
  ['steering', fromOrigin(event('response.steer.failed', { error: { message: WORDS } }))],
  ['two values', fromOrigin(`{"type":"keepalive"}${delta}`)],
  ['a type twice', fromOrigin(`{"type":"response.output_text.delta","delta":"${WORDS}","type":"keepalive"}`)],
  ['a type written otherwise', fromOrigin(`{"delta":"${WORDS}","ty\\u0070e":"keepalive"}`)],
  ['what is broken off', fromOrigin(`{"type":"keepalive","text":"${WORDS}`)],
  ['a member that is named like a path', fromOrigin(`{"response.id":"r1","type":"keepalive","x":"${WORDS}"}`)],
  ['a new response on a used lane', fromOrigin(event('response.created', { response: { id: 'r2', output: WORDS } }))],
];

let rig: Rig;
afterEach(async () => {
  await rig.close();
  expect(rig.forwarder.active).toBe(0);
  expect(rig.budget.held).toBe(0);
  expect(rig.held.held).toBe(0);
});

describe('what is held does not come', () => {
  const start = async () => {
    const recorder = new ScriptedRecorder({ gate: () => {}, finish: () => blocked() });
    rig = await Rig.start({ raw: true, recorder, route: routeConfig({ ...BASE, mode: 'hold' }) });
    return recorder;
  };

  test.each(FORMS)('in %s, while a response is under way', async (_name, bytes) => {
    const recorder = await start();
    const ends = await openEnds(rig);
    ends.client.write(fromClient(create('a')));
    await recorder.until(() => recorder.starts.length === 1);
    ends.origin.write(fromOrigin(event('response.created', { response: { id: 'r1' } })));
    ends.origin.write(bytes);
    ends.origin.write(fromOrigin(event('response.completed', { response: { id: 'r1', output: WORDS } })));
    ends.origin.stream.end();
    expect(await ends.client.untilClosed()).not.toContain(WORDS);
    await rig.until(() => rig.forwarder.active === 0);
  });

  test.each(FORMS)('in %s, before anything was asked and when it is over', async (_name, bytes) => {
    const recorder = await start();
    const ends = await openEnds(rig, '/v1/responses', { early: bytes });
    ends.client.write(fromClient(create('a')));
    await quiet();
    ends.origin.write(fromOrigin(event('response.created', { response: { id: 'r1' } })));
    ends.origin.write(fromOrigin(event('response.completed', { response: { id: 'r1' } })));
    ends.origin.write(bytes);
    ends.origin.stream.end();
    expect(await ends.client.untilClosed()).not.toContain(WORDS);
    await rig.until(() => rig.forwarder.active === 0);
    expect(recorder.ends).toHaveLength(recorder.starts.length);
  });

  test('but what tells of the session, and pings, come at once', async () => {
    await start();
    const ends = await openEnds(rig);
    const frames = [
      fromOrigin(event('codex.rate_limits', { plan_type: 'pro', rate_limits: { primary: { used_percent: 12.5 } } })),
      fromOrigin('still there?', OPCODE.ping),
      fromOrigin(event('response.steer.accepted', { previous_response_id: 'r0', stream_id: 'lane-1' })),
    ];
    ends.origin.write(Buffer.concat(frames));
    await rig.until(() => ends.atClient().length === Buffer.concat(frames).length);
    expect(ends.atClient()).toBe(Buffer.concat(frames).toString('latin1'));
    await shutEnds(rig, ends);
  });
});

/** What the client sends, in place of a request as it should be. */
const REQUESTS: readonly (readonly [string, Buffer])[] = [
  ['as it should be', fromClient(create(WORDS))],
  ['in bytes', fromClient(create(WORDS), OPCODE.binary)],
  [
    'in fragments',
    Buffer.concat([
      flagged(fromClient(create(WORDS).slice(0, 9)), OPCODE.text),
      fromClient(create(WORDS).slice(9), OPCODE.continuation),
    ]),
  ],
  ['compressed', flagged(fromClient(create(WORDS)), 0xc1)],
  ['without a mask', fromOrigin(create(WORDS))],
  ['of a type that we do not know', fromClient(JSON.stringify({ type: 'request', inner: create(WORDS) }))],
  ['of a type given twice', fromClient(`{"type":"x",${create(WORDS).slice(1)}`)],
  ['no JSON', fromClient(WORDS)],
  ['behind another value', fromClient(`{}${create(WORDS)}`)],
  ['to steer what is unknown', fromClient(event('response.steer', { previous_response_id: 'r0', input: WORDS }))],
  ['that names no response to steer', fromClient(event('response.steer', { input: WORDS }))],
];

describe('a request that is held', () => {
  test.each(REQUESTS)('does not reach the origin: %s', async (_name, bytes) => {
    const recorder = new ScriptedRecorder({ clear: () => blocked(), finish: () => blocked() });
    rig = await Rig.start({ raw: true, recorder, route: routeConfig({ ...BASE, hold_request: true }) });
    const ends = await openEnds(rig, '/v1/responses', { head: bytes });
    ends.client.write(bytes);
    ends.client.write(fromClient('the end', OPCODE.ping));
    await quiet();
    expect(ends.atOrigin()).not.toMatch(/input|words/);
    const plain = [...ends.origin.bytes].map((byte) => String.fromCharCode(byte)).join('');
    expect(plain).not.toContain(bytes.subarray(6).toString('latin1'));
    await shutEnds(rig, ends);
  });
});
