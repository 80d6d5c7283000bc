import type { ReactNode } from 'react';
import classes from './exchange.module.css';

export interface Fact {
  readonly name: string;
  readonly value: ReactNode;
}

/** Names and values; those without a value are left out. */
export function Facts({ facts }: { facts: readonly (Fact | null)[] }) {
  return (
    <dl className={classes.facts}>
      {facts
        .filter((fact) => fact !== null)
        .map(({ name, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** A fact, or null where its value is not known. */
export function known<T>(name: string, value: T | null | undefined, show: (value: T) => ReactNode): Fact | null {
  return value === null || value === undefined ? null : { name, value: show(value) };
}

/** A hash or id: its beginning is shown, all of it can be read and copied. */
export function Hash({ of }: { of: string }) {
  return (
    <code className={classes.hash} title={of}>
      {of.slice(0, 16)}…
    </code>
  );
}
