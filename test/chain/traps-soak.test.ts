/**
 * Contract: what has passed leaves nothing behind. 2,000 exchanges with random models, paths and clients' own ids, 200
 * tunnels to random denied hosts and 200 origins with a bad certificate through the real chain; afterwards descriptors
 * are where they were, memory has not grown with the traffic, and there is not one metric series more.
 */

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { Chain, HOSTS } from '../support/chain.ts';
import { connectThrough, readUntil, tlsThrough } from '../support/clients.ts';
import { descriptors, metric, metricsPage, residentBytes, seriesOf, until } from '../support/probes.ts';

const MIB = 1 << 20;
const BATCH = 500;

describe.runIf(process.platform === 'linux')('soak', () => {
  it('2,000 exchanges and 200 bad certificates leave nothing', { timeout: 120_000 }, async () => {
    await using chain = await Chain.start({
      hop: 'h2',
      judgeHandler: null,
      handler: (_seen, response) => {
        response.setHeader('content-type', 'application/json');
        response.end(
          '{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"ok"}}]}',
        );
      },
      config: { limits: { copies: '64MiB' } },
    });
    const ca = await readFile(chain.caFile, 'utf8');

    async function exchanges(count: number): Promise<void> {
      const socket = await tlsThrough(chain.proxyPort, `${HOSTS.openai}:443`, ca);
      for (let i = 0; i < count; i += 1) {
        const word = randomBytes(8).toString('hex');
        const body = JSON.stringify({ model: word, messages: [{ role: 'user', content: 'x'.repeat(2_000) }] });
        const path = i % 2 === 0 ? '/v1/chat/completions' : `/${word}`;
        socket.write(
          `POST ${path} HTTP/1.1\r\nHost: ${HOSTS.openai}\r\nX-Request-Id: ${word}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
        expect(await readUntil(socket, ']}')).toMatch(/^HTTP\/1\.1 200/);
      }
      socket.destroy();
    }
    async function badCertificates(count: number): Promise<void> {
      const socket = await tlsThrough(chain.proxyPort, `${HOSTS.expired}:443`, ca);
      for (let i = 0; i < count; i += 1) {
        socket.write(`GET / HTTP/1.1\r\nHost: ${HOSTS.expired}\r\n\r\n`);
        expect(await readUntil(socket, '}')).toContain('origin_certificate');
      }
      socket.destroy();
    }
    async function deniedHosts(count: number): Promise<void> {
      for (let i = 0; i < count; i += 1) {
        const answer = await connectThrough(chain.proxyPort, `${randomBytes(8).toString('hex')}.test:8443`);
        expect(answer.status).toBe(403);
        answer.socket.destroy();
      }
    }
    async function batch(): Promise<void> {
      await Promise.all([
        exchanges(BATCH / 2),
        exchanges(BATCH / 2),
        badCertificates(BATCH / 10),
        deniedHosts(BATCH / 10),
      ]);
      await until(async () => (await metric(chain.adminPort, 'judge_proxy_tunnels_active')) === 0);
    }

    await batch();
    const before = {
      descriptors: await descriptors(chain.proxy.pid),
      memory: await residentBytes(chain.proxy.pid),
      series: seriesOf(await metricsPage(chain.adminPort)),
    };
    for (let i = 0; i < 3; i += 1) await batch();
    await until(async () => (await descriptors(chain.proxy.pid)) <= before.descriptors);
    expect(seriesOf(await metricsPage(chain.adminPort))).toEqual(before.series);
    expect(await residentBytes(chain.proxy.pid)).toBeLessThan(before.memory + 64 * MIB);
    expect(await metric(chain.adminPort, 'judge_proxy_copies_bytes')).toBe(0);
    expect(await metric(chain.adminPort, 'judge_proxy_exchanges_active')).toBe(0);
    expect(await metric(chain.adminPort, 'judge_proxy_refusals_total{code="origin_certificate"}')).toBe(200);
    expect(chain.origin.seen).toHaveLength(4 * BATCH);
  });
});
