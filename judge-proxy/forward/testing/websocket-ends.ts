/** Both ends of one WebSocket through the rig, byte by byte. */

import { OPCODE, writeFrame } from '../../exchange/websocket-frames.ts';
import type { RawPeer } from '../../intercept/testing/raw-peer.ts';
import { HOST, type Rig } from '../../intercept/testing/rig.ts';

const MASK = Uint8Array.of(9, 8, 7, 6);
export const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
export const SWITCH =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n';

export const fromClient = (text: string | Uint8Array, opcode: number = OPCODE.text): Buffer =>
  Buffer.from(writeFrame(opcode, Buffer.from(text), MASK));
export const fromOrigin = (text: string | Uint8Array, opcode: number = OPCODE.text): Buffer =>
  Buffer.from(writeFrame(opcode, Buffer.from(text), null));
export const create = (input: string, more: object = {}): string =>
  JSON.stringify({ type: 'response.create', input, ...more });
export const event = (type: string, more: object = {}): string => JSON.stringify({ type, ...more });

/** The opening handshake of a client. */
export function handshake(path: string, headers = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${KEY}\r\n${headers}\r\n`;
}

export interface Ends {
  readonly client: RawPeer;
  readonly origin: RawPeer;
  /** What came behind the handshake. */
  readonly atClient: () => string;
  readonly atOrigin: () => string;
}

export interface Opening {
  /** Header lines of the client, and of the origin. */
  readonly offer?: string;
  readonly answer?: string;
  /** Sent with the handshake, by the client and by the origin. */
  readonly head?: Buffer;
  readonly early?: Buffer;
}

export async function openEnds(rig: Rig, path = '/v1/responses', opening: Opening = {}): Promise<Ends> {
  const { offer = '', answer = '', head = Buffer.alloc(0), early = Buffer.alloc(0) } = opening;
  const client = await rig.peer();
  client.write(Buffer.concat([Buffer.from(handshake(path, offer)), head]));
  const origin = await rig.raw.peer(rig.raw.peers.length);
  const asked = await origin.includes('\r\n\r\n');
  const length = asked.indexOf('\r\n\r\n') + 4;
  origin.write(Buffer.concat([Buffer.from(`${SWITCH}${answer}\r\n`), early]));
  const switched = await client.includes('\r\n\r\n');
  const behind = switched.indexOf('\r\n\r\n') + 4;
  return {
    ...{ client, origin },
    atClient: () => client.text.slice(behind),
    atOrigin: () => origin.text.slice(length),
  };
}

export async function shutEnds(rig: Rig, { client, origin }: Ends): Promise<void> {
  client.stream.destroy();
  await origin.untilClosed();
  await rig.until(() => rig.forwarder.active === 0);
}
