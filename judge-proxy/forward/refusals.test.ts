/** Contract: what is refused reaches no origin, is answered so that a client can tell why, and leaves a line for reviewers. */

import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { gate, HOST, Rig, type RigOptions } from '../intercept/testing/rig.ts';

let rig: Rig;
async function start(options: RigOptions = {}): Promise<Rig> {
  rig = await Rig.start(options);
  return rig;
}
afterEach(async () => {
  await rig.close();
});

test.each([
  ['gzip, chunked', 'POST / HTTP/1.1', 'Transfer-Encoding: gzip, chunked', 400, 'ambiguous_framing'],
  ['a coding on HTTP/1.0', 'POST / HTTP/1.0', 'Transfer-Encoding: chunked', 400, 'ambiguous_framing'],
  ['a second Host', 'GET / HTTP/1.1', `Host: ${HOST}`, 400, 'bad_request'],
  ['OPTIONS *', 'OPTIONS * HTTP/1.1', 'X: 1', 400, 'bad_request'],
  [
    'a WebSocket among others',
    'GET / HTTP/1.1',
    'Connection: Upgrade\r\nUpgrade: h2c, websocket',
    501,
    'upgrade_refused',
  ],
])('%s', async (_name, line, header, status, code) => {
  await start({ raw: true });
  const client = await rig.peer();
  client.write(`${line}\r\nHost: ${HOST}\r\n${header}\r\n\r\n0\r\n\r\n`);
  const text = await client.includes('}');
  expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} .*x-judge-code: ${code}`, 's'));
  expect(rig.ledger.connections).toMatchObject([{ action: 'deny', error_code: code, route: 'openai' }]);
  expect(rig.raw.peers).toHaveLength(0);
  expect(rig.ledger.opened).toEqual([]);
});

test('a request that has our name in Via', async () => {
  await start();
  const answer = await rig.request({ headers: { host: HOST, via: `1.1 ${rig.via}` } });
  expect(answer.status).toBe(508);
  expect(rig.origin.seen).toEqual([]);
});

test('one more than the limit, and it can be repeated', async () => {
  const held = gate();
  await start({
    limits: { exchanges: 2 },
    handler: async (_request, response) => {
      await held.opened;
      response.end('done');
    },
  });
  const waiting = [rig.request(), rig.request()];
  await rig.until(() => rig.origin.seen.length === 2);
  const refused = await rig.request();
  expect(refused.status).toBe(503);
  expect(refused.headers['x-judge-code']).toBe('too_many_exchanges');
  expect(refused.headers['retry-after']).toBe('1');
  held.open();
  expect((await Promise.all(waiting)).map((answer) => answer.status)).toEqual([200, 200]);
  expect((await rig.request()).status).toBe(200);
});

test('all of it while we shut down, and what is open finishes', async () => {
  const held = gate();
  await start({
    handler: async (_request, response) => {
      await held.opened;
      response.end('done');
    },
  });
  const waiting = rig.request();
  await once(rig.origin.events, 'request');
  let drained = false;
  const draining = rig.forwarder.drain().then(() => {
    drained = true;
  });
  const refused = await rig.request();
  expect(refused.headers['x-judge-code']).toBe('shutting_down');
  expect(drained).toBe(false);
  held.open();
  expect((await waiting).body.toString()).toBe('done');
  await draining;
  await rig.forwarder.drain();
});
