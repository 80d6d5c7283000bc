import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { type LocalRun, patchForLocalRun, patchSds, readConfig } from './patch.ts';
import { at, everywhere } from './tree.ts';

const SHIPPED = join(import.meta.dirname, 'envoy.yaml');
const RUN: LocalRun = {
  listen: { host: '127.0.0.1', port: 41234 },
  adminPort: 41235,
  judge: { host: '127.0.0.1', port: 41236 },
  hop: 'h2',
  sds: { client: '/run/client.yaml', ca: '/run/ca.yaml' },
};

async function patched(over: Partial<LocalRun> = {}) {
  const document = await readConfig(SHIPPED);
  patchForLocalRun(document, { ...RUN, ...over });
  return { text: document.toString(), config: parseDocument(document.toString()).toJS() as unknown };
}

describe('a local run', () => {
  test('changes addresses, ports and paths, and nothing else', async () => {
    const shipped = (await readConfig(SHIPPED)).toJS() as unknown;
    const { config } = await patched();
    expect(differences(shipped, config)).toMatchInlineSnapshot(`
      [
        "/admin/address/socket_address/port_value: 9901 → 41235",
        "/static_resources/listeners/0/address/socket_address/address: "0.0.0.0" → "127.0.0.1"",
        "/static_resources/listeners/0/address/socket_address/port_value: 8080 → 41234",
        "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/domains/0: "localhost:8080" → "localhost:41234"",
        "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/domains/1: "127.0.0.1:8080" → "127.0.0.1:41234"",
        "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/domains/2: "[::1]:8080" → "[::1]:41234"",
        "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/domains/3: "envoy-proxy:8080" → "envoy-proxy:41234"",
        "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/domains/7: undefined → "127.0.0.1:41236"",
        "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/domains/8: undefined → "localhost:41236"",
        "/static_resources/listeners/0/enable_reuse_port: undefined → false",
        "/static_resources/clusters/0/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address/address: "llm-as-judge-proxy" → "127.0.0.1"",
        "/static_resources/clusters/0/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address/port_value: 8888 → 41236",
        "/static_resources/clusters/0/transport_socket/typed_config/common_tls_context/tls_certificate_sds_secret_configs/0/sds_config/path_config_source/path: "/etc/envoy/sds/envoy-client.yaml" → "/run/client.yaml"",
        "/static_resources/clusters/0/transport_socket/typed_config/common_tls_context/combined_validation_context/validation_context_sds_secret_config/sds_config/path_config_source/path: "/etc/envoy/sds/chain-ca.yaml" → "/run/ca.yaml"",
      ]
    `);
  });

  test('keeps the name that the judge proxy must prove', async () => {
    const { config } = await patched();
    expect(everywhere(config, 'sni')).toEqual(['llm-as-judge-proxy']);
    expect(everywhere(config, 'exact')).toContain('llm-as-judge-proxy');
  });

  test('guards the names of this run', async () => {
    const { config } = await patched({ listen: { host: '::1', port: 5 } });
    const [own] = everywhere(config, 'domains') as string[][];
    expect(own).toEqual(
      expect.arrayContaining(['localhost:5', '127.0.0.1:5', '[::1]:5', '127.0.0.1:41236', 'localhost:41236']),
    );
    expect(new Set(own).size).toBe(own?.length);
  });

  test('writes the access log to a file when asked', async () => {
    const { config } = await patched({ accessLog: '/run/access.log' });
    const [log] = everywhere(config, 'access_log') as unknown[];
    expect(at(log, 0, 'typed_config')).toMatchObject({
      '@type': expect.stringMatching(/FileAccessLog$/),
      path: '/run/access.log',
    });
  });

  test('keeps the comments', async () => {
    expect((await patched()).text).toContain('# No connect_config:');
  });

  test('a configuration without the expected shape is named, not extended', () => {
    const document = parseDocument('admin: {}');
    expect(() => patchForLocalRun(document, RUN)).toThrow(/admin\.address\.socket_address\.port_value/);
  });
});

test('SDS files name the certificates of another folder, whatever its name', async () => {
  const document = await readConfig(join(import.meta.dirname, 'sds', 'envoy-client.yaml'));
  patchSds(document, '/home/a, b: {c}/#certs');
  const read = parseDocument(document.toString()).toJS() as unknown;
  expect(everywhere(read, 'filename')).toEqual([
    '/home/a, b: {c}/#certs/envoy-client.crt',
    '/home/a, b: {c}/#certs/envoy-client.key',
  ]);
  expect(everywhere(read, 'path')).toEqual(['/home/a, b: {c}/#certs']);
});

/** `path: before → after` of every leaf that differs. */
function differences(before: unknown, after: unknown, path = ''): string[] {
  if (typeof before !== 'object' || typeof after !== 'object' || before === null || after === null) {
    return before === after ? [] : [`${path}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`];
  }
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => differences(at(before, key), at(after, key), `${path}/${key}`));
}
