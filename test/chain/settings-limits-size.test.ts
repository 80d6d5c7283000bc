/**
 * Contract: each limit on number and size binds, and says so. What it refuses or cuts in one judge proxy passes whole in
 * another that runs beside it with the limits that ship.
 */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { TLSSocket } from 'node:tls';
import { brotliCompressSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectThrough, tlsThrough } from '../support/clients.ts';
import { judgeModelHandler } from '../support/judge-model.ts';
import { openAiHandler } from '../support/openai-origin.ts';
import { chatCompletion } from '../support/openai-shapes.ts';
import type { OriginHandler } from '../support/origin.ts';
import { chat, getThrough, send } from '../support/settings-requests.ts';
import type { RunningSettings } from '../support/settings-running.ts';
import { JUDGED, SettingsWorld, TUNNELLED } from '../support/settings-world.ts';

let world: SettingsWorld;
let usual: RunningSettings;
/** One or two of everything that is counted, and little time to decode. */
let few: RunningSettings;
/** Little room for everything that has a size. */
let small: RunningSettings;
let ca: string;

beforeAll(async () => {
  world = await SettingsWorld.make();
  // As shipped, but for the one limit that a busy machine could reach.
  usual = await world.start({ config: { limits: { decode_time: '1m' } } });
  few = await world.start({
    config: {
      limits: {
        tunnels: 1,
        exchanges: 2,
        pools: 1,
        leaf_certificates: 1,
        judge_queue: 1,
        judge_concurrency: 1,
        request_copy: '4KiB',
        response_copy: '4KiB',
        copies: '4KiB',
        decode_time: '1ms',
      },
    },
  });
  small = await world.start({
    config: {
      limits: {
        header_block: '8KiB',
        connections_per_origin: 1,
        request_copy: '2KiB',
        response_copy: '1KiB',
        decoded_copy: '8KiB',
      },
    },
  });
  ca = await readFile(world.certificates.interceptionCaCert, 'utf8');
});
afterAll(async () => {
  await world?.close();
});
beforeEach(() => {
  world.answer = openAiHandler();
});

describe('counts', () => {
  it('tunnels: one too many is refused', async () => {
    const opened = async (at: RunningSettings) => {
      const first = await connectThrough(at.port, `${TUNNELLED}:443`);
      const second = await connectThrough(at.port, `${TUNNELLED}:443`);
      for (const { socket } of [first, second]) socket.destroy();
      await at.event('tunnel_closed', (line) => line.host === TUNNELLED);
      return second.head;
    };
    expect(await opened(usual)).toMatch(/^HTTP\/1.1 200/);
    expect(await opened(few)).toContain('x-judge-code: too_many_tunnels');
  });

  it('exchanges: one too many is refused', async () => {
    for (const [running, expected] of [
      [usual, { status: 200, code: undefined }],
      [few, { status: 503, code: 'too_many_exchanges' }],
    ] as const) {
      const held = hold(2);
      world.answer = held.handler;
      const two = [send(running.port, { host: JUDGED.a }), send(running.port, { host: JUDGED.a })];
      await held.arrived;
      expect(await send(running.port, { host: JUDGED.a })).toMatchObject(expected);
      held.release();
      expect(await Promise.all(two)).toMatchObject([{ status: 200 }, { status: 200 }]);
    }
  });

  it('connections_per_origin: a request more than there are connections waits for one', async () => {
    for (const [running, expected] of [
      [usual, ['second', 'first']],
      [small, ['first', 'second']],
    ] as const) {
      const held = hold(1);
      world.answer = held.handler;
      const order: string[] = [];
      const first = send(running.port, { host: JUDGED.b }).then(() => order.push('first'));
      await held.arrived;
      const second = send(running.port, { host: JUDGED.b }).then(() => order.push('second'));
      // With a connection of its own the second one is answered. Without, it waits where nobody sees it but the proxy,
      // which meanwhile carries a later request to another origin and back.
      if (running === small) await running.measured('exchanges_active', 2);
      else await second;
      await send(running.port, { host: JUDGED.a });
      held.release();
      await Promise.all([first, second]);
      expect(order).toEqual(expected);
    }
  });

  it('pools: connections of the origin that was used longest ago are given up', async () => {
    const connections = async (at: RunningSettings) => {
      const from = world.plainOrigin.seen.length;
      for (const host of [JUDGED.a, JUDGED.b, JUDGED.a]) await send(at.port, { host });
      const [first, second, third] = world.plainOrigin.seen.slice(from).map((seen) => seen.connection);
      expect(second).not.toBe(first);
      return third === first ? 'kept' : 'new';
    };
    expect(await connections(usual)).toBe('kept');
    expect(await connections(few)).toBe('new');
  });

  it('leaf_certificates: one that had to go is made anew', async () => {
    const serials = async (at: RunningSettings) => {
      const shown: (string | undefined)[] = [];
      for (const host of [JUDGED.a, JUDGED.b, JUDGED.a]) {
        const closed = at.next('tunnel_closed');
        const socket: TLSSocket = await tlsThrough(at.port, `${host}:443`, ca);
        shown.push(socket.getPeerX509Certificate()?.serialNumber);
        socket.destroy();
        await closed;
      }
      expect(shown[0]).toBeDefined();
      return shown[2] === shown[0] ? 'kept' : 'new';
    };
    expect(await serials(usual)).toBe('kept');
    expect(await serials(few)).toBe('new');
  });

  it('judge_concurrency and judge_queue: one asks, one waits, and the third verdict says why there is none', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    world.judgement = async (...asked) => {
      await released;
      await judgeModelHandler()(...asked);
    };
    let asked = 0;
    const count = () => {
      asked += 1;
    };
    world.judgeModel.events.on('request', count);
    const ids = ['queue-1', 'queue-2', 'queue-3'];
    for (const id of ids) await chat(few.port, JUDGED.a, id);
    expect(await few.verdict('queue-3')).toMatchObject({
      state: 'queue_full',
      coverage: { reasons: ['model_failed'] },
    });
    if (asked === 0) await once(world.judgeModel.events, 'request');
    expect(asked).toBe(1);
    for (const id of ids) await chat(usual.port, JUDGED.a, id);
    while (asked < 4) await once(world.judgeModel.events, 'request');
    release();
    for (const [running, id] of [...ids.map((id) => [usual, id] as const), [few, 'queue-1'], [few, 'queue-2']] as const)
      expect(await running.verdict(id)).toMatchObject({ state: 'scored' });
    world.judgeModel.events.off('request', count);
    expect(asked).toBe(5);
  });
});

describe('sizes', () => {
  const long = 'h'.repeat(10_000);

  it('header_block: of a request on a listener', async () => {
    const request = { host: JUDGED.a, headers: { 'x-long': long } };
    expect(await send(usual.port, request)).toMatchObject({ status: 200 });
    expect(await send(small.port, request)).toMatchObject({ status: 431, code: 'header_too_large' });
  });

  it('header_block: of a request in a tunnel', async () => {
    expect(await getThrough(usual.port, JUDGED.a, ca, `/${long}/models`)).toMatch(/^HTTP\/1.1 200/);
    expect(await getThrough(small.port, JUDGED.a, ca, `/${long}/models`)).toContain('x-judge-code: header_too_large');
  });

  it('header_block: of the answer of an origin', async () => {
    world.answer = (_seen, response) => void response.setHeader('x-long', long).end('well');
    expect(await send(usual.port, { host: JUDGED.a })).toMatchObject({ status: 200, body: 'well' });
    expect(await send(small.port, { host: JUDGED.a })).toMatchObject({ status: 502, code: 'origin_protocol' });
  });

  it('request_copy: what is longer is judged in part, and delivered whole', async () => {
    const text = 'a long question '.repeat(200);
    expect(await reasons(usual, 'request-copy', text)).toEqual([]);
    world.answer = openAiHandler({ script: () => ({ kind: 'reply', text: 'short' }) });
    expect(await reasons(small, 'request-copy', text)).toEqual(['request_truncated']);
    expect(world.plainOrigin.seen.at(-1)?.body.toString()).toContain(text);
  });

  it('response_copy: what is longer is judged in part, and delivered whole', async () => {
    const text = 'a long answer '.repeat(120);
    world.answer = openAiHandler({ script: () => ({ kind: 'reply', text }) });
    expect(await reasons(usual, 'response-copy', 'short')).toEqual([]);
    const answer = await chat(small.port, JUDGED.a, 'response-copy', 'short');
    expect(answer.body).toContain(text);
    expect((await small.verdict('response-copy')).coverage.reasons).toEqual(['response_truncated']);
  });

  it('copies: all copies together have room for so much, and what has none is not judged', async () => {
    // Each body fits its own limit; both together do not fit the budget.
    const text = 'two of these are too much '.repeat(100);
    world.answer = openAiHandler({ script: () => ({ kind: 'reply', text }) });
    expect(await reasons(usual, 'copies', text)).toEqual([]);
    expect(await reasons(few, 'copies', text)).toContain('copy_budget_exhausted');
  });

  it('decoded_copy: decoding stops there', async () => {
    world.answer = compressed('d'.repeat(20_000));
    expect(await reasons(usual, 'decoded-copy', 'short')).toEqual([]);
    expect(await reasons(small, 'decoded-copy', 'short')).toContain('decode_limit');
  });

  it('decode_time: decoding stops after it', async () => {
    world.answer = compressed('t'.repeat(3_500_000));
    expect(await reasons(usual, 'decode-time', 'short')).not.toContain('decode_limit');
    expect(await reasons(few, 'decode-time', 'short')).toContain('decode_limit');
  });

  /** What was not judged of one chat, and why. */
  async function reasons(at: RunningSettings, id: string, text: string): Promise<readonly string[]> {
    expect(await chat(at.port, JUDGED.a, id, text)).toMatchObject({ status: 200 });
    return (await at.verdict(id)).coverage.reasons;
  }
});

/** Answers the first requests, so many of them, when they are released, and all others at once. */
function hold(count: number): { handler: OriginHandler; arrived: Promise<void>; release: () => void } {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: arrived, resolve: haveArrived } = Promise.withResolvers<void>();
  let seen = 0;
  const handler: OriginHandler = async (_seen, response) => {
    seen += 1;
    if (seen === count) haveArrived();
    if (seen <= count) await released;
    response.end('answer');
  };
  return { handler, arrived, release };
}

/** A completion with this text, under a content coding that makes next to nothing of it. */
function compressed(text: string): OriginHandler {
  const body = brotliCompressSync(JSON.stringify(chatCompletion({ model: 'compressed', text })));
  return (_seen, response) =>
    void response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'br' }).end(body);
}
