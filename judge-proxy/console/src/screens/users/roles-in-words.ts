import type { Role } from '../../../../contract/roles.ts';

/** What each role is for. Its permissions are the table of contract/roles.ts. */
export const ROLES_IN_WORDS: Readonly<Record<Role, { readonly label: string; readonly says: string }>> = {
  viewer: { label: 'Viewer', says: 'Reads exchanges, quality, policies and judges' },
  reviewer: { label: 'Reviewer', says: 'And labels exchanges' },
  policy_editor: { label: 'Policy editor', says: 'And changes policies and replays them' },
  admin: { label: 'Administrator', says: 'Everything: users, tokens, exports, erasure, audit' },
};
