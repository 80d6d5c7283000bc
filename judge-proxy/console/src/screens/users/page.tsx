import { PageHeader } from '../../shared/page-header.tsx';

export default function UsersPage() {
  return <PageHeader title="Users" />;
}
