/** The judge proxy's own mTLS listener, as Envoy reaches it: with the chain's client certificate, over HTTP/1.1. */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';

export async function hopSocket(folder: string, port: number, protocol = 'http/1.1'): Promise<TLSSocket> {
  const file = (name: string) => readFile(join(folder, 'certs', name));
  const socket = connect({
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    ca: await file('ca.crt'),
    cert: await file('envoy-client.crt'),
    key: await file('envoy-client.key'),
    ALPNProtocols: [protocol],
  });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}
