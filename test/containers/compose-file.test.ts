/**
 * What docker-compose.yml promises, read from the file:
 *
 * - every container: no root (but the one named below), read-only root file system, no capabilities, no new privileges,
 *   limits on memory and processes; what stays up has a health check
 * - two ports are published, on loopback unless a variable says otherwise: the proxy's, and by HTTPS the console's
 * - no password or key has a default value
 * - the files agree: envoy.yaml with the mounts, .env.example with the variables, the image with the pinned version
 */

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { at, everywhere, list } from '../../envoy/tree.ts';
import { PINNED_VERSION } from '../../envoy/version.ts';
import { parseConfig } from '../../judge-proxy/config/load.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

interface Service {
  readonly user?: string;
  readonly image?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly mem_limit?: string;
  readonly pids_limit?: number;
  readonly restart?: string;
  readonly healthcheck?: unknown;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly network_mode?: string;
  readonly networks?: unknown;
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly profiles?: readonly string[];
}

const text = read('docker-compose.yml');
const file = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  networks: Record<string, unknown>;
};
const services = Object.entries(file.services);

/** Gives files on the host to the owner of their folder, which needs root. It has neither network nor keys. */
const ROOT_SERVICE = 'client-trust';

describe.each(services)('%s', (name, service) => {
  test('is confined', () => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    expect(service.mem_limit).toMatch(/^\d+[mg]$/);
    expect(service.pids_limit).toBeGreaterThan(0);
    for (const key of ['privileged', 'devices', 'pid', 'ipc', 'userns_mode', 'network_mode']) {
      expect([key, at(service, key) ?? 'none']).toEqual([key, 'none']);
    }
    expect(JSON.stringify(service.volumes)).not.toContain('docker.sock');
  });

  test('is not root', () => {
    if (name === ROOT_SERVICE) {
      expect(service).toMatchObject({ user: '0:0', network_mode: 'none', cap_add: ['DAC_OVERRIDE', 'CHOWN'] });
      expect(service.volumes).toEqual([
        'client-certs:/var/lib/judge-proxy/client-certs:ro',
        './client-trust:/client-trust',
      ]);
    } else {
      expect(service.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
      expect(service.cap_add).toBeUndefined();
    }
  });

  test('has a health check if it stays up, and waits for what it needs', () => {
    if (service.restart !== undefined) expect(service.healthcheck).toBeDefined();
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      const staysUp = file.services[other]?.healthcheck !== undefined;
      expect(condition).toBe(staysUp ? 'service_healthy' : 'service_completed_successfully');
    }
  });

  test('has an image of a fixed version', () => {
    expect(service.image).toMatch(/:/);
    expect(service.image).not.toMatch(/:latest$/);
  });

  test('has no key or password but what the environment gives', () => {
    const named = Object.entries(service.environment ?? {}).filter(([key]) => /KEY|PASSWORD|SECRET|TOKEN/.test(key));
    // Or the path of a file.
    for (const [key, value] of named)
      expect(value).toMatch(new RegExp(`^(\\$\\{${key}:[-?]\\}|/[a-z/-]+/server\\.key)$`));
  });
});

test('two ports are published, on loopback unless a variable says otherwise', () => {
  const published = services.flatMap(([name, service]) => (service.ports ?? []).map((port) => `${name} ${port}`));
  expect(published).toEqual([
    expect.stringMatching(/^envoy-proxy \$\{PROXY_BIND:-127\.0\.0\.1\}:\$\{PROXY_PORT:-8080\}:8080$/),
    expect.stringMatching(/^llm-as-judge-proxy \$\{CONSOLE_BIND:-127\.0\.0\.1\}:\$\{CONSOLE_PORT:-8889\}:8889$/),
  ]);
});

test('the console is published by HTTPS alone, with the certificate that the chain has', () => {
  const all = Object.entries(file.services['llm-as-judge-proxy']?.environment ?? {});
  const judge = Object.fromEntries(all.filter(([, value]) => !value.startsWith('$')));
  const { listen } = parseConfig(read('config/judge-proxy.yaml'), 'judge-proxy.yaml', judge);
  expect(listen.admin).toMatchObject({
    host: '0.0.0.0',
    tls: { cert: `${judge.JUDGE_PROXY_CERTS}/server.crt`, key: `${judge.JUDGE_PROXY_CERTS}/server.key` },
    open_metrics: false,
  });
  // Without the certificate it does not start at all.
  const without = { ...judge, JUDGE_ADMIN_CERT: '', JUDGE_ADMIN_KEY: '' };
  expect(() => parseConfig(read('config/judge-proxy.yaml'), 'judge-proxy.yaml', without)).toThrow('listen.admin.tls');
});

test('the chain has its names and its network', () => {
  expect(file.services['envoy-proxy']?.networks).toEqual(['proxy-chain-network']);
  expect(file.services['llm-as-judge-proxy']?.networks).toEqual(['proxy-chain-network']);
  expect(file.networks).toHaveProperty('proxy-chain-network');
});

test('without the profile no part of the demo starts', () => {
  const inDemo = services.filter(([, service]) => service.profiles?.includes('demo')).map(([name]) => name);
  const others = services.filter(([, service]) => service.profiles === undefined).map(([name]) => name);
  expect(inDemo).toEqual(expect.arrayContaining(['demo']));
  expect(others.filter((name) => name.startsWith('demo'))).toEqual([]);
});

describe('keys go only where they are needed', () => {
  const mounts = (name: string) => (file.services[name]?.volumes ?? []).map((volume) => volume.split(':'));
  const holders = (volume: string) =>
    services.filter(([name]) => mounts(name).some(([source]) => source === volume)).map(([name]) => name);

  test('the authority only to the container that signs', () => {
    expect(holders('authority')).toEqual(['certs']);
  });

  test("Envoy's key only to Envoy, the judge proxy's only to the judge proxy, and nobody but certs writes them", () => {
    expect(holders('envoy-certs')).toEqual(['envoy-proxy', 'certs']);
    expect(holders('judge-certs')).toEqual(['llm-as-judge-proxy', 'certs']);
    const readers = services.filter(([name]) => name !== 'certs' && name !== 'demo').flatMap(([name]) => mounts(name));
    for (const [source, , mode] of readers.filter(([volume]) => /-certs$/.test(volume ?? '')))
      expect([source, mode]).toEqual([source, 'ro']);
  });
});

test('envoy.yaml is used as it is, and names what is mounted', () => {
  const envoy = file.services['envoy-proxy'];
  expect(envoy?.image).toBe(`envoyproxy/envoy:v${PINNED_VERSION}`);
  const targets = (envoy?.volumes ?? []).map((volume) => volume.split(':')[1] ?? '');
  const sds = everywhere(parse(read('envoy/envoy.yaml')), 'path_config_source').map((source) =>
    String(at(source, 'path')),
  );
  expect(sds).toHaveLength(2);
  for (const path of sds) {
    expect(targets).toContain('/etc/envoy/sds');
    const secrets = list(at(parse(read(path.replace('/etc/envoy/', 'envoy/'))), 'resources'));
    for (const certificate of everywhere(secrets, 'filename').map(String)) {
      expect(targets).toContain('/etc/envoy/certs');
      expect(read('compose/certificates.sh')).toMatch(
        new RegExp(`hand_over "\\$home/envoy-certs".* ${certificate.split('/').at(-1)}\\b`),
      );
    }
  }
});

test('.env.example has every variable of the file with the default that holds without it', () => {
  const inCompose = [...text.matchAll(/\$\{(\w+)(?::-([^}]*))?\}/g)].map(([, name, value = '']) => `${name}=${value}`);
  const inExample = read('.env.example')
    .split('\n')
    .filter((line) => /^\w+=/.test(line));
  expect(inExample.toSorted()).toEqual([...new Set(inCompose)].toSorted());
});
