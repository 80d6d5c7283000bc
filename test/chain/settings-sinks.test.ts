/**
 * Contract: the keys of `sinks` do what docs/configuration.md says. One judge proxy has a sink for each key, all of them
 * with one receiver, which knows them apart by their path; what differs in one key shows what the key does.
 */

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRecordPages } from '../../judge-proxy/ledger/record-pages.ts';
import { Receiver } from '../../judge-proxy/sinks/testing/sink-rig.ts';
import { makeOriginCertificate } from '../support/certificates.ts';
import { foundIn, needlesOf } from '../support/corpus-search.ts';
import { Origin } from '../support/origin.ts';
import { chat } from '../support/settings-requests.ts';
import type { RunningSettings } from '../support/settings-running.ts';
import { JUDGED, SettingsWorld } from '../support/settings-world.ts';

const CARD = 'my card is 4111 1111 1111 1111';
const BATCH = 3;

let world: SettingsWorld;
let receiver: Receiver;
let tls: Origin;
let running: RunningSettings;
let ended = '';

const of = (name: string) => receiver.requests.filter(({ url }) => url === `/${name}`);
const bodies = (name: string) => of(name).map(({ body }) => body);
const data = (name: string) =>
  bodies(name).flatMap((body) => (JSON.parse(body) as { data: { kind: string; record: { route?: string } }[] }).data);

function sinks(): object[] {
  const at = new URL(receiver.url).origin;
  const sink = (name: string, changes: object = {}) => ({
    ...{ name, type: 'webhook', url: `${at}/${name}`, allow_addresses: ['127.0.0.0/8'], ...changes },
  });
  return [
    sink('plain'),
    sink('signed', { secret: 'words' }),
    sink('splunk', { type: 'hec', secret: 'TOKEN' }),
    sink('headed', { headers: { 'x-team': 'blue' } }),
    sink('exchanges', { events: ['exchanges'] }),
    sink('checkpoints', { events: ['checkpoints'] }),
    sink('routed', { routes: ['b'] }),
    sink('violations', { labels: ['violation'] }),
    sink('severe', { min_severity: 'medium' }),
    sink('findings', { format: 'ocsf' }),
    sink('single', { batch: 1, digest: '1h' }),
    sink('collected', { batch: BATCH, digest: '1h' }),
    sink('slow', { batch: 1, rate: 0.001 }),
    sink('short', { timeout: '20ms' }),
    sink('bounded', { bound: 1 }),
    sink('inside', { allow_addresses: [] }),
    sink('trusted', { url: `https://127.0.0.1:${tls.port}/trusted`, ca_files: [world.originCa.certFile] }),
    sink('untrusted', { url: `https://127.0.0.1:${tls.port}/untrusted` }),
  ];
}

beforeAll(async () => {
  world = await SettingsWorld.make();
  receiver = await Receiver.start();
  const pair = await makeOriginCertificate(world.originCa, join(world.folder, 'sink'), 'sink', ['IP:127.0.0.1']);
  tls = await Origin.start({ tls: pair, handler: (_request, response) => void response.writeHead(204).end() });
  // Nobody ever answers `short`; `bounded` is dead.
  receiver.answer = ({ url }) =>
    url === '/short' ? new Promise(() => undefined) : { status: url === '/bounded' ? 500 : 204 };
  const routes = [
    { name: 'a', hosts: [JUDGED.a], ports: [80], action: 'terminate', judge: 'default' },
    { name: 'b', hosts: [JUDGED.b], ports: [80], action: 'terminate', judge: 'default' },
  ];
  const ledger = { checkpoints: { records: 2 } };
  running = await world.start({ config: { sinks: sinks(), routes, ledger } });
  await chat(running.port, JUDGED.a, 'clean');
  await running.verdict('clean');
  await chat(running.port, JUDGED.b, 'violation', CARD);
  await running.verdict('violation');
  await chat(running.port, JUDGED.a, 'last');
  ended = (await running.verdict('last')).exchange_id;
  await receiver.until(() => bodies('plain').join().includes(ended));
});
afterAll(async () => {
  await world?.close();
  await receiver?.close();
  await tls?.close();
});

it('no sink of any type gets a secret of traffic, whatever it sends: records, findings, events of HEC', async () => {
  await receiver.until(() => ['violations', 'findings', 'splunk'].every((name) => of(name).length > 0));
  await receiver.until(() => bodies('splunk').join().includes(ended));
  const needles = needlesOf([{ name: 'card', text: CARD, secret: CARD.slice(-19) }]);
  expect(foundIn(CARD, needles)).toHaveLength(1);
  const sent = receiver.requests
    .map(({ url, headers, body }) => `${url} ${JSON.stringify(headers)} ${body}`)
    .join('\n');
  expect(sent).toContain('payment_card');
  expect(foundIn(sent, needles)).toEqual([]);
  expect(foundIn(Buffer.concat(tls.seen.map(({ body }) => body)), needles)).toEqual([]);
});

describe('a sink', () => {
  it('type and url: who is asked, and how', async () => {
    await receiver.until(() => bodies('splunk').join().includes(ended));
    expect(JSON.parse(bodies('plain')[0] ?? '')).toMatchObject({ type: 'judge_proxy.records' });
    expect(JSON.parse(bodies('splunk')[0]?.split('\n')[0] ?? '')).toMatchObject({ sourcetype: 'judge_proxy:verdict' });
  });

  it('name: its place in the ledger, and its number in the metrics', async () => {
    await running.measured('sink_delivered{sink="plain"}', 3);
  });

  it('secret and headers: what the receiver knows us by', async () => {
    await receiver.until(() => of('signed').length > 0 && of('headed').length > 0);
    expect(of('signed')[0]?.headers['webhook-signature']).toMatch(/^v1,/);
    expect(of('plain')[0]?.headers['webhook-signature']).toBeUndefined();
    expect(of('splunk')[0]?.headers.authorization).toBe('Splunk TOKEN');
    expect(of('headed')[0]?.headers['x-team']).toBe('blue');
  });

  it('events, routes, labels and min_severity: what is sent', async () => {
    await receiver.until(() => ['exchanges', 'routed', 'violations', 'severe'].every((name) => of(name).length > 0));
    expect(data('exchanges').every(({ kind }) => kind === 'exchanges')).toBe(true);
    expect(data('plain').every(({ kind }) => kind === 'verdicts')).toBe(true);
    await receiver.until(() => of('checkpoints').length > 0);
    expect(data('checkpoints')[0]).toMatchObject({ kind: 'checkpoints', record: { signature: expect.any(String) } });
    for (const name of ['routed', 'violations', 'severe']) {
      expect(data(name).map(({ record }) => record.route)).toEqual(['b']);
    }
    expect(data('plain').map(({ record }) => record.route)).toEqual(['a', 'b', 'a']);
  });

  it('format: findings in place of records', async () => {
    await receiver.until(() => data('findings').length > 0);
    expect(data('findings')[0]?.record).toMatchObject({ class_uid: 2004 });
  });

  it('batch and digest: how many go together, and how long they are collected', async () => {
    await receiver.until(() => of('single').length === BATCH && of('collected').length === 1);
    expect(data('collected')).toHaveLength(BATCH);
  });

  it('rate: the second request waits', async () => {
    await receiver.until(() => of('slow').length > 0);
    await running.measured('sink_delivered{sink="slow"}', 1);
    expect(of('slow')).toHaveLength(1);
  });

  it('timeout: who does not answer in time is asked again', async () => {
    await running.event('sink_failed', ({ sink, code }) => sink === 'short' && code === 'timeout');
  });

  it('ca_files and allow_addresses: whom it trusts, and where it may live', async () => {
    await running.event('sink_failed', ({ sink, code }) => sink === 'inside' && code === 'address_denied');
    await running.event('sink_failed', ({ sink }) => sink === 'untrusted');
    await running.measured('sink_delivered{sink="trusted"}', 3);
    expect(of('inside')).toEqual([]);
    expect(tls.seen.map(({ url }) => url)).not.toContain('/untrusted');
  });

  it('bound: so many wait, the rest stays in the ledger', async () => {
    await running.event('sink_failed', ({ sink }) => sink === 'bounded');
    await running.measured('sink_waiting{sink="bounded"}', 1);
    const pages = openRecordPages(running.ledgerUrl);
    expect(pages.page({ kinds: ['export_gap'], after: 0, upTo: 1_000, limit: 10 })).toEqual([]);
    pages.close();
  });
});
