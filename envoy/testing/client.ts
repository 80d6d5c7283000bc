/** A client that writes bytes and reads bytes, for what a well-behaved library would not send. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  /** The status line. */
  readonly line: string;
  /** Names in lower case; the last of repeated ones. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends a whole request and reads its answer: as far as Content-Length says, or until the server closes. */
export async function send(port: number, ...lines: readonly string[]): Promise<Answer> {
  const socket = await dial(port);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  let text = '';
  for await (const chunk of socket.setEncoding('latin1')) {
    text += chunk;
    const { headers, body } = parseAnswer(text);
    // Envoy closes a second after our answer is complete (delayed_close_timeout): not worth waiting for.
    if (body.length === Number(headers['content-length'])) break;
  }
  return parseAnswer(text);
}

/** Opens a tunnel; the answer is what came before the tunnel's own bytes. */
export async function openTunnel(
  port: number,
  ...lines: readonly string[]
): Promise<{ answer: Answer; socket: Socket }> {
  const socket = await dial(port);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  let text = '';
  while (!text.includes('\r\n\r\n')) text += await nextText(socket);
  return { answer: parseAnswer(text), socket };
}

/** Sends text through an echoing tunnel and waits until all of it is back. */
export async function echo(socket: Socket, text: string): Promise<void> {
  socket.write(text);
  let back = '';
  while (back.length < text.length) back += await nextText(socket);
  if (back !== text) throw new Error(`The tunnel changed ${JSON.stringify(text)} to ${JSON.stringify(back)}`);
}

/** The next bytes as text; fails when the socket ends first. */
async function nextText(socket: Socket): Promise<string> {
  const gone = new AbortController();
  try {
    const data = once(socket, 'data', { signal: gone.signal });
    const end = once(socket, 'close', { signal: gone.signal }).then(() => {
      throw new Error('The connection ended first');
    });
    const [chunk] = (await Promise.race([data, end])) as [Buffer];
    return chunk.toString('latin1');
  } finally {
    gone.abort();
  }
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('error', () => {});
  return socket;
}

function parseAnswer(text: string): Answer {
  const [head = '', ...body] = text.split('\r\n\r\n');
  const [line = '', ...fields] = head.split('\r\n');
  const headers = fields.map((field) => [
    field.slice(0, field.indexOf(':')).toLowerCase(),
    field.slice(field.indexOf(':') + 1).trim(),
  ]);
  return {
    status: Number(line.split(' ')[1]),
    line,
    headers: Object.fromEntries(headers),
    body: body.join('\r\n\r\n'),
  };
}
