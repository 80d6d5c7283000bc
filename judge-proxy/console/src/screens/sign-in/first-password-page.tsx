import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useApi } from '../../api/hooks.ts';
import { becomes } from '../../app/session.ts';
import { Door } from './door.tsx';
import { PasswordForm } from './password-form.tsx';
import { firstPasswordRoute } from './route.ts';

/** Whoever got a password from somebody else takes one of their own before anything else. */
export default function FirstPasswordPage() {
  const api = useApi();
  const queryClient = useQueryClient();
  const router = useRouter();
  const { next = '/' } = firstPasswordRoute.useSearch();
  return (
    <Door
      title="Choose a password of your own"
      about="The one you have was made for you, and somebody else may know it."
    >
      <PasswordForm
        onChanged={(me) => {
          becomes({ api, queryClient }, me);
          router.history.push(next);
        }}
      />
    </Door>
  );
}
