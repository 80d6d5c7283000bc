/**
 * Contract: a gated exchange ends once, whoever ends it. A client that goes away closes the gate at once and the origin
 * with it; an origin that fails is a refusal while nothing was released and a cut afterwards; nothing is left.
 */

import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { Hop } from '../intercept/testing/rig.ts';
import { GET, quiet, useGated } from './testing/gated-rig.ts';
import { blocked } from './testing/scripted-recorder.ts';

const { start, asked } = useGated();

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

describe.each<Hop>(['h1', 'h2'])('on the %s hop', (hop) => {
  test('a client that goes away while its answer is held ends gate and origin', async () => {
    const { recorder, settled } = await start({ gate: () => {} }, { hop, raw: true });
    const { client, origin, gate } = await asked(`${CHUNKED}4\r\nheld\r\n`);
    await recorder.until(() => gate.text === 'held');
    client.stream.destroy();
    await recorder.until(() => gate.closed > 0);
    await origin.untilClosed();
    await settled();
    expect(recorder.ends[0]).toMatchObject({ outcome: 'client_aborted', response: { total: 4, ended: false } });
    gate.outlet.stop();
    gate.outlet.resume();
    expect(gate.outlet.release(Buffer.from('x'))).toBe(false);
    expect(recorder.ends).toHaveLength(1);
  });

  test('a client that goes away while the gate has the origin paused ends both as well', async () => {
    const { recorder, settled } = await start({ gate: () => {} }, { hop, raw: true });
    const { client, origin, gate } = await asked(CHUNKED);
    gate.takesMore = false;
    origin.write('4\r\nheld\r\n');
    await recorder.until(() => gate.text === 'held');
    client.stream.destroy();
    await origin.untilClosed();
    await settled();
    expect(recorder.ends[0]).toMatchObject({ outcome: 'client_aborted' });
  });

  test('a client that goes away while the verdict is awaited closes the gate; the answer was there', async () => {
    const verdict = Promise.withResolvers<void>();
    const { recorder, settled } = await start(
      {
        gate: () => {},
        finish: async () => {
          await verdict.promise;
          return { kind: 'deliver', rest: [Buffer.from('late')] };
        },
      },
      { hop, raw: true },
    );
    const { client, gate } = await asked('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nheld');
    await recorder.until(() => recorder.ends.length === 1);
    client.stream.destroy();
    await recorder.until(() => gate.closed > 0);
    verdict.resolve();
    await settled();
    expect(recorder.ends[0]).toMatchObject({ outcome: 'complete' });
  });

  test('a client that goes away in the middle of the rest leaves nothing', async () => {
    const rest = Array.from({ length: 512 }, () => Buffer.alloc(2 ** 16));
    const { recorder, settled } = await start(
      { gate: () => {}, finish: () => ({ kind: 'deliver', rest }) },
      { hop, raw: true },
    );
    const { client } = await asked(`${CHUNKED}0\r\n\r\n`);
    await client.includes('HTTP/1.1 200');
    client.stream.destroy();
    await settled();
    expect(recorder.ends).toHaveLength(1);
  });

  test('an origin that breaks off while its answer is held is a refusal that a client can read', async () => {
    const { rig, recorder, settled } = await start({ gate: () => {} }, { hop, raw: true });
    const { client, origin, gate } = await asked(`${CHUNKED}4\r\nheld\r\n`);
    await recorder.until(() => gate.text === 'held');
    origin.stream.destroy();
    expect(await client.includes('}')).toMatch(/^HTTP\/1.1 502 .*x-judge-code: origin_reset/s);
    expect(client.text).not.toContain('held');
    await settled();
    expect(recorder.ends[0]).toMatchObject({ outcome: 'origin_failed', errorCode: 'origin_reset', status: 200 });
    client.write(GET);
    await (await rig.raw.peer(1)).includes('GET /');
  });

  test('an origin that breaks off after a release: what is cleared is seen, and so is that more was to come', async () => {
    const { recorder, settled } = await start(
      { gate: () => {}, finish: () => ({ kind: 'deliver', rest: [Buffer.from('cleared')] }) },
      { hop, raw: true },
    );
    const { client, origin, gate } = await asked(`${CHUNKED}4\r\nheld\r\n`);
    gate.outlet.release(Buffer.from('first'));
    await client.includes('first');
    origin.stream.destroy();
    const text = await client.untilClosed();
    expect(text).toContain('cleared');
    expect(text).not.toContain('0\r\n\r\n');
    await settled();
    expect(recorder.ends[0]).toMatchObject({ outcome: 'origin_failed' });
  });

  test.each([
    ['before a release', false, /^HTTP\/1.1 403 .*\{"error":"no"\}$/s],
    ['after one', true, /first.*data: stopped\n\n\r\n0\r\n\r\n$/s],
  ])(
    'an origin that breaks off with a violation, %s: the ending of the judge stands',
    async (_when, released, seen) => {
      const { settled } = await start(
        { gate: () => {}, finish: () => blocked('data: stopped\n\n') },
        { hop, raw: true },
      );
      const { client, origin, gate } = await asked(`${CHUNKED}4\r\nharm\r\n`);
      if (released) {
        gate.outlet.release(Buffer.from('first'));
        await client.includes('first');
      }
      origin.stream.destroy();
      await client.until((text) => seen.test(text));
      await settled();
    },
  );

  test('a stop that comes while the end is awaited changes nothing: the ending says what happens', async () => {
    const verdict = Promise.withResolvers<void>();
    const { recorder, settled } = await start(
      {
        gate: () => {},
        finish: async (_end, gate) => {
          await verdict.promise;
          return { kind: 'deliver', rest: gate?.chunks ?? [] };
        },
      },
      { hop, raw: true },
    );
    const { client, gate } = await asked('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody');
    await recorder.until(() => recorder.ends.length === 1);
    gate.outlet.stop();
    verdict.resolve();
    await client.includes('body');
    await settled();
    expect(recorder.ends).toHaveLength(1);
  });

  test('a stop without an ending to it is never a delivery', async () => {
    const { recorder, settled } = await start({ gate: () => {} }, { hop, raw: true });
    const { client, gate } = await asked(`${CHUNKED}4\r\nharm\r\n`);
    await recorder.until(() => gate.text === 'harm');
    gate.outlet.stop();
    expect(await client.includes('}')).toMatch(/^HTTP\/1.1 403 .*"blocked_by_judge"/s);
    expect(client.text).not.toContain('harm');
    await settled();
  });

  test('draining waits for an answer that is held', async () => {
    const verdict = Promise.withResolvers<void>();
    const { rig, recorder } = await start(
      {
        gate: () => {},
        finish: async () => {
          await verdict.promise;
          return { kind: 'deliver', rest: [Buffer.from('body')] };
        },
      },
      { hop, raw: true },
    );
    const { client } = await asked('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody');
    await recorder.until(() => recorder.ends.length === 1);
    let drained = false;
    const draining = rig.forwarder.drain().then(() => {
      drained = true;
    });
    await quiet();
    expect(drained).toBe(false);
    verdict.resolve();
    await draining;
    await client.includes('body');
  });

  test('clients that come and go leave no timer and no socket', async () => {
    const { rig, recorder, settled } = await start(
      {
        gate: (gate) => {
          gate.onPush = () => void gate.outlet.release(Buffer.from('x'));
          gate.takesMore = false;
        },
      },
      { hop, handler: (_request, response) => void response.writeHead(200).write('token') },
    );
    const timers = () => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
    const visit = async () => {
      const client = await rig.peer();
      const ended = recorder.ends.length;
      client.write(GET);
      await client.includes('x');
      client.stream.destroy();
      await recorder.until(() => recorder.ends.length > ended);
    };
    await visit();
    await settled();
    const before = timers();
    for (let i = 0; i < 10; i += 1) await visit();
    await settled();
    await rig.until(() => rig.origin.openSockets === 0);
    expect(timers()).toBeLessThanOrEqual(before);
    if (rig.origin.openSockets > 0) await once(rig.origin.events, 'connection-closed');
  });
});
