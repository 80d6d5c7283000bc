/** Child process of the http-mitm-proxy arm: the peer with keep-alive towards the origin, as its users would run it. */

import { Agent as HttpsAgent } from 'node:https';
import { connect as netConnect } from 'node:net';
import process from 'node:process';
import { connect as tlsConnect } from 'node:tls';
import { Proxy as MitmProxy } from 'http-mitm-proxy';

const [name = '', address = ''] = (process.env.PEER_ORIGIN ?? '').split('=');
const [host = ''] = name.split(':');
const [ip = '', port = ''] = address.split(':');

/** Leads to the bench's origin whatever the name says, as `connect_to` does for us. */
class OriginAgent extends HttpsAgent {
  override createConnection(): ReturnType<typeof tlsConnect> {
    return tlsConnect({ socket: netConnect(Number(port), ip), servername: host, ALPNProtocols: ['http/1.1'] });
  }
}

const proxy = new MitmProxy();
proxy.onError(() => {});
proxy.listen(
  {
    port: 0,
    host: '127.0.0.1',
    sslCaDir: process.env.PEER_FOLDER ?? '',
    keepAlive: true,
    httpsAgent: new OriginAgent({ keepAlive: true }),
  },
  () => process.stdout.write(`${JSON.stringify({ event: 'listening', port: proxy.httpPort })}\n`),
);
