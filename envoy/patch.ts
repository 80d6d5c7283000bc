/**
 * Turns the shipped envoy.yaml into one for a run on this machine: addresses, ports, paths, the hop. Everything else,
 * comments included, stays as it is written, so that what runs here is what runs in the containers.
 */

import { readFile } from 'node:fs/promises';
import { type Document, isMap, isScalar, parseDocument, visit, type YAMLSeq } from 'yaml';
import { EnvoyError } from './errors.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** How Envoy speaks to the judge proxy: HTTP/2 or HTTP/1.1, both inside mutual TLS. */
export type Hop = 'h2' | 'h1';

export interface LocalRun {
  readonly listen: Address;
  readonly adminPort: number;
  readonly judge: Address;
  readonly hop: Hop;
  readonly sds: SdsFiles;
  /** File of the access log; stdout when absent. */
  readonly accessLog?: string | undefined;
}

export interface SdsFiles {
  readonly client: string;
  readonly ca: string;
}

type Path = readonly (string | number)[];

const LISTENER: Path = ['static_resources', 'listeners', 0];
const HCM: Path = [...LISTENER, 'filter_chains', 0, 'filters', 0, 'typed_config'];
const CLUSTER: Path = ['static_resources', 'clusters', 0];
const HTTP_OPTIONS: Path = [
  ...CLUSTER,
  'typed_extension_protocol_options',
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
];
const TLS: Path = [...CLUSTER, 'transport_socket', 'typed_config', 'common_tls_context'];
const OWN_NAMES: Path = [...HCM, 'route_config', 'virtual_hosts', 0, 'domains'];

const FILE_ACCESS_LOG = 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog';

/** The port that the names of the shipped own-name guard carry. */
const SHIPPED_PORT = 8080;
const SHIPPED_CERT_DIR = '/etc/envoy/certs';

/**
 * Reads a configuration.
 * @throws EnvoyError `bad_config` when it is not YAML
 */
export async function readConfig(path: string): Promise<Document> {
  const document = parseDocument(await readFile(path, 'utf8'));
  const [fault] = document.errors;
  if (fault) throw new EnvoyError('bad_config', `${path}: ${fault.message}`, { cause: fault });
  return document;
}

/**
 * Changes the document in place.
 * @throws EnvoyError `bad_config` when the document lacks what is to be changed
 */
export function patchForLocalRun(document: Document, run: LocalRun): void {
  replace(document, ['admin', 'address', 'socket_address', 'port_value'], run.adminPort);
  replaceAddress(document, [...LISTENER, 'address'], run.listen);
  // With SO_REUSEPORT a second Envoy would take half of the first one's connections instead of failing to start.
  document.setIn([...LISTENER, 'enable_reuse_port'], false);
  replace(document, OWN_NAMES, ownNames(document, run));
  const endpoint: Path = [...CLUSTER, 'load_assignment', 'endpoints', 0, 'lb_endpoints', 0, 'endpoint'];
  replaceAddress(document, [...endpoint, 'address'], run.judge);
  const secret: Path = ['sds_config', 'path_config_source', 'path'];
  replace(document, [...TLS, 'tls_certificate_sds_secret_configs', 0, ...secret], run.sds.client);
  const validation: Path = [...TLS, 'combined_validation_context', 'validation_context_sds_secret_config'];
  replace(document, [...validation, ...secret], run.sds.ca);
  if (run.hop === 'h1') useHttp1Hop(document);
  if (run.accessLog !== undefined) {
    const sink: Path = [...HCM, 'access_log', 0, 'typed_config'];
    replace(document, [...sink, '@type'], FILE_ACCESS_LOG);
    document.setIn([...sink, 'path'], run.accessLog);
  }
}

/** Puts HTTP/1.1 in the place of HTTP/2 between Envoy and the judge proxy: the block that envoy.yaml shows in comments. */
export function useHttp1Hop(document: Document): void {
  const headerCase = document.getIn([...HCM, 'http_protocol_options', 'header_key_format'], true);
  replace(document, [...HTTP_OPTIONS, 'explicit_http_config'], {
    http_protocol_options: {
      send_fully_qualified_url: true,
      ...(isMap(headerCase) ? { header_key_format: document.createAlias(headerCase) } : {}),
    },
  });
}

/** Lets an SDS file name the certificates of another folder than the shipped `/etc/envoy/certs`. */
export function patchSds(document: Document, certDir: string): void {
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value !== 'string' || !node.value.startsWith(SHIPPED_CERT_DIR)) return;
      node.value = certDir + node.value.slice(SHIPPED_CERT_DIR.length);
    },
  });
}

function ownNames(document: Document, run: LocalRun): string[] {
  const domains = document.getIn(OWN_NAMES) as YAMLSeq | undefined;
  const shipped = domains?.items.map((item) => String(isScalar(item) ? item.value : item)) ?? [];
  const suffix = `:${SHIPPED_PORT}`;
  const renamed = shipped.map((name) =>
    name.endsWith(suffix) ? `${name.slice(0, -suffix.length)}:${run.listen.port}` : name,
  );
  const local = [run.listen, run.judge, { host: 'localhost', port: run.judge.port }].map(authority);
  return [...new Set([...renamed, ...local])];
}

function authority({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function replaceAddress(document: Document, path: Path, address: Address): void {
  replace(document, [...path, 'socket_address', 'address'], address.host);
  replace(document, [...path, 'socket_address', 'port_value'], address.port);
}

/** Never creates: a path that is absent means that file and launcher disagree. */
function replace(document: Document, path: Path, value: unknown): void {
  if (!document.hasIn(path)) throw new EnvoyError('bad_config', `The configuration has no ${path.join('.')}`);
  document.setIn(path, typeof value === 'object' ? document.createNode(value) : value);
}
