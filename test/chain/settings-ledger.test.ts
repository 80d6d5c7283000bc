/**
 * Contract: the keys of `ledger.checkpoints` do what docs/configuration.md says: when a signed checkpoint is made, where it
 * goes, and with which key.
 */

import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publicKeyFile, readPublicKey } from '../../judge-proxy/ledger/checkpoint-key.ts';
import { verifyLedger } from '../../judge-proxy/ledger/verify.ts';
import { chat } from '../support/settings-requests.ts';
import { JUDGED, SettingsWorld } from '../support/settings-world.ts';

let world: SettingsWorld;

beforeAll(async () => {
  world = await SettingsWorld.make();
});
afterAll(async () => {
  await world?.close();
});

const started = (checkpoints: object) => world.start({ config: { ledger: { checkpoints } } });
const lines = (file: string) => readFileSync(file, 'utf8').trimEnd().split('\n');

describe('checkpoints', () => {
  it('records: one is made after so many, without waiting for the end', async () => {
    const [two, usual] = [await started({ records: 2, interval: '1h' }), await started({ interval: '1h' })];
    for (const running of [two, usual]) {
      await chat(running.port, JUDGED.a, 'records');
      await running.verdict('records');
    }
    await two.event('checkpoint', ({ size }) => Number(size) >= 2);
    expect(usual.text.filter((line) => line.includes('"event":"checkpoint"'))).toEqual([]);
    await usual.close();
    expect(usual.text.filter((line) => line.includes('"event":"checkpoint"'))).toHaveLength(1);
  });

  it('interval: one is made so long after a record', async () => {
    const running = await started({ records: 1_000_000, interval: '20ms' });
    await chat(running.port, JUDGED.a, 'interval');
    await running.event('checkpoint');
  });

  it('file, key and copies: where checkpoints go, and with which key they are signed', async () => {
    const [file, key, copy] = ['made/signed.jsonl', 'secret/signing.key', 'copy.jsonl'].map((name) =>
      join(world.folder, name),
    ) as [string, string, string];
    const running = await started({ file, key, copies: [copy] });
    const usual = await world.start();
    for (const one of [running, usual]) await chat(one.port, JUDGED.a, 'places');
    const urls = [running.ledgerUrl, usual.ledgerUrl] as const;
    for (const one of [running, usual]) await one.close();
    expect(lines(file)).toHaveLength(1);
    expect(lines(copy)).toEqual(lines(file));
    expect(statSync(key).mode & 0o777).toBe(0o600);
    const [beside, besideUsual] = urls.map((url) => url.slice('sqlite:'.length)) as [string, string];
    expect(existsSync(`${beside}.checkpoints.jsonl`)).toBe(false);
    expect(existsSync(`${beside}.checkpoints.key`)).toBe(false);
    expect(lines(`${besideUsual}.checkpoints.jsonl`)).toHaveLength(1);
    expect(existsSync(`${besideUsual}.checkpoints.key`)).toBe(true);
    const publicKey = readPublicKey(publicKeyFile(key));
    expect(await verifyLedger({ url: urls[0], checkpoints: [file, copy], publicKey })).toMatchObject({
      holds: true,
      checkpoints: { checked: 2 },
      warnings: [],
    });
  });
});
