/**
 * Contract, WebSocket inside a terminated tunnel, through the real Envoy on both hops:
 * - the handshake reaches the origin with its headers as they came, its 101 leaves in one write; an answer that is no
 *   101 is delivered as it is;
 * - every frame size and both kinds of message pass, with and without compression, in both directions, also when they
 *   are larger than what is read of them;
 * - a client that goes away ends the origin's connection, and the other way round; close codes pass;
 * - a connection whose messages no format reads is one exchange with coverage `none`.
 */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import type { LedgerReader } from '../../judge-proxy/ledger/ledger.ts';
import { Chain, HOSTS } from '../support/chain.ts';
import { tlsThrough } from '../support/clients.ts';
import { openWebSocket, serveWebSockets, webSocketThrough } from '../support/websocket.ts';

const ECHO = `wss://${HOSTS.recorded}/echo`;
/** Around every boundary of the length encoding, and around what a TLS record and a message copy hold. */
const SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 16_384, 16_385, 5 << 20];

describe.each(['h2', 'h1'] as const)('WebSocket through Envoy, hop %s', (hop) => {
  let chain: Chain;
  let reader: LedgerReader;
  let served: WebSocket[] = [];

  beforeAll(async () => {
    chain = await Chain.start({
      hop,
      handler: (_seen, response) => {
        const body = '{"error":"no"}';
        response.writeHead(401, { 'content-length': body.length, 'x-why': 'no key', connection: 'close' });
        response.end(body);
      },
    });
    reader = await chain.reader();
    serveWebSockets(
      chain.origin,
      (socket) => {
        served.push(socket);
        socket.on('message', (data, binary) => socket.send(data, { binary }));
      },
      { perMessageDeflate: { threshold: 0 } },
    );
  });

  afterEach(async () => {
    for (const socket of served) if (socket.readyState !== socket.CLOSED) await once(socket, 'close');
    served = [];
    expect(chain.origin.openSockets).toBe(0);
  });

  afterAll(async () => {
    await chain?.stop();
  });

  it.each([false, true])('echoes every frame size, compressed: %s', async (perMessageDeflate) => {
    const socket = await openWebSocket(chain, ECHO, { perMessageDeflate: perMessageDeflate && { threshold: 0 } });
    expect(socket.extensions).toBe(perMessageDeflate ? 'permessage-deflate' : '');
    for (const size of SIZES) {
      const sent = Buffer.alloc(size, `${size}`.slice(0, 1));
      for (const binary of [true, false]) {
        const answer = once(socket, 'message');
        socket.send(sent, { binary });
        const [got, kind] = (await answer) as [Buffer, boolean];
        expect([got.equals(sent), kind]).toEqual([true, binary]);
      }
    }
    socket.close(1000, 'done');
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
    expect([code, String(reason)]).toEqual([1000, 'done']);
  });

  it('passes a message of 16 MiB', async () => {
    const socket = await openWebSocket(chain, ECHO);
    const sent = Buffer.alloc(16 << 20, 'x');
    const answer = once(socket, 'message');
    socket.send(sent);
    expect(((await answer)[0] as Buffer).equals(sent)).toBe(true);
    socket.close();
    await once(socket, 'close');
  });

  it('passes fragments, pings and pongs', async () => {
    const socket = await openWebSocket(chain, ECHO);
    const answer = once(socket, 'message');
    const pong = once(socket, 'pong');
    socket.send('one ', { fin: false });
    socket.ping('in between');
    socket.send('two', { fin: true });
    expect(String((await answer)[0])).toBe('one two');
    expect(String((await pong)[0])).toBe('in between');
    socket.close();
    await once(socket, 'close');
  });

  it('delivers an answer that is no 101 as it is', async () => {
    const socket = await webSocketThrough(chain, `wss://${HOSTS.dead}/`);
    const refused = once(socket, 'unexpected-response');
    const [, response] = await refused;
    expect([response.statusCode, response.headers['x-judge-code']]).toEqual([502, 'connect_failed']);
    response.resume();
  });

  it('ends the origin when the client breaks off', async () => {
    const socket = await openWebSocket(chain, ECHO);
    const [peer] = served;
    const gone = once(peer as WebSocket, 'close');
    socket.terminate();
    await gone;
  });

  it('ends the client when the origin breaks off', async () => {
    const socket = await openWebSocket(chain, ECHO);
    const gone = once(socket, 'close');
    served[0]?.terminate();
    await gone;
    expect(socket.readyState).toBe(socket.CLOSED);
  });

  it('records a connection that it cannot read as one exchange with coverage none', async () => {
    const socket = await openWebSocket(chain, `wss://${HOSTS.openai}/v1/realtime`);
    const answer = once(socket, 'message');
    socket.send('{"type":"session.update"}');
    await answer;
    const verdict = chain.verdict((candidate) => candidate.host === HOSTS.openai && candidate.api === 'unknown');
    socket.close();
    const { exchange_id } = await verdict;
    const view = await reader.exchange(exchange_id);
    expect(view?.completed?.coverage).toEqual({ level: 'none', reasons: ['unknown_api'] });
    expect(view?.completed).toMatchObject({ status: 101, outcome: 'complete' });
    expect(view?.completed?.request_bytes).toBeGreaterThan(25);
  });

  it('writes the handshake in one piece, also behind another request', async () => {
    const tls = await tlsThrough(chain.proxyPort, `${HOSTS.recorded}:443`, await readFile(chain.caFile, 'utf8'));
    const pieces: string[] = [];
    const came = (pattern: RegExp) =>
      new Promise<string>((resolve) => {
        const look = () => {
          const found = [...pieces, pieces.join('')].find((piece) => pattern.test(piece));
          if (found !== undefined) resolve(found);
        };
        tls.on('data', look);
        look();
      });
    tls.on('data', (data) => pieces.push(String(data)));
    const host = `Host: ${HOSTS.recorded}\r\n`;
    tls.write(`GET /x HTTP/1.1\r\n${host}\r\n`);
    await came(/^HTTP\/1\.1 401 [\s\S]*\{"error":"no"\}$/);
    tls.write(
      `GET /echo HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    const switched = await came(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    expect(switched).toContain('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    expect(switched.endsWith('\r\n\r\n')).toBe(true);
    tls.destroy();
  });
});
