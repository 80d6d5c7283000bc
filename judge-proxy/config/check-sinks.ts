/** Sinks that cannot work, would tell their secret to anybody on the way, or are not what they look like. */

import { parseCidr } from './cidr.ts';
import type { KeyPath } from './config-error.ts';
import { type Finding, fault, warning } from './finding.ts';
import type { Config } from './schema.ts';
import type { SinkConfig } from './sinks.ts';

/** Findings about `sinks`. */
export function checkSinks({ sinks, routes }: Pick<Config, 'sinks' | 'routes'>): Finding[] {
  const known = new Set(routes.map(({ name }) => name));
  return sinks.flatMap((sink, index) => {
    const path = ['sinks', index];
    const named = sinks.findIndex(({ name }) => name === sink.name);
    return [
      ...(named < index
        ? [
            fault(
              [...path, 'name'],
              'another sink has this name',
              'Names keep their place in the ledger: choose another.',
            ),
          ]
        : []),
      ...checkAddress(path, sink),
      ...checkSecret(path, sink),
      ...checkEvents(path, sink),
      ...(sink.routes ?? []).flatMap((route, at) =>
        known.has(route)
          ? []
          : [fault([...path, 'routes', at], 'there is no such route', 'Write the name of a route of this file.')],
      ),
    ];
  });
}

function checkAddress(path: KeyPath, { url, allow_addresses, secret, headers }: SinkConfig): Finding[] {
  const { username, password, hash, protocol } = new URL(url);
  const findings: Finding[] = [];
  if (username !== '' || password !== '' || hash !== '') {
    const fix = 'Credentials belong to `secret` or `headers`, which are never shown.';
    findings.push(fault([...path, 'url'], 'a URL with credentials or a fragment', fix));
  }
  if (protocol === 'http:' && (secret !== '' || Object.keys(headers).length > 0)) {
    const fix = 'Use https, unless it never leaves this machine.';
    findings.push(warning([...path, 'url'], 'records and credentials travel unencrypted', fix));
  }
  for (const [index, cidr] of allow_addresses.entries()) {
    if (parseCidr(cidr) !== null && parseCidr(cidr) !== undefined) continue;
    findings.push(
      fault([...path, 'allow_addresses', index], 'not an address range', 'Write it as in 10.1.0.0/16 or fd00::/8.'),
    );
  }
  return findings;
}

function checkSecret(path: KeyPath, { type, secret }: SinkConfig): Finding[] {
  const at = [...path, 'secret'];
  // What has no place in a header line: the secret of a webhook is only a key.
  if (type !== 'webhook' && !/^[\u0021-\u007e]*$/.test(secret)) {
    const fix = 'Check the variable it comes from for line breaks and blanks.';
    return [fault(at, 'the secret holds characters that cannot be sent', fix)];
  }
  if (secret === '' && type === 'hec') {
    return [fault(at, 'the collector asks for a token', 'Set `secret` to the token of the HTTP Event Collector.')];
  }
  if (secret === '' && type === 'webhook') {
    const fix = 'Set `secret`, and let the receiver check `webhook-signature`.';
    return [warning(at, 'requests are not signed: the receiver cannot know that they come from here', fix)];
  }
  return [];
}

function checkEvents(path: KeyPath, { type, format, events }: SinkConfig): Finding[] {
  const findings: Finding[] = [];
  if (format === 'ocsf' && type !== 'webhook') {
    findings.push(fault([...path, 'format'], 'only webhooks have a choice', 'Remove it, or use type webhook.'));
  }
  const unknown =
    type === 'otlp' ? ['audit', 'checkpoints'] : format === 'ocsf' ? ['connections', 'audit', 'checkpoints'] : [];
  for (const [index, name] of events.entries()) {
    if (!unknown.includes(name)) continue;
    const fix = 'Take it out, or give it a webhook of format json.';
    findings.push(fault([...path, 'events', index], `${format === 'ocsf' ? 'OCSF' : 'otlp'} has no form for it`, fix));
  }
  return findings;
}
