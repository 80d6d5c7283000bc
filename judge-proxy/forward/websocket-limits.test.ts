/**
 * Contract: neither side of a WebSocket makes us keep more than the limits say, whether it floods or does not read; what
 * ends in the middle of anything leaves nothing behind; a connection on which nothing was asked is known all the same.
 */

import { deflateRawSync } from 'node:zlib';
import { afterEach, describe, expect, it, test } from 'vitest';
import { routeConfig } from '../config/testing/route.ts';
import { TimeBudget } from '../exchange/websocket-deflate.ts';
import { OPCODE, writeFrame } from '../exchange/websocket-frames.ts';
import { HOST, gate as latch, Rig } from '../intercept/testing/rig.ts';
import { quiet } from './testing/gated-rig.ts';
import { ScriptedRecorder } from './testing/scripted-recorder.ts';
import {
  create,
  type Ends,
  event,
  fromClient,
  fromOrigin,
  handshake,
  openEnds,
  shutEnds,
} from './testing/websocket-ends.ts';

const BASE = { name: 'held', hosts: [HOST], action: 'terminate', judge: 'default' } as const;
const DEFLATE = { answer: 'Sec-WebSocket-Extensions: permessage-deflate\r\n' };

let rig: Rig;
afterEach(async () => {
  await rig?.close();
  expect(rig?.forwarder.active ?? 0).toBe(0);
  expect(rig?.budget.held ?? 0).toBe(0);
  expect(rig?.held.held ?? 0).toBe(0);
});

test('time that a connection did not use to be read is not saved up', () => {
  let now = 0;
  const budget = new TimeBudget(250, () => now);
  now = 3_600_000;
  const spend = () =>
    budget.run(() => {
      now += 100;
    });
  let spent = 0;
  while (budget.left && spent < 100) {
    spend();
    spent += 1;
  }
  expect(spent).toBeLessThan(5);
  now += 10_000;
  expect(budget.left).toBe(true);
});

test('an open connection takes no place of requests: its tunnel is counted already', async () => {
  rig = await Rig.start({ raw: true, limits: { exchanges: 1 }, recorder: new ScriptedRecorder({}) });
  const first = await openEnds(rig);
  const second = await openEnds(rig);
  expect(rig.forwarder.webSockets).toBe(2);
  first.client.stream.destroy();
  await first.origin.untilClosed();
  await shutEnds(rig, second);
});

describe('a connection on which nothing was asked', () => {
  it('is a line for the reviewer when it closes', async () => {
    const recorder = new ScriptedRecorder({});
    rig = await Rig.start({ raw: true, recorder });
    const ends = await openEnds(rig);
    const ping = fromClient('ping', OPCODE.ping);
    ends.client.write(ping);
    await ends.origin.includes(ping.toString('latin1'));
    await shutEnds(rig, ends);
    expect(recorder.starts).toHaveLength(0);
    expect(recorder.unjudgedOnes).toMatchObject([
      { action: 'tunnel', code: null, reason: 'websocket_without_request', bytesUp: ping.length, bytesDown: 0 },
    ]);
  });

  it('is none when something was', async () => {
    const recorder = new ScriptedRecorder({});
    rig = await Rig.start({ raw: true, recorder });
    const ends = await openEnds(rig);
    ends.client.write(fromClient(create('a')));
    await recorder.until(() => recorder.starts.length === 1);
    await shutEnds(rig, ends);
    expect(recorder.unjudgedOnes).toEqual([]);
  });
});

it('open WebSockets are counted', async () => {
  rig = await Rig.start({ raw: true });
  expect(rig.forwarder.webSockets).toBe(0);
  const read = await openEnds(rig);
  const unread = await openEnds(rig, '/chat');
  expect(rig.forwarder.webSockets).toBe(2);
  await shutEndsOf([read, unread]);
  expect(rig.forwarder.webSockets).toBe(0);
});

async function shutEndsOf(all: readonly Ends[]): Promise<void> {
  for (const { client } of all) client.stream.destroy();
  for (const { origin } of all) await origin.untilClosed();
  await rig.until(() => rig.forwarder.active === 0);
}

describe('a flood', () => {
  it('of input for one response that is judged message by message stops being read', async () => {
    const judging = latch();
    const recorder = new ScriptedRecorder({
      clear: async () => {
        await judging.opened;
        return null;
      },
    });
    rig = await Rig.start({ raw: true, recorder, route: routeConfig({ ...BASE, hold_request: true }) });
    const ends = await openEnds(rig);
    const steer = fromClient(event('response.steer', { previous_response_id: 'r', input: 'x' }));
    const many = Buffer.concat(Array.from({ length: 300 }, () => steer));
    for (let i = 0; i < 100; i += 1) ends.client.write(many);
    await quiet();
    await quiet();
    expect(recorder.starts.length).toBeLessThan(2_000);
    judging.open();
    await shutEnds(rig, ends);
  });

  it('of responses that nobody asked for is one that cannot be read', async () => {
    const recorder = new ScriptedRecorder({});
    rig = await Rig.start({ raw: true, recorder });
    const ends = await openEnds(rig);
    const flood = Buffer.concat(
      Array.from({ length: 5_000 }, (_, i) =>
        fromOrigin(event('response.created', { stream_id: `lane-${i}`, response: { id: `r${i}` } })),
      ),
    );
    ends.origin.write(flood);
    await rig.until(() => ends.atClient().length === flood.length);
    expect(recorder.starts.length).toBeLessThan(600);
    await shutEnds(rig, ends);
  });

  it.each([
    ['tiny frames', Buffer.concat(Array.from({ length: 20_000 }, () => fromClient('', OPCODE.ping)))],
    [
      'tiny fragments',
      Buffer.concat([
        Buffer.from([0x01, 0x80, 1, 2, 3, 4]),
        ...Array.from({ length: 16_000 }, () => Buffer.from([0x00, 0x81, 1, 2, 3, 4, 5])),
        Buffer.from([0x80, 0x80, 1, 2, 3, 4]),
      ]),
    ],
  ])('of %s passes as it was sent', async (_name, bytes) => {
    rig = await Rig.start({ raw: true });
    const ends = await openEnds(rig);
    const before = process.cpuUsage();
    ends.client.write(bytes);
    await rig.until(() => ends.atOrigin().length === bytes.length);
    const { user, system } = process.cpuUsage(before);
    expect(ends.atOrigin()).toBe(bytes.toString('latin1'));
    expect((user + system) / 1e6).toBeLessThan(4);
    await shutEnds(rig, ends);
  });

  it('of compressed messages is read no longer than its time, and passes', async () => {
    rig = await Rig.start({ raw: true, limits: { decode_time: '20ms' } });
    const ends = await openEnds(rig, '/v1/responses', DEFLATE);
    const frame = Buffer.from(
      writeFrame(OPCODE.text, deflateRawSync(Buffer.alloc(3 << 20, ' ')), Uint8Array.of(1, 2, 3, 4)),
    );
    frame[0] = 0xc1;
    const bytes = Buffer.concat(Array.from({ length: 200 }, () => frame));
    ends.client.write(bytes);
    await rig.until(() => ends.atOrigin().length === bytes.length);
    await shutEnds(rig, ends);
  });
});

describe('a side that does not read', () => {
  const FLOOD = 192;
  const megabyte = Buffer.alloc(1 << 20, 'x');

  /** Writes until nothing is taken any more. @returns MiB that were */
  async function fill(stream: Ends['client']['stream'], frame: Buffer): Promise<number> {
    let sent = 0;
    while (sent < FLOOD) {
      stream.write(frame);
      sent += 1;
      for (let i = 0; i < 500 && stream.writableNeedDrain; i += 1)
        await new Promise((resolve) => setImmediate(resolve));
      if (stream.writableNeedDrain) return sent;
    }
    return sent;
  }

  it.each(['/v1/responses', '/chat'])('is waited for: client of %s', async (path) => {
    rig = await Rig.start({ raw: true });
    const ends = await openEnds(rig, path);
    ends.client.stream.pause();
    const before = process.memoryUsage().external;
    expect(await fill(ends.origin.stream, fromOrigin(megabyte, OPCODE.binary))).toBeLessThan(FLOOD);
    expect(process.memoryUsage().external - before).toBeLessThan(96 << 20);
    ends.client.stream.resume();
    await shutEnds(rig, ends);
  });

  it.each(['/v1/responses', '/chat'])('is waited for: origin of %s', async (path) => {
    rig = await Rig.start({ raw: true });
    const ends = await openEnds(rig, path);
    ends.origin.stream.pause();
    const before = process.memoryUsage().external;
    expect(await fill(ends.client.stream, fromClient(megabyte, OPCODE.binary))).toBeLessThan(FLOOD);
    expect(process.memoryUsage().external - before).toBeLessThan(96 << 20);
    ends.origin.stream.resume();
    await shutEnds(rig, ends);
  });
});

describe('the end, in every phase', () => {
  type Phase = (rig: Rig) => Promise<Pick<Ends, 'client' | 'origin'>>;
  const PHASES: readonly (readonly [string, Phase])[] = [
    [
      'before the origin has answered',
      async () => {
        const client = await rig.peer();
        client.write(handshake('/v1/responses'));
        const origin = await rig.raw.peer();
        await origin.includes('\r\n\r\n');
        return { client, origin };
      },
    ],
    ['of an idle connection', () => openEnds(rig)],
    ['of one that nobody reads', () => openEnds(rig, '/chat')],
    [
      'within a frame of the client',
      async () => {
        const ends = await openEnds(rig);
        ends.client.write(fromClient(create('a')).subarray(0, 9));
        await quiet();
        return ends;
      },
    ],
    [
      'within a response',
      async () => {
        const ends = await openEnds(rig);
        ends.client.write(fromClient(create('a')));
        await rig.until(() => ends.atOrigin().length > 0);
        ends.origin.write(fromOrigin(event('response.created', { response: { id: 'r' } })));
        ends.origin.write(fromOrigin(event('response.output_text.delta', { delta: 'x' })).subarray(0, 9));
        await quiet();
        return ends;
      },
    ],
    [
      'of one that speaks something else',
      async () => {
        const ends = await openEnds(rig);
        ends.origin.write(fromOrigin(event('session.created', { text: 'hello' })));
        await ends.client.includes('hello');
        return ends;
      },
    ],
  ];
  const ENDS: readonly (readonly [string, (ends: Pick<Ends, 'client' | 'origin'>) => void])[] = [
    ['a client that goes', ({ client }) => client.stream.destroy()],
    ['a client that ends', ({ client }) => client.stream.end()],
    ['an origin that goes', ({ origin }) => origin.stream.destroy()],
    ['an origin that ends', ({ origin }) => origin.stream.end()],
  ];

  test.each(PHASES.flatMap(([phase, begin]) => ENDS.map(([end, act]) => [phase, end, begin, act] as const)))(
    '%s: %s leaves nothing',
    async (_phase, _end, begin, act) => {
      rig = await Rig.start({ raw: true });
      const ends = await begin(rig);
      act(ends);
      await Promise.all([ends.client.untilClosed(), ends.origin.untilClosed()]);
      await rig.until(() => rig.forwarder.active === 0);
      expect(rig.ledger.completed).toHaveLength(rig.ledger.opened.length);
    },
  );

  test('shutdown closes one that speaks something else between two messages', async () => {
    rig = await Rig.start({ raw: true });
    const ends = await openEnds(rig);
    ends.origin.write(fromOrigin(event('session.created', { text: 'hello' })));
    await ends.client.includes('hello');
    const drained = rig.forwarder.drain();
    expect(await ends.client.untilClosed()).toContain('shutting_down');
    await drained;
  });
});
