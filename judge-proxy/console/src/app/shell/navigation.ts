/** What the navigation shows, by permission: a page that the user may not read is not offered. */

import {
  type Icon,
  IconArrowsExchange,
  IconChartDots,
  IconDatabaseExport,
  IconFileCertificate,
  IconGauge,
  IconHistory,
  IconInbox,
  IconKey,
  IconPlugConnected,
  IconRotateClockwise2,
  IconSend,
  IconUsers,
  IconWorld,
} from '@tabler/icons-react';
import type { LinkProps } from '@tanstack/react-router';
import type { Permission } from '../../../../contract/roles.ts';

export interface Place {
  readonly label: string;
  readonly to: NonNullable<LinkProps['to']>;
  readonly icon: Icon;
  readonly permission: Permission | null;
}

export interface PlaceGroup {
  readonly label: string;
  readonly places: readonly Place[];
}

export const NAVIGATION: readonly PlaceGroup[] = [
  {
    label: 'Traffic',
    places: [
      { label: 'Overview', to: '/', icon: IconGauge, permission: 'exchanges:read' },
      { label: 'Exchanges', to: '/exchanges', icon: IconArrowsExchange, permission: 'exchanges:read' },
      { label: 'Connections', to: '/connections', icon: IconPlugConnected, permission: 'exchanges:read' },
      { label: 'Clients', to: '/clients', icon: IconWorld, permission: 'exchanges:read' },
    ],
  },
  {
    label: 'Review',
    places: [
      { label: 'Queue', to: '/queue', icon: IconInbox, permission: 'labels:write' },
      { label: 'Quality', to: '/quality', icon: IconChartDots, permission: 'quality:read' },
    ],
  },
  {
    label: 'Judging',
    places: [
      { label: 'Policies', to: '/policies', icon: IconFileCertificate, permission: 'policies:read' },
      { label: 'Replays', to: '/replays', icon: IconRotateClockwise2, permission: 'replays:read' },
    ],
  },
  {
    label: 'Administration',
    places: [
      { label: 'Users', to: '/users', icon: IconUsers, permission: 'users:write' },
      { label: 'Tokens', to: '/tokens', icon: IconKey, permission: null },
      { label: 'Exports', to: '/exports', icon: IconDatabaseExport, permission: 'exports:read' },
      { label: 'Sinks', to: '/sinks', icon: IconSend, permission: 'sinks:read' },
      { label: 'Audit', to: '/audit', icon: IconHistory, permission: 'audit:read' },
    ],
  },
];

/** The groups that this user sees; one without a place is left out. */
export function navigationFor(permissions: readonly Permission[]): readonly PlaceGroup[] {
  return NAVIGATION.map(({ label, places }) => ({
    label,
    places: places.filter(({ permission }) => permission === null || permissions.includes(permission)),
  })).filter(({ places }) => places.length > 0);
}
