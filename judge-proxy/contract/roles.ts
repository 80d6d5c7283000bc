/**
 * Who may do what. This table is the published matrix and the fixture of its test at once: an endpoint names a permission,
 * a role is a set of permissions, a token has a subset of those that its maker's role has.
 */

export const PERMISSIONS = [
  'exchanges:read', // exchanges, verdicts, connections, their redacted words, search, live tail, overview, clients
  'quality:read', // agreement between judge and people
  'labels:write', // queues and labels
  'policies:read', // rubrics, their versions and differences
  'policies:write', // drafts, publishing, rolling back
  'replays:read',
  'replays:write', // costs money: the judge is asked
  'judges:read', // judges, their models' health, budgets, shadows
  'exports:read', // whole records leave the machine
  'sealed:read', // encrypted originals leave the machine
  'erasures:write', // content is destroyed
  'sinks:read',
  'sinks:write',
  'users:write', // users and their roles
  'tokens:write', // tokens of anybody; everybody who is signed in may make those of their own role
  'audit:read',
  'health:read', // parts, queues, ledger
  'metrics:read', // /metrics
] as const;
export type Permission = (typeof PERMISSIONS)[number];

export const ROLES = ['viewer', 'reviewer', 'policy_editor', 'admin'] as const;
export type Role = (typeof ROLES)[number];

const VIEWER = ['exchanges:read', 'quality:read', 'policies:read', 'judges:read', 'health:read'] as const;
const REVIEWER = [...VIEWER, 'labels:write', 'replays:read'] as const;
const POLICY_EDITOR = [...REVIEWER, 'policies:write', 'replays:write'] as const;

export const ROLE_PERMISSIONS: Readonly<Record<Role, readonly Permission[]>> = {
  viewer: VIEWER,
  reviewer: REVIEWER,
  policy_editor: POLICY_EDITOR,
  admin: PERMISSIONS,
};
