import { Alert, Button, Divider } from '@mantine/core';
import type { OidcRefusal } from '../../../../contract/sign-in.ts';
import { useAnswer, useApi } from '../../api/hooks.ts';

const REFUSALS: Readonly<Record<OidcRefusal, string>> = {
  cancelled: 'The sign-in was cancelled.',
  not_begun: 'That sign-in took too long, or began in another tab. Try again.',
  bad_answer: 'The answer of the provider could not be trusted. An administrator finds the reason in the log.',
  unavailable: 'The provider cannot be reached just now.',
  unverified_email: 'The provider has not verified your e-mail address.',
  no_name: 'The provider gives no name that can be a user here.',
  no_role: 'Your account has no role here. Ask an administrator for one.',
  name_taken: 'Another user has this name here. Ask an administrator.',
  locked: 'This user is locked.',
  last_admin: 'The provider takes away the role of the last administrator. Another one has to be there first.',
  try_again: 'The user was changed at the same moment. Try again.',
  too_many_requests: 'Too many attempts. Try again later.',
};

interface Props {
  /** Page to be shown afterwards. */
  readonly next: string;
  /** Why the last sign-in there came to nothing. */
  readonly refused: OidcRefusal | undefined;
}

/** The way to sign in at the OpenID provider, where there is one. */
export function Provider({ next, refused }: Props) {
  const api = useApi();
  const { data: ways } = useAnswer('sign_in_ways', {});
  if (ways?.oidc == null) return null;
  return (
    <>
      {refused !== undefined && (
        <Alert color="red" role="alert" py="xs" mt="sm">
          {REFUSALS[refused]}
        </Alert>
      )}
      <Divider label="or" my="sm" />
      {/* A link and no form: the browser itself goes to the provider. */}
      <Button component="a" href={api.address('start_oidc', { query: { next } })} variant="default" fullWidth>
        Sign in with {ways.oidc.name}
      </Button>
    </>
  );
}
