/** Real clients as the tests drive them: curl, raw sockets, child processes. */

import { type ExecFileException, execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect as netConnect, type Socket } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; never rejects. The environment carries no proxy setting of this machine. */
export function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd?: string,
): Promise<Ran> {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(https?|no|all)_proxy$/i.test(name)),
  );
  return new Promise((done) => {
    execFile(
      program,
      [...args],
      { ...(cwd === undefined ? {} : { cwd }), env: { ...clean, ...env }, maxBuffer: 64 << 20, timeout: 25_000 },
      (error: ExecFileException | null, stdout, stderr) => {
        done({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr });
      },
    );
  });
}

/** curl without its configuration file and progress meter. */
export function curl(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return run('curl', ['-q', '-sS', '--max-time', '20', ...args], env);
}

/** The answer to a CONNECT and the socket after it. */
export interface ConnectAnswer {
  readonly status: number;
  readonly head: string;
  readonly socket: Socket;
}

/** Sends CONNECT over a plain socket and reads the answer's head. */
export async function connectThrough(
  proxyPort: number,
  authority: string,
  headers: readonly string[] = [],
): Promise<ConnectAnswer> {
  const socket = netConnect(proxyPort, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(
    `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`,
  );
  const head = await readUntil(socket, '\r\n\r\n');
  return { status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0), head, socket };
}

/** TLS inside a tunnel, as a client of `host` that trusts `ca`. `servername: null` sends no SNI. */
export async function tlsThrough(
  proxyPort: number,
  authority: string,
  ca: string,
  servername?: string | null,
): Promise<TLSSocket> {
  const answer = await connectThrough(proxyPort, authority);
  if (answer.status !== 200) throw new Error(`CONNECT was answered with ${answer.status}`);
  const name = servername === undefined ? authority.replace(/:\d+$/, '') : servername;
  const socket = tlsConnect({
    socket: answer.socket,
    ca,
    ...(name === null ? {} : { servername: name }),
    ALPNProtocols: ['http/1.1'],
    // The name that the certificate must carry is the authority's, whatever SNI says.
    checkServerIdentity: () => undefined,
  });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

/** Everything up to and with the marker, as latin1; fails when the stream ends before. */
export async function readUntil(socket: Socket, marker: string): Promise<string> {
  let text = '';
  for (;;) {
    const chunk = socket.read() as Buffer | null;
    if (chunk !== null) {
      text += chunk.toString('latin1');
      if (text.includes(marker)) return text;
      continue;
    }
    if (socket.readableEnded || socket.destroyed)
      throw new Error(`The stream ended before ${JSON.stringify(marker)}: ${text}`);
    await new Promise<void>((done) => {
      const go = () => {
        socket.off('readable', go);
        socket.off('close', go);
        socket.off('end', go);
        done();
      };
      socket.on('readable', go);
      socket.on('close', go);
      socket.on('end', go);
    });
  }
}

/** Everything until the stream ends or breaks. */
export async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of socket) chunks.push(chunk as Buffer);
  } catch {
    // A reset is an end too: the caller looks at what came.
  }
  return Buffer.concat(chunks);
}
