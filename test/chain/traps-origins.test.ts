/**
 * Contract, through the real chain, of what reaches origins and what comes back from them:
 * - a POST that fails, at whatever moment its connection is reset, was sent once at most: nobody on the way repeats it;
 * - the tail of an answer arrives although its connection is closed at once and the client is slow;
 * - an answer during an upload arrives whole, and so does a refusal of ours;
 * - two clients never share a connection to an origin;
 * - a redirect to a private address is returned, not followed.
 */

import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeOriginCa, makeOriginCertificate } from '../support/certificates.ts';
import { Chain, HOSTS } from '../support/chain.ts';
import { readAll, readUntil, tlsThrough } from '../support/clients.ts';
import { StrictOrigin } from '../support/strict-origin.ts';

const HOST = HOSTS.recorded;
const BODY = 'x'.repeat(2_000_000);

/** What the origin does with the connection, and whether it saw the request before. */
const RESETS: readonly (readonly [when: string, sees: 0 | 1, reset: (socket: Socket, text: string) => boolean])[] = [
  ['before the first byte', 0, () => true],
  ['after the head', 1, (_socket, text) => text.includes('\r\n\r\n')],
  ['in the middle of the body', 1, (_socket, text) => text.length > 1_000_000],
  ['after the whole request', 1, (_socket, text) => text.length > BODY.length],
  [
    'after 100 Continue',
    1,
    (socket, text) => text.length > BODY.length && socket.write('HTTP/1.1 100 Continue\r\n\r\n'),
  ],
  [
    'in the middle of the answer’s head',
    1,
    (socket, text) => text.length > BODY.length && socket.write('HTTP/1.1 200 O'),
  ],
  [
    'in the middle of the answer’s body',
    1,
    (socket, text) => text.length > BODY.length && socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nthe an'),
  ],
];

describe.each(['h2', 'h1'] as const)('origins, hop %s', (hop) => {
  let chain: Chain;
  let folder: string;
  let secure: StrictOrigin;
  let plain: StrictOrigin;
  let ca: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strict-origin-'));
    const authority = await makeOriginCa(folder);
    secure = await StrictOrigin.start(await makeOriginCertificate(authority, folder, 'strict', [`DNS:${HOST}`]));
    plain = await StrictOrigin.start(null);
    secure.keepsConnections = false;
    plain.keepsConnections = false;
    chain = await Chain.start({
      hop,
      judgeHandler: null,
      config: {
        upstream: {
          ca_files: [authority.certFile],
          connect_to: { [`${HOST}:443`]: `127.0.0.1:${secure.port}`, [`${HOST}:80`]: `127.0.0.1:${plain.port}` },
        },
      },
    });
    ca = await readFile(chain.caFile, 'utf8');
  });
  afterAll(async () => {
    await chain?.stop();
    await secure?.close();
    await plain?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const WAYS = [
    [
      'in absolute-form',
      () => plain,
      async () => connect(chain.proxyPort, '127.0.0.1').on('error', () => {}),
      `http://${HOST}`,
    ],
    ['inside a tunnel', () => secure, () => tlsThrough(chain.proxyPort, `${HOST}:443`, ca), ''],
  ] as const;

  function post(prefix: string, path: string): string {
    return `POST ${prefix}${path} HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
  }

  describe.each(WAYS)('%s', (_way, originOf, open, prefix) => {
    it.each(RESETS)('a POST is not repeated when it is reset %s', async (_when, sees, reset) => {
      const origin = originOf();
      let heads = 0;
      origin.script = (socket) => {
        let text = '';
        if (sees === 0) {
          origin.reset(socket);
          return true;
        }
        socket.on('data', (chunk: Buffer) => {
          if (text === '') heads += 1;
          text += chunk.toString('latin1');
          if (!reset(socket, text)) return;
          socket.removeAllListeners('data');
          origin.reset(socket);
        });
        return true;
      };
      const socket = await open();
      socket.write(post(prefix, '/once'));
      // The error of ours, or the end in the middle; then a request that shows that everything before it is over.
      const text = await readUntil(socket, '}').catch(String);
      expect(text).not.toContain('the answer');
      socket.destroy();
      origin.script = () => false;
      const after = await open();
      after.write(`GET ${prefix}/after HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
      expect(String(await readAll(after))).toMatch(/^HTTP\/1\.1 200 /);
      expect(heads).toBe(sees);
    });

    it.each(['0', '5'])('204 with Content-Length: %s is an answer, not a fault', async (length) => {
      originOf().script = (socket) => {
        socket.once('data', () => socket.end(`HTTP/1.1 204 No Content\r\nContent-Length: ${length}\r\n\r\n`));
        return true;
      };
      const socket = await open();
      socket.write(`GET ${prefix}/empty HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
      const text = await readUntil(socket, '\r\n\r\n');
      expect(text).toMatch(/^HTTP\/1\.1 204 /);
      expect(text).not.toMatch(/content-length/i);
      socket.destroy();
      originOf().script = () => false;
    });

    it('a POST is not repeated on a kept connection that is reset, nor on a new one', async () => {
      const origin = originOf();
      let posts = 0;
      origin.script = (connection) => {
        connection.on('data', (chunk: Buffer) => {
          if (!chunk.toString('latin1').startsWith('POST ')) {
            connection.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
            return;
          }
          posts += 1;
          origin.reset(connection);
        });
        return true;
      };
      const socket = await open();
      socket.write(`GET ${prefix}/warm HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
      await readUntil(socket, 'ok');
      socket.write(`POST ${prefix}/stale HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 2\r\n\r\nok`);
      expect(await readUntil(socket, '}')).toMatch(/ 502 .*origin_reset/s);
      expect(posts).toBe(1);
      origin.script = () => false;
      socket.destroy();
    });

    it('a slow client gets the tail of an answer whose connection is closed at once', async () => {
      const origin = originOf();
      const answer = Buffer.alloc(8 << 20, 'tail ');
      origin.script = (connection) => {
        connection.once('data', () => {
          connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${answer.length}\r\nConnection: close\r\n\r\n`);
          connection.end(answer);
        });
        return true;
      };
      const socket = await open();
      socket.write(`GET ${prefix}/tail HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
      await once(socket, 'readable');
      origin.script = () => false;
      const other = await open();
      for (let i = 0; i < 10; i += 1) {
        other.write(`GET ${prefix}/other HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
        await readUntil(other, 'ok');
      }
      other.destroy();
      expect((await readAll(socket)).subarray(-64).toString()).toBe(answer.subarray(-64).toString());
    });

    it.each([413, 200])('an answer %i during an upload arrives whole', async (status) => {
      const origin = originOf();
      const page = `${'early '.repeat(200)}end`;
      origin.script = (connection) => {
        connection.once('data', () => {
          connection.write(
            `HTTP/1.1 ${status} X\r\nContent-Length: ${page.length}\r\nConnection: close\r\n\r\n${page}`,
          );
          connection.resume();
        });
        return true;
      };
      const socket = await open();
      socket.write(post(prefix, '/early'));
      expect(await readUntil(socket, 'end')).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      origin.script = () => false;
      socket.destroy();
    });

    it('a refusal of ours during an upload arrives whole', async () => {
      const origin = originOf();
      const before = origin.requests.length;
      const socket = await open();
      const bad = post(prefix, '/refused').replace(
        'Content-Length',
        'Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length',
      );
      socket.write(bad);
      expect(await readUntil(socket, '}}')).toMatch(/^HTTP\/1\.1 501 /);
      expect(origin.requests.length).toBe(before);
      socket.destroy();
    });

    it('a redirect to a private address is returned, not followed', async () => {
      const origin = originOf();
      const aim = `http://127.0.0.1:${chain.plainOrigin.port}/inside`;
      origin.script = (connection) => {
        connection.once('data', () => {
          connection.end(`HTTP/1.1 302 Found\r\nLocation: ${aim}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
        });
        return true;
      };
      const socket = await open();
      socket.write(`GET ${prefix}/moved HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
      const text = String(await readAll(socket));
      origin.script = () => false;
      expect(text).toMatch(/^HTTP\/1\.1 302 Found/);
      expect(text).toContain(aim);
      expect(chain.plainOrigin.seen).toEqual([]);
    });
  });

  it('two clients never share a connection to an origin, one client keeps its own', async () => {
    const seen = new Map<string, Set<number>>();
    let connections = 0;
    plain.script = (connection) => {
      connections += 1;
      const own = connections;
      connection.on('data', (chunk: Buffer) => {
        const client = /GET \/from-([\d.]+) /.exec(chunk.toString('latin1'))?.[1] ?? '';
        seen.set(client, (seen.get(client) ?? new Set()).add(own));
        connection.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
      return true;
    };
    const clients = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
    for (let round = 0; round < 5; round += 1) {
      for (const localAddress of clients) {
        const socket = connect({ port: chain.proxyPort, host: '127.0.0.1', localAddress }).on('error', () => {});
        socket.write(`GET http://${HOST}/from-${localAddress} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
        await readUntil(socket, 'ok');
        socket.destroy();
      }
    }
    plain.script = () => false;
    const used = clients.map((client) => [...(seen.get(client) ?? [])]);
    expect(new Set(used.flat()).size).toBe(used.flat().length);
    // Clients of earlier tests came from 127.0.0.1 and left their connections.
    expect(used.slice(1).map((list) => list.length)).toEqual([1, 1]);
  });
});
