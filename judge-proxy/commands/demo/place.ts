/** Where the demo runs: on this machine with an Envoy of its own, or as a service of docker-compose.yml. */

import { join, resolve } from 'node:path';

export interface DemoPlace {
  readonly folder: string;
  /** The chain's certificates: in compose a volume that Envoy's container reads. */
  readonly certFolder: string;
  readonly listen: {
    readonly proxy: { readonly host: string; readonly port: number };
    readonly admin: { readonly port: number };
    readonly plain?: { readonly port: number };
  };
  /** The Envoy that runs elsewhere; null when the demo starts its own, or none. */
  readonly proxyUrl: string | null;
}

/** On this machine: free ports everywhere. */
export function localPlace(folder: string | undefined, withoutEnvoy: boolean): DemoPlace {
  const home = resolve(folder ?? 'data/demo');
  return {
    folder: home,
    certFolder: join(home, 'certs'),
    listen: {
      proxy: { host: '127.0.0.1', port: 0 },
      admin: { port: 0 },
      ...(withoutEnvoy ? { plain: { port: 0 } } : {}),
    },
    proxyUrl: null,
  };
}

/** The service `demo` of docker-compose.yml: fixed ports, volumes, and the Envoy beside it. */
export const COMPOSE_PLACE: DemoPlace = {
  folder: '/var/lib/judge-proxy/demo',
  certFolder: '/var/lib/judge-proxy/demo-certs',
  listen: { proxy: { host: '0.0.0.0', port: 8888 }, admin: { port: 8889 } },
  proxyUrl: 'http://envoy-proxy:8080',
};
