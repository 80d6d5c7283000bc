/**
 * Contract: the keys of `redaction` and `sealing`, and `recording` and `seal` of routes, do what docs/configuration.md
 * says, in a running judge proxy: each test shows an exchange with the key and one without.
 */

import { Decrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openReader } from '../../judge-proxy/ledger/reader.ts';
import { send } from '../support/settings-requests.ts';
import type { RunningSettings } from '../support/settings-running.ts';
import { JUDGED, type Section, SettingsWorld } from '../support/settings-world.ts';

let world: SettingsWorld;

beforeAll(async () => {
  world = await SettingsWorld.make();
});
afterAll(async () => {
  await world?.close();
});

const TEXT = 'Ask EMP-123456 at velvet-marmalade about Quillfeather & Sons.';

/** One exchange, as the ledger has it. */
async function exchange(config: Section, id: string) {
  const running: RunningSettings = await world.start({ config });
  const messages = [{ role: 'user', content: TEXT }];
  const body = JSON.stringify({ model: 'm', messages, metadata: { customer: 'Quillfeather & Sons' } });
  await send(running.port, {
    ...{ host: JUDGED.a, path: '/v1/chat/completions', body, id },
    headers: { 'x-tenant': 'velvet-marmalade' },
  });
  const verdict = await running.verdict(id);
  const reader = openReader(running.ledgerUrl);
  const view = await reader.exchange(verdict.exchange_id);
  const sealed = await reader.sealed(verdict.exchange_id);
  await reader.close();
  await running.close();
  return { verdict, view, sealed, text: view?.content ?? null };
}

const route = (over: Section) => ({
  routes: [
    { name: 'judged', hosts: ['*.judged.test'], ports: [443, 80], action: 'terminate', judge: 'default', ...over },
  ],
});

describe('routes', () => {
  it('recording: how much of the text is kept', async () => {
    const redaction = { patterns: [{ name: 'employee', pattern: 'EMP-[0-9]{6}' }] };
    const at = (recording: string) => exchange({ redaction, ...route({ recording }) }, `recording-${recording}`);
    expect((await exchange({ redaction }, 'recording')).view?.completed?.recording).toBe('redacted');
    expect((await at('redacted')).text).toContain('[REDACTED:employee:');
    expect((await at('full')).text).toContain('EMP-123456');
    expect(await at('metadata')).toMatchObject({ text: null, verdict: { state: 'rules_only' } });
    expect(() => world.parse(route({ recording: 'some' }))).toThrow(/recording/);
  });

  it('seal and recipients: the original is kept for who has the key', async () => {
    const identity = await generateIdentity();
    const sealing = { recipients: [await identityToRecipient(identity)] };
    expect(await exchange({ sealing }, 'unsealed')).toMatchObject({ sealed: null });
    const { sealed, view } = await exchange({ sealing, ...route({ seal: true }) }, 'sealed');
    expect(sealed?.sha256).toBe(view?.completed?.sealed_sha256);
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    expect(await decrypter.decrypt(sealed?.bytes ?? new Uint8Array(), 'text')).toContain('EMP-123456');
    expect(() => world.parse(route({ seal: true }))).toThrow(/nobody could open/);
  });
});

describe('redaction', () => {
  it('patterns: what they match is taken out, under their name', async () => {
    expect((await exchange({}, 'no-patterns')).text).toContain('EMP-123456');
    const patterns = [{ name: 'employee', pattern: 'EMP-[0-9]{6}' }];
    const { text } = await exchange({ redaction: { patterns } }, 'patterns');
    expect(text).toMatch(/Ask \[REDACTED:employee:[0-9a-f]{8}\] at/);
    expect(() => world.parse({ redaction: { patterns: [{ name: 'employee', pattern: '(' }] } })).toThrow(/RE2/);
  });

  it('json_paths: what stands there is taken out everywhere, under their name', async () => {
    expect((await exchange({}, 'no-paths')).text).toContain('Quillfeather');
    const json_paths = [{ name: 'customer', path: '$.metadata.customer' }];
    const { text } = await exchange({ redaction: { json_paths } }, 'paths');
    expect(text).toMatch(/about \[REDACTED:customer:[0-9a-f]{8}\]\./);
    expect(text).not.toContain('Quillfeather');
    expect(() => world.parse({ redaction: { json_paths: [{ name: 'customer', path: 'x' }] } })).toThrow(/JSON path/);
  });

  it('headers: their values are taken out, and those of credentials always', async () => {
    expect((await exchange({}, 'no-headers')).text).toContain('velvet-marmalade');
    const { text } = await exchange({ redaction: { headers: ['X-Tenant'] } }, 'headers');
    expect(text).toMatch(/at \[REDACTED:header_x_tenant:[0-9a-f]{8}\] about/);
  });
});
