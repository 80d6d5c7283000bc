/**
 * `npm run layers`: the folders of judge-proxy/ are layers; a file imports only from its own folder, from folders below
 * it, and from certs-tool/. Sockets are opened by five folders alone. The console runs in a browser: of the server it
 * has the contract and the closed lists of the ledger, nothing else. dependency-cruiser cannot read TypeScript 7, so
 * oxc-parser lists the imports.
 */

import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import process from 'node:process';
import { parseSync } from 'oxc-parser';

const ROOT = resolve(import.meta.dirname, '../..');

/** From top to bottom. */
const LAYERS = [
  'cli',
  'commands',
  'main',
  'admin',
  'console',
  'ingress',
  'tunnel',
  'intercept',
  'forward',
  'enforcement',
  'replays',
  'judge',
  'apis',
  'exchange',
  'sinks',
  'exports',
  'contract',
  'ledger',
  'upstream',
  'policy',
  'config',
  'telemetry',
  'errors',
] as const;

/** Modules that open sockets, and the only folders that may import them (values; types are free). */
const SOCKET_MODULES: ReadonlySet<string> = new Set([
  'node:net',
  'node:tls',
  'node:http',
  'node:https',
  'node:http2',
  'undici',
]);
const SOCKET_FOLDERS: ReadonlySet<string> = new Set(['ingress', 'tunnel', 'intercept', 'forward', 'upstream']);
/** Pure parts of sockets' modules that anybody may use: net.isIP and net.BlockList open nothing. */
const PURE_NET_NAMES: ReadonlySet<string> = new Set(['isIP', 'isIPv4', 'isIPv6', 'BlockList', 'SocketAddress']);

/** Of the server's files, those that the console may import values from: pure, without a module of Node. */
const FOR_BROWSERS = /^judge-proxy\/(contract\/|ledger\/(acts|records)\.ts$|errors\.ts$)/;
/** The program in the browser; vite.config.ts beside it runs in Node. */
const IN_BROWSER = /^judge-proxy\/console\/src\//;

export interface ImportEdge {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
  readonly names: readonly string[];
}

/** Imports of one file: relative ones resolved to a path below the root, others by their module name. */
export function importsOf(path: string, source: string): ImportEdge[] {
  const parsed = parseSync(path, source);
  const edges: ImportEdge[] = [];
  const add = (specifier: string, typeOnly: boolean, names: readonly string[]) => {
    const to = specifier.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(path), specifier)) : specifier;
    edges.push({ from: path, to, typeOnly, names });
  };
  for (const statement of parsed.module.staticImports) {
    const names = statement.entries.map((entry) => entry.importName.name ?? entry.importName.kind);
    const typeOnly = statement.entries.length > 0 && statement.entries.every((entry) => entry.isType);
    add(statement.moduleRequest.value, typeOnly, names);
  }
  for (const statement of parsed.module.staticExports) {
    for (const entry of statement.entries) {
      if (entry.moduleRequest) add(entry.moduleRequest.value, entry.isType, []);
    }
  }
  for (const call of parsed.module.dynamicImports) {
    const text = source.slice(call.moduleRequest.start, call.moduleRequest.end);
    if (/^['"]/.test(text)) add(text.slice(1, -1), false, ['*']);
  }
  return edges;
}

/** The layer that a file of judge-proxy/ belongs to, undefined for files elsewhere. */
export function layerOf(path: string): string | undefined {
  const [top, folder, ...rest] = path.split('/');
  if (top !== 'judge-proxy' || folder === undefined) return undefined;
  if (rest.length > 0) return folder;
  if (folder === 'cli.ts') return 'cli';
  return folder === 'errors.ts' || folder === 'errors.test.ts' ? 'errors' : 'main';
}

/** What is wrong with one import, or undefined. */
export function fault(edge: ImportEdge): string | undefined {
  const isTest = /\.test\.ts$/.test(edge.from) || /(^|\/)testing\//.test(edge.from);
  const from = layerOf(edge.from);
  const inBrowser = IN_BROWSER.test(edge.from) || FOR_BROWSERS.test(edge.from);
  if (inBrowser && !isTest && !edge.typeOnly) {
    if (edge.to.startsWith('node:')) return `a browser has no ${edge.to}`;
    const isServer = edge.to.startsWith('judge-proxy/') && !IN_BROWSER.test(edge.to) && !FOR_BROWSERS.test(edge.to);
    if (isServer)
      return 'a browser may not have code of the server: contract/, ledger/acts.ts, ledger/records.ts and errors.ts alone';
  }
  if (from !== undefined && !isTest) {
    if (SOCKET_MODULES.has(edge.to) && !edge.typeOnly && !SOCKET_FOLDERS.has(from)) {
      const opens = edge.names.some((name) => !PURE_NET_NAMES.has(name));
      if (opens) return `${from}/ may not open sockets (${edge.to})`;
    }
    const to = layerOf(edge.to);
    if (to !== undefined) {
      const above = LAYERS.indexOf(from as (typeof LAYERS)[number]);
      const below = LAYERS.indexOf(to as (typeof LAYERS)[number]);
      if (above < 0) return `${from}/ is not a layer: add it to the list in test/checks/layers.ts`;
      if (below < above) return `${from}/ imports upwards from ${to}/`;
    } else if (edge.to.startsWith('envoy/') && from !== 'commands') {
      return `${from}/ may not import envoy/`;
    } else if (/^(test|bench)\//.test(edge.to) && from !== 'commands') {
      return `${from}/ imports test code`;
    }
  }
  if (/^(certs-tool|envoy)\//.test(edge.from) && edge.to.startsWith('judge-proxy/') && !isTest) {
    const entry = edge.from === 'certs-tool/cli.ts' || edge.from === 'envoy/cli.ts';
    if (!entry) return 'certs-tool/ and envoy/ stand on their own: only their command lines may import judge-proxy/';
  }
  if (edge.to === 'certs-tool/cli.ts' && !isTest) return 'a command line is not a library';
  return undefined;
}

/** Every fault in the tree. */
export function checkLayers(): string[] {
  const files = globSync('{judge-proxy,certs-tool,envoy}/**/*.{ts,tsx}', { cwd: ROOT });
  return files.sort().flatMap((file) => {
    const source = readFileSync(join(ROOT, file), 'utf8');
    return importsOf(file, source).flatMap((edge) => {
      const what = fault(edge);
      return what === undefined ? [] : [`${edge.from} → ${edge.to}: ${what}`];
    });
  });
}

if (import.meta.main) {
  const faults = checkLayers();
  for (const line of faults) process.stderr.write(`${line}\n`);
  process.stdout.write(faults.length === 0 ? 'layers: no import goes up\n' : `layers: ${faults.length} faults\n`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
