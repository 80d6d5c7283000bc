/** Why an Envoy ended before it was ready, read from its own log. */

import { EnvoyError } from './errors.ts';
import type { ExitInfo } from './process.ts';

/** Envoy quotes a whole configuration in some of its messages. */
const REASON_CHARACTERS = 500;

/** Names the cause: `port_taken`, `bad_config`, `cannot_run`, or `exited` for what is none of these. */
export function startFailure(exit: ExitInfo): EnvoyError {
  const said = exit.output;
  // "error `cannot bind '127.0.0.1:8080': Address already in use` initializing config '…'"
  const reason = /error `([^`]*)` initializing config/.exec(said)?.[1]?.slice(0, REASON_CHARACTERS);
  const bind = /cannot bind '([^']+)': (.+)/.exec(reason ?? '');
  if (bind) {
    if (/in use/i.test(bind[2] ?? '')) return new EnvoyError('port_taken', `Another program listens on ${bind[1]}.`);
    return new EnvoyError('bad_config', `Envoy cannot listen on ${bind[1]}: ${bind[2]}`);
  }
  if (reason !== undefined) return new EnvoyError('bad_config', `Envoy refuses its configuration: ${reason}`);
  const missing = /^.*(error while loading shared libraries|GLIBC(XX)?_[\d.]+' not found).*$/m.exec(said)?.[0];
  if (missing !== undefined) {
    return new EnvoyError('cannot_run', `A library of the system is missing or too old for Envoy: ${missing}`);
  }
  const how = exit.signal === null ? `with code ${exit.code}` : `by ${exit.signal}`;
  return new EnvoyError('exited', `Envoy ended ${how} before it was ready. It said: ${said.slice(-REASON_CHARACTERS)}`);
}
