/**
 * Contract: an answer that its gate stops ends at once, at the origin too, and as the ending says: as a whole answer of
 * ours while nothing was released, afterwards with words of ours or cut. What was not released is never seen.
 */

import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { HOST, type Hop } from '../intercept/testing/rig.ts';
import { GET, useGated } from './testing/gated-rig.ts';
import { blocked } from './testing/scripted-recorder.ts';

const { start, asked } = useGated();

const CHUNKED = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n';

describe.each<Hop>(['h1', 'h2'])('on the %s hop', (hop) => {
  test('a stop before the first byte is an answer of ours, and ends the origin', async () => {
    const { rig, recorder, settled } = await start(
      { gate: () => {}, finish: () => blocked('unused') },
      { hop, raw: true },
    );
    const { client, origin, gate } = await asked(CHUNKED);
    origin.write('5\r\nharm!\r\n');
    await recorder.until(() => gate.text === 'harm!');
    gate.outlet.stop();
    await origin.untilClosed();
    const text = await client.includes('{"error":"no"}');
    expect(text).toMatch(/^HTTP\/1.1 403 Forbidden\r\n/);
    expect(text).toContain('x-judge-code: no');
    expect(text).toContain(`x-request-id: ${recorder.starts[0]?.requestId}`);
    expect(text).not.toMatch(/harm|event-stream|unused/);
    await settled();
    expect(recorder.ends[0]).toMatchObject({
      outcome: 'blocked',
      errorCode: null,
      response: { total: 5, ended: false },
    });
    // The connection is as good as before.
    client.write(GET);
    const next = await rig.raw.peer(1);
    await next.includes('\r\n\r\n');
  });

  test('a stop within a push, twice: the first counts, and what the origin sends on is not seen', async () => {
    const { recorder, settled } = await start(
      {
        gate: (gate) => {
          gate.onPush = () => {
            gate.outlet.stop();
            gate.outlet.stop();
          };
        },
        finish: () => blocked(),
      },
      { hop, raw: true },
    );
    const { client, origin, gate } = await asked(CHUNKED);
    origin.write('1\r\na\r\n1\r\nb\r\n0\r\n\r\n');
    await client.includes('{"error":"no"}');
    await settled();
    expect(gate.text).toBe('a');
    expect(recorder.ends).toHaveLength(1);
    expect(gate.outlet.release(Buffer.from('late'))).toBe(false);
    expect(client.text).not.toContain('late');
  });

  test('a stop in the middle, without words of ours, is an error for the client', async () => {
    const { settled } = await start({ gate: () => {}, finish: () => blocked() }, { hop, raw: true });
    const { client, origin, gate } = await asked(CHUNKED);
    gate.outlet.release(Buffer.from('good'));
    await client.includes('good');
    gate.outlet.stop();
    expect(await client.untilClosed()).not.toContain('0\r\n\r\n');
    await origin.untilClosed();
    await settled();
  });

  test('words of ours do not fit into a length that was promised: the answer is cut', async () => {
    const { settled } = await start({ gate: () => {}, finish: () => blocked('more') }, { hop, raw: true });
    const { client, gate } = await asked('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n');
    gate.outlet.release(Buffer.from('good'));
    await client.includes('good');
    gate.outlet.stop();
    expect(await client.untilClosed()).not.toContain('more');
    await settled();
  });

  test('a verdict after the end can still block what was not released', async () => {
    const { recorder, settled } = await start({ gate: () => {}, finish: () => blocked() }, { hop, raw: true });
    const { client, origin } = await asked('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n');
    origin.write('harm');
    expect(await client.includes('{"error":"no"}')).toMatch(/^HTTP\/1.1 403 /);
    expect(client.text).not.toContain('harm');
    await settled();
    expect(recorder.ends[0]).toMatchObject({ outcome: 'complete' });
  });

  test('a recorder that fails lets nothing of a gated answer out', async () => {
    const { settled } = await start(
      { gate: () => {}, finish: () => Promise.reject(new Error('defect')) },
      { hop, raw: true },
    );
    const { client, origin } = await asked('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n');
    origin.write('body');
    expect(await client.includes('}')).toMatch(/^HTTP\/1.1 500 .*"internal"/s);
    expect(client.text).not.toContain('body');
    await settled();
  });
});

test('over plain HTTP/2 an answer is released, stopped with words of ours, and cut', async () => {
  const endings = [blocked('tail'), blocked()];
  const { rig, settled } = await start(
    {
      gate: (gate) => {
        gate.onPush = (chunk) => {
          gate.outlet.release(chunk);
          gate.outlet.stop();
        };
      },
      finish: () => endings.shift() ?? blocked(),
    },
    { handler: (_request, response) => void response.writeHead(200).write('good') },
  );
  const ask = () => rig.h2Request({ ':method': 'GET', ':scheme': 'http', ':authority': HOST, ':path': '/x' });
  let body = '';
  for await (const chunk of await ask()) body += chunk;
  expect(body).toBe('goodtail');
  const cut = await ask();
  cut.resume();
  const [error] = await once(cut, 'error').catch((failure) => [failure]);
  expect(error).toMatchObject({ code: 'ERR_HTTP2_STREAM_ERROR' });
  await settled();
});
