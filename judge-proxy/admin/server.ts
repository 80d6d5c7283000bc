/**
 * Console, admin API, health and metrics, on a listener of their own that is never the data port (DESIGN decision 15).
 * Beyond loopback it starts with TLS alone, its own or that of a proxy which the operator vouches for.
 */

import { existsSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { resolve } from 'node:path';
import { adminTls, checkAdmin } from '../config/check-admin.ts';
import type { Config } from '../config/schema.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { createAddressGuard } from '../policy/address.ts';
import type { Clock } from '../telemetry/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createJudgeFetch } from '../upstream/judge-fetch.ts';
import { Sessions } from './accounts/sessions.ts';
import { Authenticator } from './auth/authenticate.ts';
import { NAMES } from './auth/credentials.ts';
import type { Passwords } from './auth/passwords.ts';
import { SignInLimits } from './auth/sign-in-limits.ts';
import type { Handlers } from './handlers.ts';
import type { HealthReport } from './health.ts';
import { type AppParts, createApp } from './http/app.ts';
import { createOwnNames } from './http/own-names.ts';
import { readAdminTls } from './http/tls.ts';
import { SingleSignOn } from './oidc/single-sign-on.ts';
import { VERSION } from './version.ts';

export interface AdminOptions {
  readonly listen: Config['listen']['admin'];
  readonly console: Config['console'];
  /** Of what is asked of the OpenID provider. */
  readonly limits: Pick<Config['limits'], 'dns' | 'connect' | 'tls_handshake'>;
  readonly ledger: Pick<Ledger, 'append' | 'rows'>;
  readonly passwords: Passwords;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
  /** Asked for each request of /readyz; must be cheap. */
  readonly health: () => HealthReport;
  readonly metrics: Pick<Metrics, 'render' | 'contentType'>;
  /** Those that are there. */
  readonly handlers: Partial<Handlers>;
  /** Folder of the built console; that of this program unless given. */
  readonly consoleFolder?: string;
}

export interface Admin {
  readonly port: number;
  /** Where a person finds it. */
  readonly url: string;
  /** Stops listening and closes every connection. */
  close(): Promise<void>;
}

const CONSOLE = resolve(import.meta.dirname, '../console/dist');

/**
 * Starts the listener.
 * @throws TypeError for an address that would expose it, naming the option; CertificateError; the system's error when the
 *   port cannot be had
 */
export async function startAdmin(options: AdminOptions): Promise<Admin> {
  const { listen, log } = options;
  const { host, port } = listen;
  const [fault] = checkAdmin(listen);
  if (fault !== undefined) throw new TypeError(`${fault.path.join('.')}: ${fault.message}. ${fault.fix}`);
  const files = adminTls(listen);
  const tls = files === null ? null : await readAdminTls(files, log);
  const parts = partsOf(options, tls);
  const app = await createApp(parts, options.handlers);
  app.addHook('onClose', async () => await parts.singleSignOn?.close());
  const stopWatching = tls?.watch((context) => {
    const { server } = app;
    if ('setSecureContext' in server && typeof server.setSecureContext === 'function') server.setSecureContext(context);
  });
  try {
    await app.listen({ host, port });
  } catch (error) {
    stopWatching?.();
    await app.close();
    throw error;
  }
  const address = app.server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    port: bound,
    url: listen.public_origin ?? urlOf(host, bound, tls !== null),
    close: async () => {
      stopWatching?.();
      await app.close();
    },
  };
}

function partsOf(options: AdminOptions, tls: AppParts['tls']): AppParts {
  const { listen, ledger, clock, newId, log, passwords, health, metrics } = options;
  const https = tls !== null || listen.behind_trusted_proxy;
  const cookieName = https ? NAMES.secure : NAMES.plain;
  const limits = options.console;
  const sessions = new Sessions({ ledger, clock, newId, log, limits, passwords, attempts: new SignInLimits() });
  const folder = options.consoleFolder ?? CONSOLE;
  return {
    ...{ listen, https, tls, cookieName, clock, newId, log, health, metrics },
    ownNames: createOwnNames(listen),
    authenticator: new Authenticator({ ledger, clock, limits, cookieName }),
    sessions,
    singleSignOn: singleSignOnOf(options, sessions),
    version: VERSION,
    consoleFolder: existsSync(folder) ? folder : null,
  };
}

/** @throws Error that names a CA file which cannot be read */
function singleSignOnOf({ console, limits, clock, log }: AdminOptions, sessions: Sessions): SingleSignOn | null {
  const { oidc } = console;
  if (oidc === undefined) return null;
  const guard = createAddressGuard(oidc.allow_addresses);
  const { fetch, close } = createJudgeFetch({ caFiles: oidc.ca_files, guard, limits, connections: 4 });
  return new SingleSignOn({ oidc, fetch, close, clock, log, sessions });
}

function urlOf(host: string, port: number, https: boolean): string {
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : isIPv6(host) ? `[${host}]` : host;
  return `${https ? 'https' : 'http'}://${shown}:${port}`;
}
