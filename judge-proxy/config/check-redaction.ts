/** Detectors that cannot work, levels that mean more than they say, and seals that nobody could open. */

import { Encrypter } from 'age-encryption';
import type { KeyPath } from './config-error.ts';
import { type Finding, fault, warning } from './finding.ts';
import { isBuiltInType } from './placeholder-types.ts';
import type { Config, RouteConfig } from './schema.ts';
import { compileSecretPath } from './secret-path.ts';
import { compileSecretPattern } from './secret-pattern.ts';

/** Findings about `redaction`, `sealing` and the recording of routes. */
export function checkRedaction(config: Config): Finding[] {
  return [...checkDetectors(config), ...checkRecipients(config), ...checkRecording(config)];
}

function checkDetectors({ redaction: { patterns, json_paths } }: Config): Finding[] {
  const names = new Set<string>();
  return [
    ...patterns.flatMap(({ name, pattern }, index) => {
      const path = ['redaction', 'patterns', index];
      const fix =
        'Write an expression of RE2, without look-around and back-references, that matches the secret itself.';
      return [
        ...checkName([...path, 'name'], name, names),
        ...compiled([...path, 'pattern'], fix, () => compileSecretPattern(pattern)),
      ];
    }),
    ...json_paths.flatMap(({ name, path: jsonPath }, index) => {
      const path = ['redaction', 'json_paths', index];
      const fix = 'Write a JSON path of RFC 9535, e.g. `$.metadata.customer` or `$..password`.';
      return [
        ...checkName([...path, 'name'], name, names),
        ...compiled([...path, 'path'], fix, () => compileSecretPath(jsonPath)),
      ];
    }),
  ];
}

function checkName(path: KeyPath, name: string, names: Set<string>): Finding[] {
  const fix = 'Choose another: it tells readers which detector found a secret.';
  if (isBuiltInType(name)) return [fault(path, 'placeholders of our own rules have this name', fix)];
  if (names.has(name)) return [fault(path, 'another detector has this name', fix)];
  names.add(name);
  return [];
}

function compiled(path: KeyPath, fix: string, compile: () => unknown): Finding[] {
  try {
    compile();
    return [];
  } catch (error) {
    return [fault(path, error instanceof Error ? error.message : 'it cannot be read', fix)];
  }
}

function checkRecipients({ sealing, routes }: Config): Finding[] {
  const sealed = routes.some(({ seal }) => seal);
  const unused = warning(['sealing', 'recipients'], 'no route has `seal: true`', 'Add it to a route, or remove them.');
  return [
    ...sealing.recipients.flatMap((recipient, index) => checkRecipient(['sealing', 'recipients', index], recipient)),
    ...(sealing.recipients.length > 0 && !sealed ? [unused] : []),
  ];
}

function checkRecipient(path: KeyPath, recipient: string): Finding[] {
  // A private key here would be the one thing that this program must not have: it is not repeated in the message.
  if (/^AGE-SECRET-KEY-/i.test(recipient)) {
    const fix = 'Write the public key (`age1…`) that `age-keygen -y` prints, and keep the private one elsewhere.';
    return [fault(path, 'a private key', fix)];
  }
  const fix = 'Write a public key as `age-keygen` prints it: `age1…`.';
  if (!recipient.startsWith('age1')) return [fault(path, 'not an age recipient', fix)];
  return compiled(path, fix, () => {
    try {
      new Encrypter().addRecipient(recipient);
    } catch (error) {
      throw new Error('not an age recipient', { cause: error });
    }
  });
}

function checkRecording({ routes, sealing, judges }: Config): Finding[] {
  return routes.flatMap((route, index) => {
    const path = ['routes', index];
    if (route.action !== 'terminate') return checkUnrecorded(route, path);
    return [
      ...(route.seal && sealing.recipients.length === 0 ? [withoutRecipient([...path, 'seal'])] : []),
      ...checkLevel(route, [...path, 'recording'], judges),
    ];
  });
}

function checkUnrecorded({ action, recording, seal }: RouteConfig, path: KeyPath): Finding[] {
  const message = `it has no effect on a route with action \`${action}\``;
  const fix = 'Remove it, or terminate the route.';
  return [
    ...(recording === 'redacted' ? [] : [fault([...path, 'recording'], message, fix)]),
    ...(seal ? [fault([...path, 'seal'], message, fix)] : []),
  ];
}

function withoutRecipient(path: KeyPath): Finding {
  const fix = 'Add a public key of age to sealing.recipients, or remove `seal`.';
  return fault(path, 'nobody could open what is sealed', fix);
}

function checkLevel(route: RouteConfig, path: KeyPath, judges: Config['judges']): Finding[] {
  if (route.recording === 'full') {
    const fix = 'Write `redacted`, unless the ledger, its exports and the judge model may have them.';
    return [warning(path, 'secrets in traffic are stored and shown to the judge model', fix)];
  }
  if (route.recording !== 'metadata' || route.judge === undefined) return [];
  const model = judges[route.judge]?.model?.api_key ?? '';
  const enforces = route.mode !== 'observe' || route.hold_request;
  if (!enforces || model === '') return [];
  const fix = 'Write `redacted`, or know that only what a rule finds is stopped.';
  return [warning(path, 'no model sees the text, so rules alone decide', fix)];
}
