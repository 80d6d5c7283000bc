import { PageHeader } from '../../shared/page-header.tsx';

export default function SignInPage() {
  return <PageHeader title="Sign in" />;
}
