/**
 * Contract (DESIGN decision 12): the ledger knows a request before the origin sees it, and its end before the client
 * has the last byte. Every byte before that one is delivered as it comes.
 */

import { once } from 'node:events';
import net from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { RawPeer } from '../intercept/testing/raw-peer.ts';
import { gate, HOST, Rig, type RigOptions } from '../intercept/testing/rig.ts';

let rig: Rig;
async function start(options: RigOptions = {}): Promise<Rig> {
  rig = await Rig.start(options);
  return rig;
}
afterEach(async () => {
  await rig.close();
});

const GET = `GET /path?secret=1 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;

/** Gives everything that is on its way time to arrive: many turns of the event loop that both ends run on. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 200; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

test('knows a request before the origin sees it, and its end before the client has the last byte', async () => {
  await start({ raw: true });
  const open = gate();
  const complete = gate();
  rig.ledger.openGate = () => open.opened;
  rig.ledger.completeGate = () => complete.opened;
  const client = await rig.peer();
  const asked = once(rig.ledger.events, 'open');
  client.write(`POST /v1/x?key=secret HTTP/1.1\r\nHost: ${HOST}\r\nX-Request-ID: mine\r\nContent-Length: 2\r\n\r\nhi`);
  const [opened] = await asked;
  expect(opened).toMatchObject({
    host: HOST,
    port: 443,
    method: 'POST',
    path: '/v1/x',
    route: 'openai',
    judge: 'default',
  });
  await quiet();
  expect(rig.raw.peers).toHaveLength(0);

  open.open();
  const origin = await rig.raw.peer();
  await origin.includes('\r\n\r\nhi');
  const completing = once(rig.ledger.events, 'complete');
  origin.write(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Request-Id: theirs\r\n\r\n5\r\nfirst\r\n4\r\nlast\r\n0\r\n\r\n',
  );
  await client.includes('last'); // every token arrives, only the end is withheld
  const [completed] = await completing;
  await quiet();
  expect(client.text).not.toContain('0\r\n\r\n');
  complete.open();
  await client.includes('0\r\n\r\n');
  expect(completed).toMatchObject({
    outcome: 'complete',
    status: 200,
    client_request_id: 'mine',
    origin_request_id: 'theirs',
    request_bytes: 2,
    response_bytes: 9,
  });
  expect(opened.request_id).not.toBe('mine');
});

test.each([
  ['the last chunk of an answer with a length', 'Content-Length: 4\r\n\r\nbody', 'body'],
  ['the head of an answer without a body', 'Content-Length: 0\r\n\r\n', 'HTTP/1.1 200'],
])('%s waits for the record', async (_what, rest, withheld) => {
  await start({ raw: true });
  const complete = gate();
  rig.ledger.completeGate = () => complete.opened;
  const client = await rig.peer();
  client.write(GET);
  const origin = await rig.raw.peer();
  await origin.includes('\r\n\r\n');
  const completing = once(rig.ledger.events, 'complete');
  origin.write(`HTTP/1.1 200 OK\r\n${rest}`);
  await completing;
  await quiet();
  expect(client.text).not.toContain(withheld);
  complete.open();
  await client.includes(withheld);
});

test('an error of ours waits for its record, too', async () => {
  await start({ raw: true });
  const complete = gate();
  rig.ledger.completeGate = () => complete.opened;
  const client = await rig.peer();
  client.write(GET);
  const origin = await rig.raw.peer();
  const completing = once(rig.ledger.events, 'complete');
  origin.stream.destroy();
  await completing;
  await quiet();
  expect(client.text).toBe('');
  complete.open();
  await client.includes('origin_reset');
});

test('that cannot take a request keeps it from being sent', async () => {
  await start();
  rig.ledger.openGate = () => Promise.reject(new Error('disk full'));
  const answer = await rig.request({ method: 'POST', body: 'x' });
  expect(answer.status).toBe(503);
  expect(answer.headers['x-judge-code']).toBe('ledger_unavailable');
  expect(rig.origin.seen).toEqual([]);
  expect(rig.ledger.completed).toEqual([]);
});

test('that cannot take the end loses no answer, and says so', async () => {
  await start();
  rig.ledger.completeGate = () => Promise.reject(new Error('disk full'));
  const answer = await rig.request();
  expect(answer.body.toString()).toBe('hello');
  expect(rig.log.filter((line) => line.event === 'ledger_gap')).toHaveLength(1);
});

test('learns of plain requests on tunnel routes by their size alone', async () => {
  await start({ handler: (_request, response) => void response.end('four') });
  const client = new RawPeer(net.connect(rig.port, '127.0.0.1'));
  client.write(
    `POST http://${HOST}/x HTTP/1.1\r\nHost: ${HOST}\r\nX-Test-Unrecorded: 1\r\nContent-Length: 3\r\n\r\nabc`,
  );
  await client.includes('four');
  expect(rig.ledger.opened).toEqual([]);
  expect(rig.ledger.connections).toMatchObject([
    { action: 'tunnel', bytes_up: 3, bytes_down: 4, host: HOST, port: 80 },
  ]);
  client.stream.destroy();
});
