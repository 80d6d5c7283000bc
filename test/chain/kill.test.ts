/**
 * Contract: kill -9 of the judge proxy at many points of an exchange, then a restart: every exchange that the origin saw
 * is in the ledger as judged, queued or interrupted, and in the end every one has its verdict. None is there twice.
 */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import type { Verdict } from '../../judge-proxy/ledger/records.ts';
import { Chain, HOSTS } from '../support/chain.ts';
import { connectThrough, tlsThrough } from '../support/clients.ts';
import { openAiHandler } from '../support/openai-origin.ts';
import type { SeenRequest } from '../support/origin.ts';

/** Where in an exchange the process dies. */
const POINTS = [
  'request at origin',
  'first event sent',
  'third event sent',
  'stream ended',
  'client has all',
  'judge asked',
] as const;
const ROUNDS = 2;

it('no exchange that an origin saw is lost', { timeout: 240_000 }, async () => {
  let reached: (point: string, seen: SeenRequest | null) => void = () => {};
  const openAi = openAiHandler({
    gate: async (index, seen) => {
      if (index === 1) reached('first event sent', seen);
      if (index === 3) reached('third event sent', seen);
    },
  });
  let holdJudge: Promise<void> = Promise.resolve();
  await using chain = await Chain.start({
    hop: 'h2',
    handler: async (seen, response, origin) => {
      reached('request at origin', seen);
      await openAi(seen, response, origin);
      reached('stream ended', seen);
    },
    judgeHandler: async (seen, response, origin) => {
      reached('judge asked', seen);
      await holdJudge;
      const { judgeModelHandler } = await import('../support/judge-model.ts');
      await judgeModelHandler()(seen, response, origin);
    },
  });
  const ca = await readFile(chain.caFile, 'utf8');
  let number = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const point of POINTS) {
      number += 1;
      let resume: () => void = () => {};
      holdJudge = point === 'judge asked' ? new Promise((done) => (resume = done)) : Promise.resolve();
      const killed = new Promise<void>((done) => {
        const model = `kill-${number}`;
        reached = (at, seen) => {
          // A job that an earlier kill left in the queue is asked about too: that is not this exchange's point.
          if (at !== point || (at === 'judge asked' && !seen?.body.includes(model))) return;
          reached = () => {};
          chain.proxy.kill('SIGKILL');
          done();
        };
      });
      await sendChat(chain, ca, `kill-${number}`, () => reached('client has all', null));
      await killed;
      await chain.proxy.exited;
      resume();
      await chain.restartProxy();
    }
  }
  const sent = new Set(
    chain.origin.seen.map((seen) => (JSON.parse(seen.body.toString('utf8')) as { model: string }).model),
  );
  expect(sent.size).toBe(POINTS.length * ROUNDS);

  const reader = await chain.reader();
  const everything = async () => await reader.verdicts({ limit: 500 });
  // Jobs of the last restart may still be running: their verdict lines are the events to wait for.
  let verdicts: readonly Verdict[] = await everything();
  while ((await reader.stats()).jobs > 0) {
    const known = new Set(verdicts.map((verdict) => verdict.verdict_id));
    await chain.verdict((verdict) => !known.has(verdict.verdict_id));
    verdicts = await everything();
  }
  verdicts = await everything();
  const exchanges = (await reader.stats()).exchanges;
  expect(exchanges).toBeGreaterThanOrEqual(sent.size);
  expect((await reader.stats()).open).toBe(0);
  expect(verdicts.length).toBe(exchanges);
  expect(new Set(verdicts.map((verdict) => verdict.exchange_id)).size).toBe(verdicts.length);
  for (const verdict of verdicts) {
    if (verdict.state === 'interrupted') expect(verdict.overall.label).toBe('undetermined');
  }
});

/** Sends one streamed completion; resolves when the answer ended or the tunnel broke. */
async function sendChat(chain: Chain, ca: string, model: string, whenDone: () => void): Promise<void> {
  // Envoy notices a listener that came back with its next health check: until then CONNECT gets 503.
  for (;;) {
    const answer = await connectThrough(chain.proxyPort, `${HOSTS.openai}:443`);
    answer.socket.destroy();
    if (answer.status === 200) break;
  }
  const socket = await tlsThrough(chain.proxyPort, `${HOSTS.openai}:443`, ca);
  const body = JSON.stringify({
    model,
    stream: true,
    messages: [{ role: 'user', content: 'a story about a proxy that was killed' }],
  });
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    if (text.includes('\r\n0\r\n\r\n')) {
      whenDone();
      socket.end();
    }
  });
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: ${HOSTS.openai}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  await once(socket, 'close');
}
