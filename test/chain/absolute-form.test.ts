/**
 * Contract, for plain HTTP in absolute-form through each door: what an origin may send arrives, and a client that waits
 * for `100 Continue` gets it.
 */

import { once } from 'node:events';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Chain, HOSTS } from '../support/chain.ts';
import { readAll, readUntil } from '../support/clients.ts';

describe.each(['h2', 'h1', 'plain'] as const)('absolute-form, door %s', (hop) => {
  let chain: Chain;

  beforeAll(async () => {
    chain = await Chain.start({
      hop,
      judgeHandler: null,
      handler: (request, response) => {
        const headers = ['Content-Type', 'text/plain', 'X-Content-Type-Options', 'nosniff', 'Content-Length', '2'];
        const repeated = [
          'Content-Type',
          'text/plain',
          'X-Content-Type-Options',
          'nosniff',
          'ETag',
          '"a"',
          'ETag',
          '"b"',
        ];
        response.writeHead(request.url === '/status' ? 799 : 200, [...headers, ...repeated]).end('ok');
      },
    });
  });
  afterAll(async () => {
    await chain?.stop();
  });

  async function send(text: string): Promise<net.Socket> {
    const socket = net.connect(chain.proxyPort, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(text);
    return socket;
  }

  it.each(Object.entries({ recorded: HOSTS.recorded, 'not recorded': HOSTS.tunnel }))(
    'header lines that stand twice arrive, %s',
    async (_name, host) => {
      const socket = await send(`GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      const answer = (await readAll(socket)).toString();
      expect(answer).toMatch(/^HTTP\/1\.1 200.*\r\n\r\nok$/s);
      expect(answer.match(/nosniff/g)).toHaveLength(2);
    },
  );

  it('a status that the hop cannot carry is an error of the origin', async () => {
    const host = HOSTS.recorded;
    const socket = await send(`GET http://${host}/status HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    const answer = (await readAll(socket)).toString();
    expect(answer).toMatch(hop === 'h2' ? /^HTTP\/1\.1 502.*"code":"origin_protocol"/s : /^HTTP\/1\.1 799.*ok$/s);
  });

  it('Expect: 100-continue is answered before the body is sent', async () => {
    const host = HOSTS.recorded;
    const head = `POST http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Length: 2\r\n`;
    const socket = await send(`${head}Expect: 100-continue\r\n\r\n`);
    expect(await readUntil(socket, '\r\n\r\n')).toMatch(/^HTTP\/1\.1 100 Continue/);
    socket.write('hi');
    expect((await readAll(socket)).toString()).toMatch(/HTTP\/1\.1 200.*ok$/s);
  });
});
