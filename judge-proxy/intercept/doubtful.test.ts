/**
 * Contract: behind a request whose end is in doubt nothing on the connection is a request. Node parses the whole read
 * at once and gives out what follows, before the refusal can close the connection; and it drops what follows a request
 * for another protocol, so that the client must be told by a close that nobody will answer.
 */

import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { HOST, Rig } from './testing/rig.ts';

let rig: Rig;
afterEach(async () => {
  await rig.close();
});

test.each(['gzip, chunked', 'identity, chunked'])('Transfer-Encoding: %s', async (coding) => {
  rig = await Rig.start({ raw: true });
  const client = await rig.peer();
  client.write(
    `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n` +
      `GET /smuggled HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
  );
  expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 400 .*x-judge-code: ambiguous_framing/s);
  while (rig.ends.length === 0) await once(rig.events, 'end');
  expect(rig.raw.peers).toEqual([]);
  expect(rig.ledger.order).not.toContain('open');
});

test.each([
  ['GET', '', ''],
  ['POST', 'Content-Length: 3\r\n', 'abc'],
])(
  '%s with an upgrade that is declined: answered, then closed, and what stood behind it is not sent',
  async (method, length, body) => {
    rig = await Rig.start({ handler: (request, response) => void response.end(`${request.url} ${request.body}`) });
    const client = await rig.peer();
    const next = `GET /next HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
    client.write(
      `${method} /first HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n${length}\r\n${body}${next}`,
    );
    client.write(next);
    const text = await client.untilClosed();
    expect(text).toMatch(/^HTTP\/1\.1 200 .*connection: close\r\n/is);
    expect(text).toContain(`/first ${body}`);
    expect(rig.origin.seen.map((request) => request.url)).toEqual(['/first']);
  },
);
