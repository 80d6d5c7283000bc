/** The loader: one HTTP client for all arms, closed loop, every answer checked. */

import { once } from 'node:events';
import { connect as netConnect, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { Client } from 'undici';
import { connectThrough } from '../test/support/clients.ts';
import type { Arm } from './arm.ts';

let asked = 0;

/** One system prompt, as an application has it, and a question that nobody asked before. */
function chatBody(more: object = {}): string {
  asked += 1;
  const question = `Question ${asked}: explain in plain words what a forward proxy does and who would run one. `;
  return JSON.stringify({
    model: 'gpt-5-mini',
    messages: [
      { role: 'system', content: 'You are a helpful assistant that answers in one short paragraph. '.repeat(8) },
      { role: 'user', content: question.repeat(6) },
    ],
    ...more,
  });
}

/** A client with one connection through the arm; requests follow each other on it. */
export function openClient(arm: Arm): Client {
  return new Client(`https://${arm.target.host}:${arm.target.port}`, {
    pipelining: 1,
    connect: (_options, callback) => {
      secure(arm).then(
        (socket) => callback(null, socket),
        (error: Error) => callback(error, null),
      );
    },
  });
}

/** Sends one chat completion; throws unless the answer is the right one. */
export async function sendChat(client: Client): Promise<void> {
  const answer = await client.request({
    method: 'POST',
    path: '/v1/chat/completions',
    headers: { 'content-type': 'application/json', authorization: 'Bearer bench' },
    body: chatBody(),
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200 || !text.includes('"chat.completion"')) {
    throw new Error(`A wrong answer (${answer.statusCode}): a figure with wrong answers in it is none.`);
  }
}

/** Sends a streamed chat completion; resolves with the milliseconds until the first event was here. */
export async function firstToken(client: Client): Promise<number> {
  const started = performance.now();
  const answer = await client.request({
    method: 'POST',
    path: '/v1/chat/completions',
    headers: { 'content-type': 'application/json', authorization: 'Bearer bench' },
    body: chatBody({ stream: true }),
  });
  let first: number | null = null;
  let tail = '';
  for await (const chunk of answer.body) {
    first ??= performance.now() - started;
    tail = (tail + (chunk as Buffer).toString('latin1')).slice(-32);
  }
  if (answer.statusCode !== 200 || first === null || !tail.includes('[DONE]'))
    throw new Error('A stream came incomplete.');
  return first;
}

async function secure(arm: Arm): Promise<Socket> {
  const raw = await tunnel(arm);
  const socket = tlsConnect({ socket: raw, servername: arm.target.host, ca: arm.ca, ALPNProtocols: ['http/1.1'] });
  await once(socket, 'secureConnect');
  return socket;
}

async function tunnel(arm: Arm): Promise<Socket> {
  if (arm.proxyUrl === null) {
    const direct = netConnect(arm.target.port, '127.0.0.1');
    await once(direct, 'connect');
    return direct;
  }
  const answer = await connectThrough(Number(new URL(arm.proxyUrl).port), `${arm.target.host}:${arm.target.port}`);
  if (answer.status !== 200) throw new Error(`The proxy refused: ${answer.head.split('\r\n')[0]}`);
  return answer.socket;
}
